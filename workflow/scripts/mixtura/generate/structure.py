"""Answers in JSON: the forms that are asked for, and their parts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mixtura.generate.settings import Sampling, StructuredSampling
from mixtura.prepare.settings import Kind

PARTS: dict[Kind, tuple[str, str]] = {
    "qa": ("question", "answer"),
    "instruction": ("instruction", "response"),
}
LABEL = "label"


def structured(sampling: Sampling, form: Mapping[str, Any] | None) -> Sampling:
    """The sampling of answers in a form; None is any text."""
    if form is None:
        return sampling
    return StructuredSampling(**sampling.model_dump(), form=dict(form))


def row_form(kind: Kind) -> dict[str, Any] | None:
    """The JSON schema of a row with several parts, None of a row that is one text."""
    return _object({part: {"type": "string"} for part in PARTS[kind]}) if kind in PARTS else None


def label_form(labels: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of one of some labels."""
    return _object({LABEL: {"type": "string", "enum": list(labels)}})


def read_parts(text: str, names: Sequence[str]) -> list[str] | None:
    """The texts of these names in the first JSON object of an answer, None without them.

    A server that is only asked for JSON puts it into a fence, or words and a list around it.
    """
    start = text.find("{")
    if start < 0:
        return None
    try:
        parts, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except ValueError:
        return None
    known = {str(name).casefold(): value for name, value in parts.items()}
    texts = [_text(known.get(name)) for name in names]
    return [text.strip() for text in texts if text is not None] if None not in texts else None


def _text(value: Any) -> str | None:
    """A value as text: a number in its digits, the only item of a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, str) else None


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
