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
    """The texts of these names in a JSON object, None where they are not there."""
    try:
        parts = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parts, dict):
        return None
    texts = [parts.get(name) for name in names]
    return [str(text).strip() for text in texts] if all(isinstance(t, str) for t in texts) else None


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
