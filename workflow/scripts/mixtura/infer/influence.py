"""Scores of runs, and how much each group of test rows moves them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mixtura.infer.metrics import Array, Metric


class RunScores(NamedTuple):
    """Scores of the runs of one arm, or the differences of its runs to those of another."""

    values: Array  # (runs,)
    influence: Array  # (runs, groups): mean 0; its mean square over groups is the rows' variance

    def minus(self, other: "RunScores") -> "RunScores":
        """The differences to the runs of another arm, in the same order, on the same rows."""
        return RunScores(self.values - other.values, self.influence - other.influence)

    def at(self, places: Sequence[int]) -> "RunScores":
        """The scores of some of the runs."""
        return RunScores(self.values[list(places)], self.influence[list(places)])


def run_scores(gold: Array, predicted: Array, metric: Metric, groups: Array) -> RunScores:
    """Scores of runs; gold (items,), predicted (runs, items) or (runs, items, columns).

    groups is (items,), codes from 0: rows of one group, such as the questions on one passage, are
    left out together. Raises ValueError for fewer than 2 groups.

    Source: the delete-a-group jackknife, Efron and Stein 1981; for a mean it is exact.
    """
    count = int(groups.max()) + 1 if groups.size else 0
    if count < 2:
        raise ValueError(f"needs 2 test rows (or groups of them) or more, not {count}")
    parts = metric.parts(gold, predicted).astype(float)
    if count < groups.size:
        order = np.argsort(groups, kind="stable")
        starts = np.searchsorted(groups[order], np.arange(count))
        parts = np.add.reduceat(parts[:, order], starts, axis=1)
    sums = parts.sum(axis=1, keepdims=True)
    without = metric.value(sums - parts)
    influence = (count - 1) * (without.mean(axis=1, keepdims=True) - without)
    return RunScores(metric.value(sums[:, 0]), influence)
