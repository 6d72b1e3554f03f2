"""A whole study: every section, checked one by one and then together."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mixtura.core.settings import Name
from mixtura.curate.settings import Curation
from mixtura.study.base import Section
from mixtura.study.checks import CHECKS
from mixtura.study.curation import with_built_in
from mixtura.study.derived import (
    AnyPipeline,
    ParaphrasePipeline,
    Recuration,
    SelectionPipeline,
    SourcesPipeline,
)
from mixtura.study.designs import Designs
from mixtura.study.downstream import Downstream
from mixtura.study.evaluation import Evaluation
from mixtura.study.generators import Generator
from mixtura.study.measures import Diversity, Embeddings, Shift
from mixtura.study.models import Model
from mixtura.study.replicates import Replicates, ReplicatesSection
from mixtura.study.run import STAGES, Generate, Plots, Prices, Resources
from mixtura.study.task import Task


class Study(Section):
    """A whole study."""

    study: Name = Field(description="name; results go to results/{study}")
    seed: int = Field(1, ge=0, description="every random stream of data and text starts here")
    task: Task
    models: dict[Name, Model] = Field(min_length=1, description="name -> where it comes from")
    generators: dict[Name, Generator] = Field(min_length=1)
    pipelines: dict[Name, AnyPipeline] = Field(
        min_length=1, description="name -> a dial, and its levels from low (D0) to high (D6)"
    )
    generate: Generate
    curation: Annotated[dict[Name, Curation], BeforeValidator(with_built_in)] = Field(
        {},
        validate_default=True,
        description="variant -> what is removed from generated text, in this order; a step that is "
        "null is off. `none`, `exact` and `full` are built in: a variant of such a name changes "
        "the keys that it gives, one of another name starts from `full`",
    )
    embedders: list[Name] = Field(min_length=1, description="keys of `models`")
    embeddings: Embeddings = Embeddings()
    diversity: Diversity = Diversity()
    shift: Shift = Shift()
    designs: Designs
    downstream: dict[Name, Downstream] = Field(min_length=1, description="name -> model, training")
    evaluation: Evaluation = Evaluation()
    replicates: Replicates = ReplicatesSection()
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        min_length=1, description="trainings of each mix in a replicate"
    )
    smallest_gain: float = Field(
        0.02,
        gt=0,
        description="smallest gain that matters to you, in the metric's unit (0.02: two points of "
        "accuracy); *no gain above* is said of mixes that gain less",
    )
    plots: Plots = Plots()
    packages: Literal["record", "rerun"] = Field(
        "record",
        description="versions of the packages that results depend on, such as torch, transformers "
        "and vllm. record: each table names those that made it, and the findings say where a study "
        "mixes several; rerun: another version also runs again what it made",
    )
    resources: dict[Literal[STAGES], Resources] = Field(  # type: ignore[valid-type]
        {},
        exclude=True,
        description="stage -> what its jobs ask for; missing keys keep their default",
    )
    prices: Prices = Field(Prices(), exclude=True)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for check in CHECKS:
            check(self)
        return self

    def levels_of(self, pipeline: str) -> dict[str, Any]:
        """Levels of a pipeline: level -> its setting."""
        source = self.pipelines[self.source_of(pipeline)]
        assert not isinstance(source, Recuration)
        return source.levels

    def bases_of(self, pipeline: str) -> list[str]:
        """The curated pipelines that a pipeline's rows come from: itself unless it is derived."""
        section = self.pipelines[pipeline]
        if isinstance(section, SelectionPipeline):
            return list(section.pool)
        if isinstance(section, ParaphrasePipeline | SourcesPipeline):
            return [section.of]
        return [pipeline]

    def source_of(self, pipeline: str) -> str:
        """The pipeline that generates the text of a pipeline: itself, or the one it is of."""
        section = self.pipelines[pipeline]
        return section.of if isinstance(section, Recuration) else pipeline
