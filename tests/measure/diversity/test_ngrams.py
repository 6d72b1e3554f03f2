"""Different n-grams, and n-grams that texts share."""

import math

import pytest

from mixtura.measure.diversity import distinct_n, ngram_diversity, self_repetition


def test_distinct_by_hand():
    assert distinct_n(["a b a b"], 1) == 0.5
    assert distinct_n(["a b a b"], 2) == pytest.approx(2 / 3)
    # n-grams do not cross texts.
    assert distinct_n(["a b", "a b"], 2) == 0.5
    assert distinct_n(["a b", "a c d", "e"], 1, tokens=3) == pytest.approx(2 / 3)
    assert ngram_diversity(["a b c d e"]) == 4
    with pytest.raises(ValueError, match="between 1 and the 4"):
        distinct_n(["a b c d"], tokens=5)
    with pytest.raises(ValueError, match="no 3-grams"):
        distinct_n(["a b"], 3)


def test_self_repetition_by_hand():
    # "a b c d" is in two texts; the second text has one 4-gram more of its own.
    value = self_repetition(["a b c d", "a b c d e", "v w x y"])
    assert value == pytest.approx(2 * math.log(2) / 3)
    assert self_repetition(["a b c d a b c d"]) == 0
    with pytest.raises(ValueError, match="4-grams"):
        self_repetition(["a b c"])
