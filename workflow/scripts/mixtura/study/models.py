"""Section `models`: where language models, encoders and embedders come from."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from mixtura.prepare.settings import Source
from mixtura.prepare.sources import MODEL_PACKAGES


class Model(Source):
    """A model: an embedded package, a local folder of safetensors, or a Hugging Face id."""

    parameters: float | None = Field(
        None,
        gt=0,
        strict=False,
        exclude=True,
        description="billions of parameters: what `mixtura plan` estimates training and disk by",
    )
    package: Literal[tuple(MODEL_PACKAGES)] | None = Field(  # type: ignore[valid-type]
        None, description="embedded model"
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.path and not (Path(self.path) / "config.json").is_file():
            raise ValueError(f"no model folder (with config.json) at {self.path!r}")
        return self
