"""What is wrong with a configuration, in words: key, value, what is allowed."""

import difflib
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mixtura.study.base import listed
from mixtura.study.study import Study

SHOWN = 120  # characters of a wrong value


def explain(detail: ErrorDetails) -> str:
    """One line for a wrong key: its name, its value, and what is allowed."""
    keys, allowed = walk(detail["loc"])
    key = ".".join(keys)
    value = detail["input"]
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], allowed, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"{key}: unknown key (value {value!r}); {hint}allowed: {listed(allowed)}"
    if detail["type"] == "missing":
        return f"{key}: missing"
    if detail["type"].startswith("union_tag"):
        context = detail["ctx"]
        name = context["discriminator"].strip("'")
        if detail["type"] == "union_tag_not_found":
            return f"{key}.{name}: missing"
        return f"{key}.{name}: {context['tag']!r} is wrong; allowed: {context['expected_tags']}"
    message = detail["msg"].removeprefix("Value error, ")
    if isinstance(value, dict):
        return f"{key}: {message}" if key else message
    return f"{_short(key)}: {_short(repr(value))} is wrong: {message}{_as_number(value, detail)}"


def _as_number(value: object, detail: ErrorDetails) -> str:
    """How to write a text that was meant as a number, as YAML takes 1e-2."""
    if not isinstance(value, str) or detail["type"] not in ("float_type", "int_type"):
        return ""
    try:
        number = float(value)
    except ValueError:
        return ""
    return f"; YAML reads this as text, write {int(number) if number.is_integer() else number!r}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def walk(location: tuple[int | str, ...]) -> tuple[list[str], list[str]]:
    """The keys of a location as the user wrote them, and the keys allowed beside the last one.

    In a union of sections pydantic puts the name of the chosen one into the location.
    """
    keys: list[str] = []
    allowed: list[str] = []
    kind: Any = Study
    for part in location:
        if part == "[key]":  # the name itself is wrong
            continue
        choices = [] if _plural(kind) else sections(kind)
        if len(choices) > 1:
            kind = next(section for section in choices if part in tags(section))
            continue
        keys.append(str(part))
        if choices:
            fields = {f.alias or name: f for name, f in choices[0].model_fields.items()}
            allowed = list(fields)
            kind = fields[str(part)].annotation if part in fields else None
        else:
            kind = get_args(kind)[-1] if _plural(kind) else None
    return keys, allowed


def _plural(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, list)


def sections(annotation: Any) -> list[type[BaseModel]]:
    """The section types inside an annotation such as `dict[Name, Model]` or `MixAdd | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections(part)]


def tags(section: type[BaseModel]) -> list[str]:
    """The names by which a union tells a section apart: the values of its first key."""
    first = next(iter(section.model_fields.values()))
    return list(get_args(first.annotation)) if get_origin(first.annotation) is Literal else []
