"""Sections `embeddings`, `diversity` and `shift`: which measures run, and how."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mixtura.core.settings import Name, Positive
from mixtura.measure.settings import DIVERSITY, PRDC, SHIFT, Embedder, MeasureOptions
from mixtura.study.base import PythonFile, Section


class Measure(MeasureOptions):
    """Which measures run and how their intervals are made."""

    own: dict[Name, PythonFile] = Field(
        {}, description="name -> Python file with a function `measure`: measures of your own"
    )

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        if double := sorted(self.own.keys() & {*DIVERSITY, *SHIFT, *PRDC}):
            raise ValueError(f"own.{double[0]}: there is a measure of this name; take another")
        return self


class Diversity(Measure):
    """Measures of diversity."""

    measures: list[Literal[DIVERSITY]] = Field(  # type: ignore[valid-type]
        ["dcscore", "vendi_score", "distinct_n"], min_length=1, description="names of measures"
    )
    token_budget: Positive | None = Field(
        None,
        description="words that distinct_n and ngram_diversity read of every set; default: "
        "the rows that are measured times the least words that the length filter lets pass",
    )
    judge: Name | None = Field(
        None,
        description="generator that groups texts for llm_cluster_score, many prompts a set; "
        "default: off",
    )


class Shift(Measure):
    """Measures of the shift from real text, each beside its noise floor."""

    measures: list[Literal[SHIFT]] = Field(  # type: ignore[valid-type]
        ["mmd_test", "c2st", "nearest_real_distance"], min_length=1, description="names of measures"
    )


class Embeddings(Section):
    """How texts are embedded, and how embeddings are kept."""

    dtype: Literal["float16", "float32"] = Field(
        "float32", description="precision that is stored; measures compute in float32 at least"
    )
    kinds: dict[Name, Embedder] = Field(
        {},
        description="embedder -> sentence (a sentence encoder, the default) or gradient (a small "
        "causal language model: the projected gradient of each text; vendi_score of it is G-Vendi)",
    )
