"""K-means as measures of clusters use it."""

import warnings
from typing import Any

import numpy as np

from mixtura.measure.blocks import one_thread


def kmeans(x: np.ndarray, clusters: int, seed: int, name: str = "embeddings") -> Any:
    """Fit scikit-learn's K-means to (n, d). Raises ValueError for fewer rows than clusters."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    if not 1 <= clusters <= len(x):
        raise ValueError(f"clusters must be between 1 and the {len(x)} rows of {name}: {clusters}")
    with warnings.catch_warnings(), one_thread():
        # Fewer different rows than clusters: the surplus stays empty, which is the right answer.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(clusters, n_init=1, random_state=seed).fit(x)
