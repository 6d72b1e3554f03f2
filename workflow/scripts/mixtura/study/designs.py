"""Section `designs`: which mixes are compared, and rounds of self-training."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from mixtura.core.settings import Name, Positive, Share, Threshold
from mixtura.study.alternatives import Alternatives
from mixtura.study.base import Level, Section, check_length
from mixtura.train.settings import Tuning


class MixAdd(Section):
    """Real rows fixed, generated rows added."""

    ratios: list[Annotated[float, Field(gt=0)]] = Field(
        min_length=1, description="generated rows per real row"
    )


class LevelAlone(Section):
    """Generated rows alone."""

    n: Positive | None = Field(None, description="rows; default: all `generate.n`")


class MixFixed(Section):
    """The number of rows fixed, generated rows in the place of real ones."""

    total: Positive = Field(description="rows of every mix")
    shares: list[Share] = Field(
        min_length=1, description="generated rows of all rows; 0, all real, is always made"
    )


class Grid(Section):
    """Every number of real rows with every number of generated rows; small sets in large ones."""

    real: list[Positive] | None = Field(None, description="real rows; default: `designs.real`")
    generated: list[Positive] = Field(min_length=1, description="generated rows")


class Sources(Section):
    """The same number of rows from each generator, and from all together where a set holds them."""

    n: Positive | None = Field(None, description="generated rows; default: all `generate.n`")


class Fill(Section):
    """Real rows in their natural proportions, and generated rows of the rare labels alone.

    Prompts ask for these labels alone. Each mix is compared with the same real rows, those of rare
    labels repeated as often as generated ones would be added (oversampling).
    """

    shares: list[Threshold] = Field(
        [1.0],
        min_length=1,
        description="rows that each label is filled up to, of those of the most frequent; "
        "1: as many of every label",
    )
    class_weights: bool = Field(
        True,
        description="train on the real rows with weights of classes too (rows / labels / rows of "
        "the label); for encoders and probes",
    )


class Mix(NamedTuple):
    """The sizes of one mix and of the real rows alone that it is compared with."""

    design: str
    key: str  # of the configuration
    n_real: int
    n_generated: float
    baseline: int


SCHEMES = ("replace", "accumulate", "accumulate-subsample", "replace+real", "grown", "verified")


LOOP = "loop-"  # pipelines of this name hold the rounds of a scheme


class Tune(Tuning):
    """How a generator is trained in a loop: on the text alone, after the prompt without examples.

    Other settings of the training are the defaults of a downstream model of kind causal-lm.
    """

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        check_length(self.epochs, self.model_fields_set)
        return self


class Loop(Section):
    """Rounds of self-training: generate, curate, mix, fine-tune the generator, generate with it."""

    pipeline: Name = Field(description="one of `generate.pipelines` that generates")
    level: Level = Field(description="one of `generate.levels`: its set is round 0")
    schemes: list[Literal[SCHEMES]] = Field(  # type: ignore[valid-type]
        list(SCHEMES[:-1]),
        min_length=1,
        description="what the generator of the next round and the downstream models train on. "
        "replace: the newest set; accumulate: the real rows and the sets of all rounds; "
        "accumulate-subsample: generate.n rows of these; replace+real: the newest set, a share of "
        "it replaced by real rows; grown: as accumulate, but the untuned generator wrote all sets; "
        "verified: as replace, but a judge removes rows whose label it does not confirm",
    )
    judge: Name | None = Field(
        None, description="scheme verified: key of `generators`, which judges the rows of a round"
    )
    rounds: Positive = Field(3, description="rounds after round 0")
    real: Positive | None = Field(
        None, description="real rows that accumulate; default: the first of `designs.real`"
    )
    real_share: Threshold = Field(0.1, description="real rows of all rows of replace+real")
    perplexity_rows: Positive | None = Field(
        None, description="test rows whose perplexity is measured; default: all of `task.test`"
    )
    tune: Tune = Field(Tune(), description="how the generator is trained")


class Designs(Section):
    """Which mixes are made. Real only, at each number of real rows, is always made."""

    real: list[Positive] = Field(
        min_length=1,
        description="numbers of real labelled rows: the first of them in a random order of each "
        "replicate, small numbers in large ones; generators see the largest number of them",
    )
    mix_add: MixAdd | None = Field(None, alias="mix-add", description="real plus generated")
    mix_fixed: MixFixed | None = Field(
        None, alias="mix-fixed", description="generated in the place of real"
    )
    grid: Grid | None = Field(None, description="real by generated")
    level: LevelAlone | None = Field(None, description="generated alone")
    fill: Fill | None = Field(None, description="generated rows for rare labels alone")
    sources: Sources | None = Field(None, description="one against several generators")
    loop: Loop | None = Field(None, description="rounds of self-training: model collapse")
    alternatives: Alternatives | None = Field(
        None, description="in place of generated rows: few-shot labels, word operations, others"
    )
    controls: list[Literal["repeated", "zero-shot"]] = Field(
        ["repeated", "zero-shot"],
        description="made beside real only. repeated: the real rows of a mix, repeated to its "
        "size, so the same optimiser steps on real text alone; zero-shot: the untrained model "
        "(chance, where its head is new)",
    )

    def mixes(self, n: int) -> Iterator[Mix]:
        """Sizes of every mix with generated rows; `n` is the size of a generated set."""
        for real in self.real:
            for ratio in self.mix_add.ratios if self.mix_add else ():
                yield Mix("mix-add", "mix-add.ratios", real, ratio * real, real)
            if self.level:
                yield Mix("level", "level.n", 0, self.level.n or n, real)
            if self.sources:
                yield Mix("sources", "sources.n", real, self.sources.n or n, real)
        if fixed := self.mix_fixed:
            for generated in (share * fixed.total for share in fixed.shares if share):
                real = fixed.total - round(generated)
                yield Mix("mix-fixed", "mix-fixed.shares", real, generated, fixed.total)
        if self.grid:
            for real, rows in product(self.grid.real or self.real, self.grid.generated):
                yield Mix("grid", "grid.generated", real, rows, real)

    def real_sizes(self, n: int) -> list[int]:
        """Every number of real rows that occurs, in a mix or alone."""
        of_mixes = {size for mix in self.mixes(n) for size in (mix.n_real, mix.baseline) if size}
        of_loop = {self.loop_real} if self.loop else set()
        return sorted({*self.real, *of_mixes, *of_loop})

    @property
    def largest(self) -> int:
        """The labelled rows that a person has: the largest of `real`."""
        return max(self.real)

    @property
    def loop_real(self) -> int:
        """Real rows that accumulate in a loop."""
        return (self.loop and self.loop.real) or self.real[0]
