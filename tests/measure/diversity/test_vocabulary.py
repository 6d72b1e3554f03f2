"""MATTR, MTLD and HD-D by hand."""

import pytest

from mixtura.measure.diversity import hdd, mattr, mtld

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log!",
    "A bird flew over the old house, and the cat saw it.",
    "The cat sat on the old mat and the dog saw it.",
]


def test_mattr_by_hand():
    # Windows of two: ab, ba, aa -> 2, 2, 1 types.
    assert mattr(["a b", "a a"], window=2) == pytest.approx(5 / 6)
    with pytest.raises(ValueError, match="the 4 tokens"):
        mattr(["a b a a"], window=5)


def test_mtld_by_hand():
    # Every "a a" falls to 1/2 <= 0.72: three stretches of two tokens, either way.
    assert mtld(["a a a a a a"]) == pytest.approx(2)
    # "a a" is one stretch, the rest "b" none; backward "b a" keeps 1, "b a a" falls to 2/3.
    assert mtld(["a a b"]) == pytest.approx(3)
    # Forward: a b a = 2/3, one stretch, then "c" with ratio 1. Backward: c a b a = 3/4,
    # a quarter of the way down from 1 to 0.72 is 0.25 / 0.28 of a stretch.
    assert mtld(["a b a c"]) == pytest.approx((4 + 4 * 0.28 / 0.25) / 2)
    assert mtld(["a b c"]) == 3
    with pytest.raises(ValueError, match="threshold"):
        mtld(TEXTS, threshold=1)


def test_hdd_is_the_expected_ratio():
    # Two of a a b: aa or ab, ab -> types 1, 2, 2.
    assert hdd(["a a b"], sample=2) == pytest.approx(5 / 6)
    assert hdd(TEXTS, sample=1) == pytest.approx(1)
    with pytest.raises(ValueError, match="sample"):
        hdd(["a b"])
