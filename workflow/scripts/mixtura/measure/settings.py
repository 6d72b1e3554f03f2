"""Settings of the rules embed, diversity, shift and collect_scores."""

from typing import Any, Literal

from pydantic import Field

from mixtura.core.settings import Positive, Settings
from mixtura.generate.settings import LanguageModel

DIVERSITY = (
    "dcscore",
    "vendi_score",
    "novelsum",
    "mean_pairwise_distance",
    "chamfer_distance",
    "knn_distance",
    "kmeans_inertia",
    "radius",
    "log_determinant",
    "partition_entropy",
    "facility_location",
    "distinct_n",
    "ngram_diversity",
    "self_bleu",
    "rouge_l_homogenisation",
    "compression_ratio",
    "self_repetition",
    "mattr",
    "mtld",
    "hdd",
    "length_entropy",
    "label_entropy",
    "topic_entropy",
    "topic_count",
    "llm_cluster_score",
)
SHIFT = (
    "mmd",
    "mmd_test",
    "energy_distance",
    "sliced_wasserstein",
    "frechet_distance",
    "prdc",
    "c2st",
    "mauve",
    "nearest_real_distance",
    "ngram_jensen_shannon",
    "length_shift",
    "perplexity",
    "label_shift",
    "tail_loss",
)
PRDC = ("precision", "recall", "density", "coverage")  # the rows of prdc


Embedder = Literal["sentence", "gradient"]


class EmbedSettings(Settings):
    """How the texts of a table are embedded, and how embeddings are kept."""

    dtype: Literal["float16", "float32"] = "float32"
    kind: Embedder = "sentence"


class MeasureOptions(Settings):
    """How measures run, and how their intervals are made."""

    repeats: int = Field(20, ge=2, description="subsamples behind an interval")
    options: dict[str, dict[str, Any]] = Field({}, description="measure -> options of its own")


class PanelSettings(MeasureOptions):
    """What the measures of one set depend on, beside its text and the reference."""

    measures: list[str] = Field(description="names of measures, a person's own among them")
    code: dict[str, str] = Field(description="a person's own measure -> digest of its file")
    embedder: str = Field(description="key in `models`: whose embeddings are measured")
    shown: Positive = Field(description="real rows that the generator of the set saw")
    n: Positive = Field(description="rows that are measured, of the set and of real text")
    seed: int = Field(description="of the study")


class DiversitySettings(PanelSettings):
    """Settings of the rule diversity."""

    token_budget: Positive = Field(description="words that n-gram measures read of every set")
    judge: LanguageModel | None = Field(description="who groups texts for llm_cluster_score")


class ShiftSettings(PanelSettings):
    """Settings of the rule shift."""


class CollectScoresSettings(Settings):
    """Settings of the rule collect_scores: tables are their parts, one below the other."""

    largest: Positive = Field(description="real rows that the generator of a draw saw")
