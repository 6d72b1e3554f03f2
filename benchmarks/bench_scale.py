"""Quadratic measures at n = 100,000: time grows as n squared, memory with n."""

from collections.abc import Callable, Iterator
from typing import Any

from measuring import Row, compare, unit

from mixtura.measure import diversity, shift

TITLE = "Measures at n = 100,000"


def run(quick: bool = False) -> Iterator[Row]:
    """Yield one row a measure, about 20 minutes; quick: a fifth of the texts."""
    n = 20_000 if quick else 100_000
    x, y = unit(n), unit(n, seed=1)
    cases: dict[str, Callable[[], Any]] = {
        "dcscore": lambda: diversity.dcscore(x),
        "chamfer_distance": lambda: diversity.chamfer_distance(x),
        "knn_distance k=5": lambda: diversity.knn_distance(x),
        "nearest_real_distance": lambda: shift.nearest_real_distance(x, y),
        "prdc": lambda: shift.prdc(x, y),
        "novelsum": lambda: diversity.novelsum(x, y),
    }
    for name, function in cases.items():
        yield compare(f"{name} n={n} d=384", function, "none", None, "< 1000 MB")
