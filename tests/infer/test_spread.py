"""P-values over replicates, of statistics whose truth is no effect."""

import numpy as np
import pytest

from mixtura.infer.spread import SeedScores, p_value, spread_of

STUDIES, RESAMPLES, ITEMS = 1000, 100, 300


@pytest.mark.parametrize("replicates", [3, 5, 8])
@pytest.mark.parametrize(
    ("shared", "of_replicates"),
    [(0.0, 0.7), (0.5, 0.5), (1.0, 0.0)],
    ids=["replicates differ", "both", "test rows alone"],
)
def test_p_values_hold_their_level_with_few_replicates(shared, of_replicates, replicates):
    """`shared` is what the test rows do to all replicates alike, 0.7 what they do to each."""
    rng = np.random.default_rng([replicates, int(10 * shared)])
    p = np.empty(STUDIES)
    for study in range(STUDIES):
        values = shared * rng.normal() + of_replicates * rng.normal(size=replicates)
        values = values + 0.7 * rng.normal(size=replicates)
        resampled = values[:, None] + shared * rng.normal(size=RESAMPLES)
        resampled = resampled + 0.7 * rng.normal(size=(replicates, RESAMPLES))
        p[study] = p_value(spread_of(SeedScores(values, resampled, ITEMS)))
    for level in (0.05, 0.01):
        chance = 3 * np.sqrt(level * (1 - level) / STUDIES)
        assert level / 5 < np.mean(p < level) < level + chance
