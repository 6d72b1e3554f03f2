"""Temperature: the same prompts, and a flatter distribution of the next token is a higher level."""

from dataclasses import replace
from typing import Self

from pydantic import Field, model_validator

from mixtura.core.settings import Settings, Share
from mixtura.generate.dials.base import Material, Prompt


class TemperatureLevel(Settings):
    """One level of a temperature pipeline: what it gives overrides the generator's sampling."""

    temperature: float | None = Field(None, ge=0, description="as in `sampling`")
    top_p: float | None = Field(None, gt=0, le=1, description="as in `sampling`")
    min_p: Share | None = Field(None, description="as in `sampling`")

    @model_validator(mode="after")
    def _gives_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one of temperature, top_p, min_p")
        return self


Level = TemperatureLevel


def specify(level: TemperatureLevel, material: Material, indices: range) -> list[Prompt]:
    """Plain prompts; the temperature, top_p, min_p of the level override the generator's."""
    sampling = level.model_dump(exclude_none=True)
    return [replace(material.draw(index)[0], sampling=sampling) for index in indices]
