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

    `parts(gold (items,), predicted (seeds, items))` gives (seeds, items, k): what each item adds;
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


BINS = 10  # of equal width, by the probability of the predicted label


def _calibration_parts(gold: Array, numbers: Array) -> Array:
    confidence, right = numbers[..., 0], numbers[..., 1]
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = (bins[..., None] == np.arange(BINS)) * (confidence - right)[..., None]
    return np.concatenate([gaps, np.ones_like(confidence)[..., None]], axis=-1)


def _calibration_value(sums: Array) -> Array:
    error: Array = np.abs(sums[..., :BINS]).sum(-1) / sums[..., BINS]
    return error


METRICS = {
    "accuracy": Metric(_accuracy_parts, _ratio),
    "macro_f1": Metric(_f1_parts, _f1_value),
    "balanced_accuracy": Metric(_f1_parts, _balanced_value),  # mean recall of the labels
    "log_loss": mean_of("log_loss", lower=True, bounds=(0.0, np.inf)),
    # Expected calibration error, Naeini, Cooper and Hauskrecht 2015.
    "calibration_error": Metric(
        _calibration_parts, _calibration_value, (0.0, 1.0), ("confidence", "right"), lower=True
    ),
    "exact_match": mean_of("exact_match"),
    "token_f1": mean_of("token_f1"),
    "rouge_l": mean_of("rouge_l"),
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
