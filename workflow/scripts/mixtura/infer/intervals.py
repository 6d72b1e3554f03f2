"""Intervals of scores."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mixtura.infer.crossed import Parts, parts_of
from mixtura.infer.influence import RunScores
from mixtura.infer.metrics import Metric
from mixtura.infer.simultaneous import margin_alone


class Interval(NamedTuple):
    """A value and the bounds of its interval, in the metric's unit."""

    value: float
    low: float
    high: float


def row_interval(scores: RunScores, metric: Metric, level: float = 0.95) -> Interval:
    """The score of one run and its interval for new test rows: of this training alone."""
    influence = scores.influence[:, None]
    parts = parts_of(scores.values[:, None], influence, np.zeros(1), np.zeros(1, dtype=bool))
    return interval_of(float(parts.mean[0]), half_width(parts, metric, level), metric)


def half_width(parts: Parts, metric: Metric, level: float) -> float:
    """Half the width of the interval of one mean, never 0."""
    return float(margin_alone(parts, level)[0]) or least_margin(metric, parts)


def interval_of(value: float, half: float, metric: Metric) -> Interval:
    """The interval of this half width around a value, inside what the metric can be."""
    low, high = np.clip([value - half, value + half], *metric.bounds).tolist()
    return Interval(value, low, high)


def least_margin(metric: Metric, parts: Parts) -> float:
    """Half the width where no test rows differ: what a share of 0 leaves open.

    Source: the rule of three, an approximation of Clopper and Pearson 1934.
    """
    low, high = metric.bounds
    return (high - low) * 3 / (parts.row_freedom + 1) if math.isfinite(high) else 0.0


def with_rare_differences(parts: Parts, metric: Metric) -> Parts:
    """Variances of differences as if one group of test rows more differed, as far as it can.

    Where few rows differ the variance that they show is too small as often as not.

    Source: half a row added to each cell of a table of pairs, Agresti and Min 2005.
    """
    low, high = metric.bounds
    if not math.isfinite(high):
        return parts
    least = ((high - low) / (parts.row_freedom + 1)) ** 2
    rows = parts.rows + least
    scale = np.sqrt(parts.rows / rows)
    correlation = parts.correlation * np.outer(scale, scale) + np.diag(least / rows)
    return replace(parts, rows=rows, correlation=correlation)
