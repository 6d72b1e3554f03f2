"""Prompts from templates."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from mixtura.generate.dials.base import Prompt
from mixtura.generate.templates import DIAL_FIELDS


def example_fields(kind: str, rows: pl.DataFrame) -> dict[str, Any]:
    """What a template sees of each row, by id: its text, or all of it where it is more."""
    if kind in ("classification", "multilabel"):
        return dict(rows["id", "text"].rows())
    return {row["id"]: row for row in rows.rows(named=True)}


def render(
    template: str,
    prompt: Prompt,
    noun: str,
    examples: Mapping[str, Any] | None = None,
    structured: bool = False,
) -> str:
    """The text of a prompt.

    The template is sandboxed and sees `label`, `noun`, `examples` (their texts, or what the
    argument holds for their ids, see `example_fields`), the fields of the dials: `topic`,
    `persona`, `source`, `below`, `hints`, `taboo` (none or empty where the dial is another),
    those of a dial of the user's own, `context`, `texts` (how many are asked for at once), and
    `structured` (whether the answer is JSON). Raises ValueError where it names another.
    """
    fields = {
        "label": prompt.label,
        "noun": noun,
        "examples": [examples[row] if examples else text for row, text in prompt.examples],
        **DIAL_FIELDS,
        **prompt.fields,
        "context": prompt.context,
        "structured": structured,
        "texts": prompt.texts,
    }
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    try:
        return environment.from_string(template).render(fields)
    except UndefinedError as error:
        raise ValueError(f"template: {error}; known fields: {', '.join(fields)}") from None
