"""Verdicts of comparisons, each with its bound."""

import math

from mixtura.infer.comparisons import Comparison
from mixtura.infer.metrics import Metric

GAIN, LOSS = "gain shown", "loss shown"
NO_GAIN, NO_LOSS = "no gain above", "no loss above"
TOO_SMALL = "too small to tell"
VERDICTS = (GAIN, LOSS, NO_GAIN, NO_LOSS, TOO_SMALL)


def verdict_of(
    comparison: Comparison, metric: Metric, smallest_gain: float, alpha: float
) -> tuple[str, float]:
    """The verdict and its bound, in the metric's unit.

    A gain or loss is shown where the step-down p is below alpha: the bound is the end of the
    simultaneous interval nearer to 0. Else, where that interval leaves no gain (or loss) above
    `smallest_gain`, the bound is the largest that it leaves. Else the study is too small: the bound
    is the smallest difference that it finds in 80 of 100 cases, nan where no trainings differ.
    """
    ends = comparison.simultaneous_low, comparison.simultaneous_high
    low, high = (-ends[1], -ends[0]) if metric.lower else ends
    if math.isnan(comparison.p_step_down):
        return TOO_SMALL, math.nan
    if comparison.p_step_down < alpha:
        gains = (comparison.difference > 0) != metric.lower
        return (GAIN, max(low, 0.0)) if gains else (LOSS, max(-high, 0.0))
    if high <= smallest_gain:
        return NO_GAIN, high
    if -low <= smallest_gain:
        return NO_LOSS, -low
    return TOO_SMALL, comparison.detectable
