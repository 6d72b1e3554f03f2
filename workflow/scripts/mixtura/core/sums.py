"""Sums of the statistics of jobs."""

from collections.abc import Mapping
from typing import Any


def added(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of two statistics: numbers by key, and so within their dictionaries."""
    total = dict(left)
    for key, value in right.items():
        before = total.get(key)
        if isinstance(value, Mapping):
            total[key] = added(before or {}, value)
        else:
            total[key] = value + (before or 0)
    return total
