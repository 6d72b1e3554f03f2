"""Section `pipelines`: those whose sets come from other sets."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mixtura.core.settings import Name, Positive
from mixtura.curate.settings import SelectionOptions
from mixtura.generate.settings import Sampling
from mixtura.study.base import Level, Section, Template
from mixtura.study.pipelines import (
    ContextPipeline,
    IncentivePipeline,
    ModulePipeline,
    PersonaPipeline,
    SeveralPipeline,
    TemperaturePipeline,
    TopicPipeline,
)


class Recuration(Section):
    """The text of another pipeline, level by level, curated by another variant."""

    dial: Literal["curation"] = Field("curation", description="need not be given beside `of`")
    of: Name = Field(description="key of `pipelines`: whose text; none is generated anew")
    curation: Name = Field(description="key of `curation`: what is removed")


class Derived(Section):
    """A pipeline whose sets come from other sets: what all of them have."""

    dial: str
    levels: dict[Level, Any]


class ParaphraseLevel(Section):
    """One level of a paraphrase pipeline."""

    sources: int = Field(
        ge=0, description="texts whose paraphrases replace other rows; more: lower"
    )


class ParaphrasePipeline(Derived):
    """Rows of a curated base set are replaced by paraphrases: more of them are a lower level."""

    dial: Literal["paraphrase"]
    of: Name = Field(description="key of `pipelines`: the base")
    level: Level = Field(description="level of the base, generated and curated once")
    source: Literal["generated", "real"] = Field(
        "generated", description="what is paraphrased: rows of the base set, or real rows"
    )
    paraphrases: Positive = Field(3, description="accepted paraphrases of each source text")
    overgenerate: float = Field(2.0, ge=1, description="prompts per paraphrase that is needed")
    prompt: Template | None = Field(
        None, description="template: a built-in name or a .j2 file; default: paraphrase[-chat]"
    )
    sampling: Sampling | None = Field(None, description="default: the generator's")
    levels: dict[Level, ParaphraseLevel] = Field(min_length=1, description="level -> its setting")


class SelectionLevel(Section):
    """One level of a selection pipeline."""

    target: float = Field(gt=0, description="value of the measure that the set should have")


class SelectionPipeline(SelectionOptions, Derived):
    """Rows chosen from a curated pool by their measured diversity, labels and lengths held."""

    dial: Literal["selection"]
    pool: dict[Name, Annotated[list[Level], Field(min_length=1)]] = Field(
        min_length=1, description="pipeline -> its levels: their curated sets are the pool"
    )
    levels: dict[Level, SelectionLevel] = Field(min_length=1, description="level -> its setting")


class SourcesLevel(Section):
    """One level of a sources pipeline."""

    generators: list[Name] = Field(min_length=1, description="keys of `generators`, equal shares")


class SourcesPipeline(Derived):
    """The text of several generators in one set: more of them are a higher level."""

    dial: Literal["sources"]
    of: Name = Field(description="key of `pipelines`: whose curated sets are mixed")
    level: Level = Field(description="level of these sets")
    levels: dict[Level, SourcesLevel] = Field(min_length=1, description="level -> its setting")


def _with_dial(section: Any) -> Any:
    recuration = isinstance(section, dict) and "of" in section
    return {"dial": "curation", **section} if recuration else section


AnyPipeline = Annotated[
    TopicPipeline
    | TemperaturePipeline
    | PersonaPipeline
    | IncentivePipeline
    | ContextPipeline
    | SeveralPipeline
    | ModulePipeline
    | Recuration
    | ParaphrasePipeline
    | SelectionPipeline
    | SourcesPipeline,
    Field(discriminator="dial"),
    BeforeValidator(_with_dial),
]
