"""Corrections of p-values for many comparisons."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm-adjusted p-values of one family, nan kept; controls the chance of any false finding.

    Source: Holm 1979, by statsmodels. Raises ValueError outside 0 to 1.
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p, dtype=float)
    valid = ~np.isnan(adjusted)
    if ((adjusted[valid] < 0) | (adjusted[valid] > 1)).any():
        raise ValueError("p-values must lie between 0 and 1")
    if valid.any():
        adjusted[valid] = multipletests(adjusted[valid], method="holm")[1]
    return adjusted
