"""Settings of the rules that score and compare: the arms, the metrics, the rounds of a loop."""

from pydantic import Field

from mixtura.core.settings import Settings
from mixtura.generate.settings import TokenPrices
from mixtura.prepare.settings import Language

METRICS_OF_KIND = {  # kind of task -> metrics; findings answer on the first
    "classification": (
        *("accuracy", "macro_f1", "balanced_accuracy"),
        *("log_loss", "calibration_error"),
    ),
    "multilabel": ("micro_f1", "macro_f1"),
    "qa": ("token_f1", "exact_match"),  # F1 first: it tells more answers apart
    "instruction": ("rouge_l", "perplexity"),
    "text": ("perplexity",),
}
METRICS_OF_ANSWERS = (  # more, where some questions have no answer
    *("has_answer_f1", "has_answer_exact_match"),
    "no_answer_exact_match",
)
METRICS_OF_JUDGE = ("judge_score",)  # more, where `evaluation.judge` scores answers
METRICS_OF_RANKS = ("mean_absolute_error", "weighted_kappa")  # more, where labels are ordered


class ArmRow(Settings):
    """An arm in a design: a row of `mixtura.infer.tables.Arms`."""

    arm: str
    design: str
    generator: str | None
    pipeline: str | None
    level: str | None
    shown: int | None
    n_real: int
    n_generated: int
    share: float
    rows: int
    baseline: str | None
    control: str | None


class EvaluateSettings(Settings):
    """What the scores of all runs depend on."""

    arms: list[ArmRow] = Field(description="the readable index of the arms")
    labels: list[str] = Field(description="labels of the task, none of a kind without labels")
    ranks: dict[str, float] = Field({}, description="label -> its rank, where labels are ordered")
    metrics: list[str] = Field(description="keys of `mixtura.infer.metrics.METRICS`")
    language: Language = Field("en", description="of answers in words")
    group: str | None = Field(description="column of the rows: equal values are hard together")


class AlternativesSettings(Settings):
    """What the table of the alternatives depends on."""

    arms: list[ArmRow] = Field(description="arms of design alternatives")
    prices: dict[str, TokenPrices] = Field(description="generator -> prices of its server")
    hours: tuple[float, float] = Field(description="price of an hour of a GPU and of a core")


class ConfirmSettings(EvaluateSettings):
    """What the estimate on fresh replicates depends on; `arms` are what was recommended."""

    seed: int = Field(description="`seed` of the study: the draws of the simultaneous intervals")
    smallest_gain: float = Field(gt=0, description="smallest gain of interest, of any metric")
    shared: bool = Field(description="whether all replicates have the generated text of one")


class Round(Settings):
    """A round of a loop."""

    scheme: str
    round: int = Field(ge=0, description="0: the untuned generator")
    written: tuple[str, str, str] = Field(description="generator, pipeline and level of its set")
    arm: str = Field(description="name of its mix")


class TrainingLength(Settings):
    """How long a downstream model is trained on a mix."""

    weights: str = Field(description="key in `models`")
    regime: str = Field(description="`downstream.NAME.regime`")


class FindingsSettings(Settings):
    """What the comparisons depend on."""

    metrics: list[str] = Field(description="keys of `mixtura.infer.metrics.METRICS`")
    models: list[str] = Field(description="downstream models whose parameters are counted")
    lengths: dict[str, TrainingLength] = Field(
        {}, description="downstream models that are fine-tuned -> how long"
    )
    rounds: list[Round] = Field([], description="rounds of every loop, those of a scheme in order")
    labels: list[str] = Field([], description="labels whose own gains are told")
    seed: int = Field(description="`seed` of the study: the draws of the simultaneous intervals")
    smallest_gain: float = Field(gt=0, description="smallest gain of interest, of any metric")
    shared: bool = Field(description="whether all replicates have the generated text of one")
