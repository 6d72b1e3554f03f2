"""An effect with its interval and p-value."""

from typing import NamedTuple


class Difference(NamedTuple):
    """An effect with its interval, in its unit, and the two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float
