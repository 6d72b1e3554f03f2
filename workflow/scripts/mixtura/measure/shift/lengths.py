"""Shift of the lengths of texts in words."""

from collections.abc import Sequence

from mixtura.measure.words import Text, words


def length_shift(x: Sequence[Text], y: Sequence[Text]) -> float:
    """Kolmogorov-Smirnov distance between the lengths of texts in words, 0 to 1."""
    return length_shift_test(x, y)[0]


def length_shift_test(x: Sequence[Text], y: Sequence[Text]) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance between lengths in words and its p-value (conservative: ties)."""
    from scipy.stats import ks_2samp

    lengths = [[len(words(text)) for text in texts] for texts in (x, y)]
    if not all(lengths):
        raise ValueError("x (real) and y (generated) must both hold texts")
    test = ks_2samp(*lengths)
    return float(test.statistic), float(test.pvalue)
