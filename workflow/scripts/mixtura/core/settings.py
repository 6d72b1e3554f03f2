"""Typed settings: what the output of a job depends on, as one frozen model that travels as JSON."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from mixtura.core.digest import canonical_json

# A name becomes a folder or a file name: nothing in it may leave the results folder.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
# Of the products in a model; core/precision.py decides what "auto" is on the machine of a job.
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Threshold = Annotated[float, Field(gt=0, le=1)]


class Settings(BaseModel):
    """Settings of one stage, or a part of them: closed, frozen, not coerced.

    A rule holds them as sorted JSON in its params, so that equal settings are equal strings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def to_json(self) -> str:
        """Sorted JSON, which `from_json` reads."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The settings in a JSON text. Raises pydantic.ValidationError."""
        return cls.model_validate_json(text)
