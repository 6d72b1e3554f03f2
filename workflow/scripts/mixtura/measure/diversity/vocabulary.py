"""How rich the vocabulary is, whatever the length: MATTR, MTLD, HD-D."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mixtura.measure.words import Text, token_stream


def mattr(texts: Sequence[Text], window: int = 50) -> float:
    """Moving-average type-token ratio over the texts as one stream, 0 to 1 (Covington 2010).

    Raises ValueError if the stream has fewer tokens than the window.
    """
    stream = token_stream(texts)
    if not 1 <= window <= len(stream):
        raise ValueError(f"window must be between 1 and the {len(stream)} tokens, not {window}")
    inside = Counter(stream[:window])
    types = len(inside)
    for leaving, entering in zip(stream, stream[window:], strict=False):
        inside[leaving] -= 1
        if inside[leaving] == 0:
            del inside[leaving]
        inside[entering] += 1
        types += len(inside)
    return types / (len(stream) - window + 1) / window


def mtld(texts: Sequence[Text], threshold: float = 0.72) -> float:
    """Mean length in tokens of stretches whose type-token ratio stays above the threshold.

    McCarthy & Jarvis 2010: mean of a forward and a backward pass over the texts as one stream, the
    rest counted as part of a stretch. A stream that never repeats a word gets its own length, the
    least that its value can be.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must lie between 0 and 1, not {threshold}")
    stream = token_stream(texts)
    return (_stretch(stream, threshold) + _stretch(stream[::-1], threshold)) / 2


def _stretch(stream: list[str], threshold: float) -> float:
    stretches, length, types = 0.0, 0, set()
    for token in stream:
        length += 1
        types.add(token)
        if len(types) / length <= threshold:
            stretches, length, types = stretches + 1, 0, set()
    if length:
        stretches += (1 - len(types) / length) / (1 - threshold)
    return len(stream) / stretches if stretches else float(len(stream))


def hdd(texts: Sequence[Text], sample: int = 42) -> float:
    """Expected type-token ratio of `sample` tokens drawn without replacement (HD-D), 0 to 1.

    McCarthy & Jarvis 2007, over the texts as one stream. Raises ValueError for fewer tokens.
    """
    stream = token_stream(texts)
    n = len(stream)
    if not 1 <= sample <= n:
        raise ValueError(f"sample must be between 1 and the {n} tokens, not {sample}")
    from scipy.stats import hypergeom

    # Many words share a count, and the distribution is slow.
    counts, words_with = np.unique(list(Counter(stream).values()), return_counts=True)
    return float((1 - hypergeom.pmf(0, n, counts, sample)) @ words_with / sample)
