"""Does the gain depend on what training holds equal, steps or passes over the real rows?"""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.cells import cells_of, over_replicates
from mixtura.infer.hypotheses.gains import SET, Gains
from mixtura.infer.hypotheses.rows import HypothesisRow, estimated, row_of
from mixtura.infer.settings import TrainingLength


def gains_by_regime(gains: Gains, lengths: Mapping[str, TrainingLength]) -> Iterator[HypothesisRow]:
    """The mean gain in one regime minus that in another, of the same weights on the same mixes.

    Nothing is said of a study that has no two downstream models of one model in two regimes.
    """
    models = [name for name in gains.at["model"].unique(maintain_order=True) if name in lengths]
    for first, second in combinations(models, 2):
        first_length, second_length = lengths[first], lengths[second]
        if (
            first_length.weights != second_length.weights
            or first_length.regime == second_length.regime
        ):
            continue
        mixes = [*SET, "source", "n_real", "n_generated"]
        cells = cells_of(gains.only(pl.col("model").is_in([first, second])), [*mixes, "model"])
        both = cells.only(np.bincount(cells.strata(*mixes), minlength=1)[cells.strata(*mixes)] == 2)
        if not both.count:
            continue
        sign = np.where(both.at["model"] == first, 1, -1) / (both.count / 2)
        result = over_replicates(np.einsum("k,rkb->rb", sign, both.y), both)
        columns = estimated(
            result, f"mean gain by {first_length.regime} minus that by {second_length.regime}"
        )
        columns |= {"x": f"{first} and {second}", "method": "difference"}
        yield row_of("regimes", both, **columns)
