"""Intervals of measures: what would another n rows of this source give?

Nearly all measures grow or shrink with n, so each is taken on the same number n of rows, drawn once
without replacement. Its 95 % interval answers that question.

A bootstrap would not do: its duplicates make a set less diverse than it is. Instead the measure is
taken again on `repeats` subsets of m < n rows without replacement (Politis & Romano 1994). Subsets
of one set overlap, so they spread less than fresh samples of m rows by sqrt(1 - m / n), while a
sample of n rows spreads less than one of m by sqrt(m / n): the standard error at n is the spread of
the subsets times sqrt(m / (n - m)). m is half of n, where the factor is 1, or `subset` if less. The
interval is value +- Student's t times that error, symmetric around the value at n. Diversity
measures that grow with n spread in proportion to their value, so there the spread is also scaled by
value / mean of the subsets. Not so DCScore at a small tau, which is near n in a subset and well
below it in the set: it has a jackknife (`SoftmaxTrace.intervals`). Texts are taken as independent
draws: near-duplicates from one prompt make the true interval wider. For MMD under no shift it is
too wide, never too narrow. An interval ends where the measure's range ends (`RANGES`): a share
above 1 is no answer.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mixtura.measure.registry import Score
from mixtura.measure.sample import Sample

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("dcscore", "vendi_score", "topic_count", "perplexity"), (1, math.inf)),
    **dict.fromkeys(
        (
            "mean_pairwise_distance",
            "chamfer_distance",
            "knn_distance",
            "nearest_real_distance",
        ),
        (0, 2),
    ),
    **dict.fromkeys(
        (
            "kmeans_inertia",
            "radius",
            "distinct_n",
            "self_bleu",
            "rouge_l_homogenisation",
            "mattr",
            "hdd",
            "precision",
            "recall",
            "coverage",
            "mauve",
            "ngram_jensen_shannon",
            "length_shift",
            "label_shift",
            "tail_loss",
        ),
        (0, 1),
    ),
    "facility_location": (-1, 1),
    "c2st": (-1, 1),
    "mmd": (-math.inf, 2),
    "mmd_test": (-math.inf, 2),
}
"""Range of every measure that is not simply 0 or more; intervals are cut to it."""


@dataclass(frozen=True)
class Spread:
    """Values of one measure on subsets of m out of n rows."""

    values: list[float]
    m: int
    n: int

    @property
    def repeats(self) -> int:
        """Number of subsets."""
        return len(self.values)

    def interval(
        self, value: float | None, grows: bool = False
    ) -> tuple[float, float] | tuple[None, None]:
        """95 % interval around the value at n; see the module's docstring."""
        if value is None or self.repeats < 2:
            return None, None
        from scipy.stats import t

        values = np.array(self.values)
        error = values.std(ddof=1) * math.sqrt(self.m / (self.n - self.m))
        if grows and values.mean() != 0:
            error *= abs(value / values.mean())
        reach = float(t.ppf(0.975, self.repeats - 1) * error)
        return value - reach, value + reach


def within(
    name: str, interval: tuple[float, float] | tuple[None, None]
) -> tuple[float, float] | tuple[None, None]:
    """Cut an interval to the range of its measure."""
    low, high = interval
    if low is None or high is None:
        return None, None
    least, most = RANGES.get(name, (0, math.inf))
    return max(low, least), min(high, most)


def subsets(
    take: Callable[..., list[Score]],
    groups: Sequence[tuple[Sample, ...]],
    scores: Sequence[list[Score]],
    repeats: int,
    subset: int,
    seed: int,
) -> list[list[Spread]]:
    """Values of each group of samples on subsets; none where one is too small for the measure, or
    where the measure has an interval of its own.

    A sample in several groups has the same subsets in all of them.
    """
    n = len(groups[0][0])
    m = min(n // 2, subset)
    values: list[list[list[float]]] = [[[] for _ in group] for group in scores]
    defined = [m >= 1 and all(s.value is not None and not s.interval for s in g) for g in scores]
    for r in range(repeats):
        random = np.random.default_rng([seed, 1000 + r])
        parts: dict[int, Sample] = {}
        for i, group in enumerate(groups):
            if not defined[i]:
                continue
            for sample in group:
                if id(sample) not in parts:
                    parts[id(sample)] = sample.take(random.permutation(n)[:m])
            try:
                results = take(*(parts[id(sample)] for sample in group))
            except ValueError:
                values[i], defined[i] = [[] for _ in scores[i]], False
                continue
            for of_score, result in zip(values[i], results, strict=True):
                of_score.append(float(result.value or 0.0))
    return [[Spread(of_score, m, n) for of_score in group] for group in values]
