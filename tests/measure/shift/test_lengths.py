"""Shift of lengths."""

import pytest

from mixtura.measure.shift import length_shift, length_shift_test


def test_length_shift_by_hand():
    assert length_shift(["a", "a b"], ["a", "a"]) == 0.5
    value, p = length_shift_test(["a"] * 30, ["a b"] * 30)
    assert value == 1 and p < 1e-6
    with pytest.raises(ValueError, match="texts"):
        length_shift([], ["a"])
