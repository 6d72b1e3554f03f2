"""Section `generators`: language models and how they are run.

The keys that the stage reads are its own models: mixtura/generate/settings.py.
"""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from mixtura.core.settings import Name, Share
from mixtura.generate.backends.families import family_of, sent_as
from mixtura.generate.settings import (
    LanguageModel,
    OpenaiModel,
    OpenaiOptions,
    TokenPrices,
    VllmModel,
    VllmOptions,
)
from mixtura.generate.templates import template_of
from mixtura.study.base import Template
from mixtura.study.run import Resources


class Vllm(VllmModel, VllmOptions):
    """The server of backend vllm, in an environment of its own."""

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if not self.command and "/" in self.python and not os.access(self.python, os.X_OK):
            raise ValueError(
                f"python: no program at {self.python!r}; allowed: a Python with vLLM, which "
                "`make vllm` puts in .venv-vllm/bin/python"
            )
        if self.adapter and not (Path(self.adapter) / "adapter_config.json").is_file():
            raise ValueError(f"adapter: no adapter_config.json in {self.adapter!r}")
        return self


class Openai(OpenaiModel, OpenaiOptions, TokenPrices):
    """The server of backend openai. Jobs of one machine share its limits."""

    batch_price: Share = Field(0.5, description="batch: share of the prices that a batch costs")

    @model_validator(mode="after")
    def _whole_answers(self) -> Self:
        if self.batch and self.stream:
            raise ValueError("stream: answers of a batch do not come in pieces; give one of them")
        return self


class Generator(LanguageModel):
    """A language model and how it is run."""

    model: Name | None = Field(None, description="key in `models`; none for backend openai")
    vllm: Vllm | None = Field(None, description="for backend vllm")
    openai: Openai | None = Field(None, description="for backend openai")
    prompt: Template | None = Field(
        None,
        description="template: a .j2 file or a built-in name; default: the one that is named as "
        "the kind of task, with -chat in a chat",
    )
    shots: int = Field(2, ge=0, description="real examples shown in one prompt")
    tidy: bool | None = Field(
        None,
        description="take off what assistants put around a text (openings, numbering, headings, "
        "quotes, a category at the end) and reject refusals and lists; default: in a chat",
    )
    resources: Resources | None = Field(
        None, exclude=True, description="what its jobs ask for, before `resources.generate`"
    )

    @model_validator(mode="after")
    def _fits_backend(self) -> Self:
        for backend in ("vllm", "openai"):
            if (self.backend == backend) != (getattr(self, backend) is not None):
                raise ValueError(f"give the section {backend} with backend {backend}, and only so")
        if (self.backend == "openai") != (self.model is None):
            raise ValueError(
                "give a model, one of `models`"
                if self.model is None
                else "model: a server has its own; name it in openai.model"
            )
        return self

    @model_validator(mode="after")
    def _fits_format(self) -> Self:
        for key in ("system", "chat_template", "structured"):
            if getattr(self, key) and self.format != "chat":
                raise ValueError(f"{key}: needs format: chat")
        if self.backend == "seq2seq" and self.format == "chat":
            raise ValueError("format: chat; a model of backend seq2seq gets the text alone")
        if self.structured and self.backend == "transformers":
            raise ValueError("structured: needs a server; allowed: backend openai, vllm")
        return self

    @model_validator(mode="after")
    def _fits_family(self) -> Self:
        if not self.openai:
            return self
        family, sampling = family_of(self.openai), self.sampling
        if sampling.temperature > family.hottest and sent_as(self.openai, "temperature"):
            raise ValueError(
                f"sampling.temperature: {sampling.temperature:g} is too hot for "
                f"{self.openai.model}; allowed: up to {family.hottest:g}"
            )
        if len(sampling.stop or []) > family.stops and sent_as(self.openai, "stop"):
            raise ValueError(
                f"sampling.stop: {len(sampling.stop or [])} strings; a server takes up to "
                f"{family.stops}"
            )
        return self

    def template(self, kind: str, prompt: str | None) -> str:
        """Name or file of the template: `prompt`, or the built-in one of the kind of text."""
        return prompt or template_of(kind, self.format == "chat")
