"""Metrics: scores of the predictions of one model on one test set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Metric:
    """A score that is a function of sums over test items, so that resampling is one product.

    `parts(gold (items,), predicted (seeds, items))`, or of several labels an item
    `parts(gold (items, labels), predicted (seeds, items, labels))` of truth values, gives
    (seeds, items, k): what each item adds;
    `value(sums (..., k))` gives (...): the score of these sums. `bounds` are its lowest and
    highest possible value. A metric of numbers names their `columns` in the predictions; its
    `predicted` is then (seeds, items, columns). `lower` values are better or not.
    """

    parts: Callable[[Array, Array], Array]
    value: Callable[[Array], Array]
    bounds: tuple[float, float] = (0.0, 1.0)
    columns: tuple[str, ...] = ()
    lower: bool = False


def _accuracy_parts(gold: Array, predicted: Array) -> Array:
    right = predicted == gold
    return np.stack([right, np.ones_like(right)], axis=-1)


def _f1_parts(gold: Array, predicted: Array) -> Array:
    if gold.ndim == 2:  # several labels an item
        is_gold = np.broadcast_to(gold[None], predicted.shape)
        return np.concatenate([is_gold & predicted, is_gold, predicted], axis=-1)
    labels = np.unique(gold)
    is_gold = np.broadcast_to((gold[:, None] == labels)[None], (*predicted.shape, len(labels)))
    is_predicted = predicted[..., None] == labels
    return np.concatenate([is_gold & is_predicted, is_gold, is_predicted], axis=-1)


def _f1_value(sums: Array) -> Array:
    hits, gold, predicted = np.split(sums, 3, axis=-1)
    present = gold > 0  # a resample can lose a rare label; it then says nothing about it
    f1 = 2 * hits / np.maximum(gold + predicted, 1)
    score: Array = np.where(present, f1, 0).sum(-1) / np.maximum(present.sum(-1), 1)
    return score


def _micro_value(sums: Array) -> Array:
    hits, gold, predicted = (part.sum(-1) for part in np.split(sums, 3, axis=-1))
    score: Array = 2 * hits / np.maximum(gold + predicted, 1)
    return score


def _balanced_value(sums: Array) -> Array:
    hits, gold, _ = np.split(sums, 3, axis=-1)
    present = gold > 0
    score: Array = (hits / np.maximum(gold, 1)).sum(-1) / np.maximum(present.sum(-1), 1)
    return score


def _number_parts(gold: Array, numbers: Array) -> Array:
    return np.concatenate([numbers, np.ones_like(numbers[..., :1])], axis=-1)


def _ratio(sums: Array) -> Array:
    return sums[..., 0] / sums[..., 1]


def mean_of(column: str, lower: bool = False, bounds: tuple[float, float] = (0.0, 1.0)) -> Metric:
    """The mean over items of a column of the predictions."""
    return Metric(_number_parts, _ratio, bounds, (column,), lower)


def _mean_where(column: str, has_answer: bool) -> Metric:
    """The mean of a column over the questions that have an answer, or over those that have none."""

    def parts(gold: Array, numbers: Array) -> Array:
        chosen = numbers[..., 1] if has_answer else 1 - numbers[..., 1]
        return np.stack([numbers[..., 0] * chosen, chosen], axis=-1)

    def value(sums: Array) -> Array:
        return sums[..., 0] / np.maximum(sums[..., 1], 1)

    return Metric(parts, value, columns=(column, "has_answer"))


BINS = 10  # of equal width, by the probability of the predicted label


def _calibration_parts(gold: Array, numbers: Array) -> Array:
    confidence, right = numbers[..., 0], numbers[..., 1]
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = (bins[..., None] == np.arange(BINS)) * (confidence - right)[..., None]
    return np.concatenate([gaps, np.ones_like(confidence)[..., None]], axis=-1)


def _calibration_value(sums: Array) -> Array:
    error: Array = np.abs(sums[..., :BINS]).sum(-1) / sums[..., BINS]
    return error


def _rank_parts(gold: Array, ranks: Array) -> Array:
    gold_rank, rank = ranks[..., 0], ranks[..., 1]
    gap, count = np.abs(gold_rank - rank), np.ones_like(rank)
    return np.stack([gap, gap**2, gold_rank, gold_rank**2, rank, rank**2, count], axis=-1)


def _mean_gap(sums: Array) -> Array:
    return sums[..., 0] / sums[..., 6]


def _weighted_kappa(sums: Array) -> Array:
    """1 minus the squared gaps to what they were if ranks were named by chance."""
    means = sums / sums[..., 6:]
    observed = means[..., 1]
    by_chance = means[..., 3] - 2 * means[..., 2] * means[..., 4] + means[..., 5]
    share: Array = observed / np.where(by_chance > 0, by_chance, 1)
    return 1 - share


RANKS = ("gold_rank", "predicted_rank")
METRICS = {
    "accuracy": Metric(_accuracy_parts, _ratio),
    "macro_f1": Metric(_f1_parts, _f1_value),
    "micro_f1": Metric(_f1_parts, _micro_value),  # all labels of all items together
    "balanced_accuracy": Metric(_f1_parts, _balanced_value),  # mean recall of the labels
    "log_loss": mean_of("log_loss", lower=True, bounds=(0.0, np.inf)),
    # Expected calibration error, Naeini, Cooper and Hauskrecht 2015.
    "calibration_error": Metric(
        _calibration_parts, _calibration_value, (0.0, 1.0), ("confidence", "right"), lower=True
    ),
    # Of ordered labels; kappa with quadratic weights, Cohen 1968.
    "mean_absolute_error": Metric(_rank_parts, _mean_gap, (0.0, np.inf), RANKS, lower=True),
    "weighted_kappa": Metric(_rank_parts, _weighted_kappa, (-1.0, 1.0), RANKS),
    "exact_match": mean_of("exact_match"),
    "token_f1": mean_of("token_f1"),
    # HasAns and NoAns of the script of SQuAD 2.0, whose two of NoAns are equal.
    "has_answer_f1": _mean_where("token_f1", has_answer=True),
    "has_answer_exact_match": _mean_where("exact_match", has_answer=True),
    "no_answer_exact_match": _mean_where("exact_match", has_answer=False),
    "rouge_l": mean_of("rouge_l"),
    "judge_score": mean_of("judge_score"),
    # nll: negative log-likelihood of an item in nats, so that the mean is over tokens.
    "perplexity": Metric(
        _number_parts,
        lambda sums: np.exp(_ratio(sums)),
        (1.0, np.inf),
        ("nll", "tokens"),
        lower=True,
    ),
}


def metric_of(metric: str | Metric) -> Metric:
    """The metric of a name. Raises ValueError where there is none."""
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is unknown; allowed: {', '.join(sorted(METRICS))}")
    return METRICS[metric]


def gain_sign() -> pl.Expr:
    """-1 in the rows of a table whose `metric` is better when lower, else 1."""
    lower = [name for name, metric in METRICS.items() if metric.lower]
    return pl.when(pl.col("metric").is_in(lower)).then(-1).otherwise(1)
