"""Sections `generate`, `plots`, `resources` and `prices`: what is generated, and how it is run."""

from typing import Literal

from pydantic import Field

from mixtura.core.settings import Name, Positive, Share
from mixtura.study.base import Level, Section
from mixtura.tell.settings import FigureSettings

# Stages that have resources.
STAGES = (
    "prepare",
    "generate",
    "curate",
    "embed",
    "score",
    "tune",
    "finetune",
    "probe",
    "findings",
    "report",
)


class Generate(Section):
    """What is generated."""

    generators: list[Name] = Field(min_length=1, description="keys of `generators`")
    pipelines: list[Name] = Field(min_length=1, description="keys of `pipelines`")
    levels: list[Level] = Field(min_length=1, description="levels that this study generates")
    shown: Literal["largest", "own"] = Field(
        "largest",
        description="the real rows that a generator sees. largest: as many as the largest of "
        "`designs.real`; own: text is written for every number of real rows, and a mix has the "
        "text of a generator that saw the rows of the mix",
    )
    n: Positive = Field(192, description="rows per level after curation, the same for all")
    overgenerate: float = Field(1.3, ge=1, description="prompts per row that is needed")
    shard: Positive = Field(256, description="prompts in one shard, the unit of work; all are full")
    cap: float = Field(
        3.0,
        ge=1,
        description="most prompts per row that is needed: where curation leaves too few rows, "
        "shards are added up to this; no more than `overgenerate`: none are",
    )
    least_parsed: Share = Field(
        0.2, description="share of a shard's answers that must parse; fewer are an error"
    )


class Resources(Section):
    """What a job of one stage asks for; memory and time grow with the attempt."""

    threads: Positive = Field(1, description="cores")
    mem_mb: Positive = Field(2000, description="memory of the first attempt, MB")
    runtime: Positive = Field(30, description="time limit of the first attempt, minutes")
    gpu: int = Field(0, ge=0, description="GPUs")
    gpu_share: Literal[1, 2, 3, 4, 6, 12] = Field(
        1, description="jobs that share a GPU of this machine, as small trainings may"
    )
    checkpoint_minutes: Positive = Field(10, description="most work that a killed training loses")


class Plots(FigureSettings):
    """How figures look."""


class Prices(Section):
    """What hours cost in your currency, for `mixtura plan` and tables/generation.parquet.

    Tokens of a server have prices of their own, `generators.NAME.openai`. 0: not known.
    """

    gpu_hour: float = Field(0.0, ge=0, strict=False, description="one GPU for one hour")
    cpu_hour: float = Field(0.0, ge=0, strict=False, description="one core for one hour")
