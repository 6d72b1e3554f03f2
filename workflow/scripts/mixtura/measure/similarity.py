"""How much sets of several generators are alike: the nearest row of another set, beside its own."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import polars as pl

from mixtura.core.sets import SetKey
from mixtura.measure.blocks import unit_rows
from mixtura.measure.nearest import neighbours
from mixtura.measure.tables import Similarity

NORMAL = 1.96  # half the width of a 95 % interval, standard errors


def similarity_table(sets: Iterable[tuple[SetKey, str, np.ndarray]], largest: int) -> pl.DataFrame:
    """The table Similarity: every two generators of a pipeline, level and draw.

    sets are their names, embedders and embeddings (n, d); `largest` is the number of real rows
    that a draw leaves out of its name.
    """
    groups: dict[tuple[str, ...], list[tuple[SetKey, np.ndarray]]] = {}
    for key, embedder, embeddings in sets:
        groups.setdefault((embedder, *key[1:]), []).append((key, embeddings))
    rows = []
    for (embedder, *_), members in groups.items():
        for (key, first), (other, second) in combinations(members, 2):
            value, low, high, within = alike(first, second)
            scores = {"n": len(first) + len(second), "value": value, "low": low, "high": high}
            names = {"embedder": embedder, "other": other.generator, "within": within}
            rows.append({**key.columns(largest), **names, **scores})
    return pl.DataFrame(rows, Similarity.types())


def alike(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float, float]:
    """Mean cosine of a row of either set to the nearest of the other, its interval, and within.

    `within` is the same to the nearest other row of its own set: two sets of one source have about
    as much of both, and sets that have nothing in common less of the first.
    """
    x, y = unit_rows(first), unit_rows(second)
    across = np.concatenate([_cosines(x, y), _cosines(y, x)])
    within = np.concatenate([_cosines(x, x, same=True), _cosines(y, y, same=True)])
    mean, error = float(across.mean()), float(across.std(ddof=1) / len(across) ** 0.5)
    return mean, mean - NORMAL * error, mean + NORMAL * error, float(within.mean())


def _cosines(x: np.ndarray, y: np.ndarray, same: bool = False) -> np.ndarray:
    """Cosine of each row of x to the nearest row of y."""
    squared: np.ndarray = np.asarray(neighbours(x, y, 1, same=same))[:, 0]
    return 1 - squared / 2
