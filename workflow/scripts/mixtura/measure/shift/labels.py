"""Shift of labels, or of any values that can be counted."""

from collections import Counter
from collections.abc import Hashable, Iterable


def total_variation(x: Iterable[Hashable], y: Iterable[Hashable]) -> float:
    """Half the summed difference between the shares of each value in two collections, 0 to 1."""
    p, q = _shares(x, "x (real)"), _shares(y, "y (generated)")
    return sum(abs(p.get(value, 0) - q.get(value, 0)) for value in p.keys() | q.keys()) / 2


def _shares(values: Iterable[Hashable], name: str) -> dict[Hashable, float]:
    counts = Counter(values)
    if not counts:
        raise ValueError(f"{name} is empty")
    return {value: count / counts.total() for value, count in counts.items()}


label_shift = total_variation
