"""Entropy of labels and lengths."""

import math

import pytest

from mixtura.measure.diversity import entropy, label_entropy, length_entropy


def test_entropies():
    assert entropy([1, 1, 0, 2]) == pytest.approx(1.5 * math.log(2))
    assert entropy([5]) == 0
    assert entropy([3, 3, 3], normalised=True) == pytest.approx(1)
    assert label_entropy(["x", "y", "x", "y"]) == pytest.approx(math.log(2))
    assert length_entropy(["a", "b c", "d e"]) == pytest.approx(entropy([1, 2]))
    for bad in ([], [0, 0], [-1, 2], [math.nan]):
        with pytest.raises(ValueError, match="counts"):
            entropy(bad)
