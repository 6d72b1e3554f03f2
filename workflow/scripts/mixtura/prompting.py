"""Prompts from templates, and what a completion must look like to become a row."""

import re

from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from mixtura.dials.base import PromptSpec
from mixtura.templates import DIAL_FIELDS

WHOLE_SENTENCES = re.compile(r"(?:.*[.!?](?=\s|$))?")


def render(template: str, spec: PromptSpec, noun: str) -> str:
    """The prompt of one specification.

    The template is sandboxed and sees `label`, `noun`, `examples` and the fields of the dials:
    `topic`, `persona`, `source`, `hints`, `taboo` (none or empty where the dial is another), and
    those of a dial of the user's own. Raises ValueError where it names another.
    """
    fields = {
        "label": spec.label,
        "noun": noun,
        "examples": [text for _, text in spec.examples],
        **DIAL_FIELDS,
        **spec.fields,
    }
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    try:
        return environment.from_string(template).render(fields)
    except UndefinedError as error:
        raise ValueError(f"template: {error}; known fields: {', '.join(fields)}") from None


def parse_line(completion: str, finish_reason: str) -> tuple[str | None, str]:
    """(text, "") of a completion's first line, or (None, why it is rejected).

    A line that was cut off keeps its whole sentences; without one it is rejected.
    """
    line, ended, _ = completion.strip().partition("\n")
    if not (ended or finish_reason == "stop"):
        line = WHOLE_SENTENCES.match(line)[0]  # type: ignore[index]
        if not line:
            return None, "unfinished"
    line = line.strip().strip('"').strip()
    return (line, "") if line else (None, "empty")
