"""What every section shares: types of names and numbers, the closed and frozen model, its error."""

import ast
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mixtura.core.files import text_of
from mixtura.core.settings import Settings
from mixtura.generate.templates import unknown_fields

Level = Annotated[str, Field(pattern=r"^D[0-6]$")]


def _readable(path: str) -> str:
    text_of(path)  # raises where it cannot be read
    return path


def _parses(path: str) -> str:
    try:
        ast.parse(text_of(path))
    except SyntaxError as error:
        raise ValueError(f"{path}, line {error.lineno}: {error.msg}") from None
    return path


TextFile = Annotated[str, AfterValidator(_readable)]
PythonFile = Annotated[str, Field(pattern=r"\.py$"), AfterValidator(_parses)]


def _template(name: str) -> str:
    unknown_fields(name)  # raises where there is none, or its syntax is wrong
    return name


Template = Annotated[str, AfterValidator(_template)]


class ConfigError(ValueError):
    """The configuration cannot be used; the message names key, value and what is allowed."""


class Section(Settings):
    """A part of the configuration: unknown keys are errors, values are not coerced."""


def check_length(epochs: int | None, keys: set[str]) -> None:
    """A training has epochs or, among the keys that a person writes, steps. Raises ValueError."""
    if epochs and "steps" in keys:
        raise ValueError("give steps or epochs, not both")


def listed(names: Iterable[Any]) -> str:
    """Names in one line."""
    return ", ".join(str(name) for name in names)
