"""Temperature: the same prompts, and a flatter distribution of the next token is a higher level."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mixtura.dials.base import Given, PromptSpec


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """Plain prompts; the temperature, top_p, min_p of the level override the generator's."""
    sampling = {key: value for key, value in level.items() if value is not None}
    return [replace(given.draw(index)[0], sampling=sampling) for index in indices]
