"""Prompts from templates, and what a completion must look like to become a row."""

import re
from collections.abc import Mapping
from typing import Any

import polars as pl
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from mixtura.dials.base import PromptSpec
from mixtura.templates import DIAL_FIELDS

WHOLE_SENTENCES = re.compile(r"(?:.*[.!?](?=\s|$))?", re.DOTALL)
PAIRS = {  # kind -> how a completion holds its two parts
    "qa": re.compile(r"(?:Question:)?(.*?)\bAnswer:(.*)", re.DOTALL),
    "instruction": re.compile(r"(?:Instruction:)?(.*?)\bResponse:(.*)", re.DOTALL),
}


def example_fields(kind: str, rows: pl.DataFrame) -> dict[str, Any]:
    """What a template sees of each row, by id: its text, or all of it where it is more."""
    if kind == "classification":
        return dict(rows["id", "text"].rows())
    return {row["id"]: row for row in rows.rows(named=True)}


def render(
    template: str,
    spec: PromptSpec,
    noun: str,
    known: Mapping[str, Any] | None = None,
) -> str:
    """The prompt of one specification.

    The template is sandboxed and sees `label`, `noun`, `examples` (their texts, or what `known`
    holds for their ids, see `example_fields`), the fields of the dials: `topic`, `persona`,
    `source`, `hints`, `taboo` (none or empty where the dial is another), those of a dial of the
    user's own, and `context`. Raises ValueError where it names another.
    """
    fields = {
        "label": spec.label,
        "noun": noun,
        "examples": [known[row] if known else text for row, text in spec.examples],
        **DIAL_FIELDS,
        **spec.fields,
        "context": spec.context,
    }
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    try:
        return environment.from_string(template).render(fields)
    except UndefinedError as error:
        raise ValueError(f"template: {error}; known fields: {', '.join(fields)}") from None


def parse(
    kind: str, completion: str, finish_reason: str, context: str | None = None
) -> tuple[dict[str, Any] | None, str]:
    """(fields of a row, "") of a completion, or (None, why it is rejected).

    classification: one line, the text. qa: a question, "Answer:", and an answer that stands in the
    context. instruction: a prompt, "Response:", a response. text: all of it. What was cut off
    keeps its whole sentences and is rejected without one; an answer must not be cut off.
    """
    completion = completion.strip()
    if kind in ("classification", "text"):
        text, reason = (parse_line if kind == "classification" else _whole)(
            completion, finish_reason
        )
        return ({"text": text}, "") if text else (None, reason)
    found = PAIRS[kind].fullmatch(completion)
    if not found:
        return None, f"no {'Answer' if kind == 'qa' else 'Response'}:"
    asked, said = (part.strip() for part in found.groups())
    if kind == "instruction":
        response, reason = _whole(said, finish_reason)
        if not asked or not response:
            return None, reason or "empty"
        return {"prompt": asked, "response": response, "text": f"{asked}\n{response}"}, ""
    answer, ended, _ = said.partition("\n")
    if not asked or not answer:
        return None, "empty"
    if "\n" in asked:
        return None, "the question is more than one line"
    if not (ended or finish_reason == "stop"):
        return None, "unfinished"
    answer = answer.strip().strip('"').strip()
    # A full stop that ends the line may not be the passage's.
    forms = (answer, answer.removesuffix("."))
    answer = next((a for a in forms if re.search(r"\w", a) and a in (context or "")), "")
    if not answer:
        return None, "the answer is not in the context"
    return {"context": context, "question": asked, "answers": [answer], "text": asked}, ""


def parse_line(completion: str, finish_reason: str) -> tuple[str | None, str]:
    """(text, "") of a completion's first line, or (None, why it is rejected).

    A line that was cut off keeps its whole sentences; without one it is rejected.
    """
    line, ended, _ = completion.strip().partition("\n")
    return _whole(line, "stop" if ended else finish_reason)


def _whole(text: str, finish_reason: str) -> tuple[str | None, str]:
    if finish_reason != "stop":
        text = WHOLE_SENTENCES.match(text)[0]  # type: ignore[index]
        if not text:
            return None, "unfinished"
    text = text.strip().strip('"').strip()
    return (text, "") if text else (None, "empty")
