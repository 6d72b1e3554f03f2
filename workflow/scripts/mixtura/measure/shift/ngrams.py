"""Jensen-Shannon divergence between the n-grams of two sets of texts."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from mixtura.measure.words import Text, words


def ngram_jensen_shannon(x: Sequence[Text], y: Sequence[Text], n: int = 1) -> float:
    """Jensen-Shannon divergence in bits between the n-gram shares of two sets of texts, 0 to 1.

    Lin 1991; scipy.spatial.distance.jensenshannon is its square root. It never reaches 0 on two
    finite draws of one source: compare with the noise floor. Raises ValueError without n-grams.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    p, q = _gram_counts(x, y, n)
    for name, counts in (("x (real)", p), ("y (generated)", q)):
        if not counts.sum():
            raise ValueError(f"the {n}-grams of {name} is empty")
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    total = 0.0
    for share in (p, q):
        positive = share > 0
        total += float((share[positive] * np.log2(share[positive] / middle[positive])).sum()) / 2
    return total


def _gram_counts(x: Sequence[Text], y: Sequence[Text], n: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each n-gram of two sets of texts occurs in the first and in the second."""
    cut = [words(text) for texts in (x, y) for text in texts]
    codes: dict[str, int] = {}
    flat = np.array([codes.setdefault(w, len(codes)) for w in chain.from_iterable(cut)], np.int64)
    lengths = np.array([len(tokens) for tokens in cut], np.int64)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(flat))
    generated_word = np.repeat(np.arange(len(cut)) >= len(x), lengths)
    places = max(0, len(flat) - n + 1)
    grams = flat[:places]
    for k in range(1, n):
        # Numbered anew each time, so that a number never grows past what an integer holds.
        pairs = grams * len(codes) + flat[k : k + places]
        grams = np.unique(pairs, return_inverse=True)[1]
    whole, generated_word = left[:places] >= n, generated_word[:places]
    kinds = int(grams.max(initial=-1)) + 1
    real, generated = (
        np.bincount(grams[whole & side], minlength=kinds).astype(float)
        for side in (~generated_word, generated_word)
    )
    return real, generated
