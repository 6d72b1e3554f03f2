"""Shift of labels."""

import pytest

from mixtura.measure.shift import label_shift


def test_label_shift_by_hand():
    assert label_shift("aab", "abb") == pytest.approx(1 / 3)
    assert label_shift([1, 2], [3]) == 1
    with pytest.raises(ValueError, match="empty"):
        label_shift([], [1])
