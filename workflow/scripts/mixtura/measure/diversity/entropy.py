"""Shannon entropy of labels, topics and lengths."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from mixtura.measure.words import Text, token_lists


def entropy(counts: Iterable[float], normalised: bool = False) -> float:
    """Shannon entropy in nats of the shares that counts stand for: of topics, labels, lengths.

    With `normalised` divided by ln(number of counts above zero), so that 1 is an even spread (and
    0 a single one). Raises ValueError for a negative or non-finite count or if all are zero.
    """
    c = np.asarray(list(counts), float)
    if c.ndim != 1 or not np.isfinite(c).all() or (c < 0).any() or not c.sum() > 0:
        raise ValueError("counts must be numbers from 0 up, at least one of them above 0")
    share = c[c > 0] / c.sum()
    value = float(max(0.0, -(share * np.log(share)).sum()))
    return value / math.log(len(share)) if normalised and len(share) > 1 else value


def label_entropy(labels: Iterable[Hashable], normalised: bool = False) -> float:
    """Shannon entropy in nats of labels or topics, one per text. See `entropy`."""
    return entropy(Counter(labels).values(), normalised)


def length_entropy(texts: Sequence[Text]) -> float:
    """Shannon entropy in nats of the lengths in tokens, each length a class of its own."""
    return label_entropy(map(len, token_lists(texts)))
