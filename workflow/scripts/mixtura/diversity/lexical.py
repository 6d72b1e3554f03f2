"""Diversity of a set of texts by their words. Sources: section 2 of the paper's notes.

A text is a string, cut into lower-case words by `words`, or a list of tokens of your own (needed
for languages that put no spaces between words). Every function raises ValueError where no text has
what the measure counts. Values depend on the amount of text: compare at equal n and token budget.
"""

import gzip
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, combinations

import numpy as np

Text = str | Sequence[str]

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def words(text: Text) -> list[str]:
    """Cut a string into lower-case words without punctuation; a list of tokens stays as it is."""
    return _WORD.findall(text.lower()) if isinstance(text, str) else list(text)


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """All runs of n neighbouring tokens, in order."""
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def _tokens(texts: Sequence[Text], least: int = 1) -> list[list[str]]:
    if isinstance(texts, str):
        raise ValueError("texts must be a list of texts, not one string")
    if len(texts) < least:
        raise ValueError(f"texts must have at least {least} entries, not {len(texts)}")
    cut = [words(text) for text in texts]
    if not any(cut):
        raise ValueError("texts hold no words")
    return cut


def _stream(texts: Sequence[Text]) -> list[str]:
    return list(chain.from_iterable(_tokens(texts)))


def _sample(texts: Sequence[Text], sample: int | None, seed: int) -> list[list[str]]:
    if sample is not None and sample < 2:
        raise ValueError(f"sample must be at least 2, not {sample}")
    cut = [tokens for tokens in _tokens(texts, 2) if tokens]
    if len(cut) < 2:
        raise ValueError("fewer than 2 texts hold words")
    if sample is None or sample >= len(cut):
        return cut
    chosen = np.random.default_rng(seed).choice(len(cut), sample, replace=False)
    return [cut[i] for i in chosen]


def distinct_n(texts: Sequence[Text], n: int = 2, tokens: int | None = None) -> float:
    """Share of different n-grams among all n-grams, 0 to 1 (Li et al. 2016, arXiv 1510.03055).

    n-grams do not cross texts. With `tokens` only the first so many tokens of the texts in their
    order are read: the value falls with the amount of text, so give the same budget to every set.
    Raises ValueError if there are fewer tokens than the budget, or no n-gram at all.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    cut = _tokens(texts)
    if tokens is not None:
        cut = _first_tokens(cut, tokens)
    total = sum(max(0, len(text) - n + 1) for text in cut)
    if total == 0:
        raise ValueError(f"no text has {n} words: there are no {n}-grams")
    return len(set(chain.from_iterable(ngrams(text, n) for text in cut))) / total


def _first_tokens(cut: list[list[str]], budget: int) -> list[list[str]]:
    held = sum(map(len, cut))
    if not 1 <= budget <= held:
        raise ValueError(f"tokens must be between 1 and the {held} that the texts hold: {budget}")
    kept = []
    for text in cut:
        kept.append(text[:budget])
        budget -= len(kept[-1])
        if budget == 0:
            break
    return kept


def ngram_diversity(texts: Sequence[Text], n: int = 4, tokens: int | None = None) -> float:
    """Sum of distinct-1 to distinct-n, 0 to n (Meister et al. 2023; Padmakumar & He 2024)."""
    cut = _tokens(texts)
    return sum(distinct_n(cut, size, tokens) for size in range(1, n + 1))


def self_bleu(texts: Sequence[Text], n: int = 4, sample: int | None = 1000, seed: int = 0) -> float:
    """Mean BLEU of each text against all others, 0 to 1, lower is more diverse (Zhu et al. 2018).

    BLEU as sacrebleu's sentence score: clipped precisions of orders 1 to n, exponential smoothing,
    orders longer than the text left out, brevity against the closest length. At most `sample` texts
    take part, drawn without replacement; the value grows with it. Texts without words are left out.
    """
    cut = _sample(texts, sample, seed)
    lengths = sorted(map(len, cut))
    counts = [[Counter(ngrams(text, size)) for text in cut] for size in range(1, n + 1)]
    ceilings = [_two_largest(order) for order in counts]
    scores = []
    for i, text in enumerate(cut):
        logs, smooth, shared = [], 1.0, False
        for order, ceiling in zip(counts, ceilings, strict=True):
            own = order[i]
            if not own:
                break
            # The most any OTHER text has of this n-gram: the runner-up where this text leads.
            matched = sum(
                min(c, ceiling[g][1] if ceiling[g][2] == i else ceiling[g][0])
                for g, c in own.items()
            )
            if matched:
                shared = True
            else:
                smooth *= 2
            logs.append(math.log((matched or 1 / smooth) / own.total()))
        if not shared:
            scores.append(0.0)
            continue
        closest = _closest_other(lengths, len(text))
        brevity = min(0.0, 1 - closest / len(text))
        scores.append(math.exp(brevity + sum(logs) / len(logs)))
    return sum(scores) / len(scores)


def _two_largest(order: list[Counter]) -> dict[Hashable, tuple[int, int, int]]:
    """Largest count of each n-gram in one text, second largest in another, holder of the first."""
    best: dict[Hashable, tuple[int, int, int]] = {}
    for i, counter in enumerate(order):
        for gram, count in counter.items():
            first, second, holder = best.get(gram, (0, 0, -1))
            if count > first:
                best[gram] = (count, first, i)
            elif count > second:
                best[gram] = (first, count, holder)
    return best


def _closest_other(lengths: list[int], own: int) -> int:
    at = bisect_left(lengths, own)
    around = lengths[max(0, at - 1) : at] + lengths[at + 1 : at + 2]
    return min(around, key=lambda length: (abs(length - own), length))


def rouge_l_homogenisation(texts: Sequence[Text], sample: int | None = 200, seed: int = 0) -> float:
    """Mean ROUGE-L F1 over all pairs of texts, 0 to 1, lower is more diverse.

    Padmakumar & He 2024 (arXiv 2309.05196), with ROUGE-L of Lin 2004 at equal weight of precision
    and recall. Time grows with sample^2. Texts without words are left out.
    """
    cut = _sample(texts, sample, seed)
    places = [_places(text) for text in cut]
    scores = [
        2 * _common_subsequence(places[i], len(cut[i]), cut[j]) / (len(cut[i]) + len(cut[j]))
        for i, j in combinations(range(len(cut)), 2)
    ]
    return sum(scores) / len(scores)


def common_subsequence(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence of two lists of words."""
    return _common_subsequence(_places(a), len(a), b)


def _places(tokens: list[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for i, token in enumerate(tokens):
        places[token] = places.get(token, 0) | 1 << i
    return places


def _common_subsequence(places: dict[str, int], length: int, other: list[str]) -> int:
    """Length of the longest common subsequence, a row of its table per big-integer step.

    Hyyro 2004: bit i of `row` is 0 where the table grows at place i of the first text.
    """
    full = (1 << length) - 1
    row = full
    for token in other:
        match = row & places.get(token, 0)
        row = ((row + match) | (row - match)) & full
    return length - row.bit_count()


def compression_ratio(texts: Sequence[str]) -> float:
    """Bytes over gzip-compressed bytes of the texts joined by newlines, lower is more diverse.

    Shaib et al. 2024 (arXiv 2403.00553). gzip sees repetition within 32 KiB only. Raises
    ValueError if there is nothing to compress.
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts must be a list of strings")
    raw = "\n".join(texts).encode()
    if not raw.strip():
        raise ValueError("texts are empty: there is nothing to compress")
    return len(raw) / len(gzip.compress(raw, mtime=0))


def self_repetition(texts: Sequence[Text], n: int = 4) -> float:
    """Mean over texts of ln(1 + s), lower is more diverse (Salkar et al. 2022).

    s sums, over the different n-grams of a text, the number of other texts that hold it.
    Raises ValueError if no text has n words.
    """
    grams = [set(ngrams(text, n)) for text in _tokens(texts)]
    holders = Counter(chain.from_iterable(grams))
    if not holders:
        raise ValueError(f"no text has {n} words: there are no {n}-grams")
    return sum(math.log1p(sum(holders[g] - 1 for g in own)) for own in grams) / len(grams)


def mattr(texts: Sequence[Text], window: int = 50) -> float:
    """Moving-average type-token ratio over the texts as one stream, 0 to 1 (Covington 2010).

    Raises ValueError if the stream has fewer tokens than the window.
    """
    stream = _stream(texts)
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
    stream = _stream(texts)
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
    stream = _stream(texts)
    n = len(stream)
    if not 1 <= sample <= n:
        raise ValueError(f"sample must be between 1 and the {n} tokens, not {sample}")
    from scipy.stats import hypergeom

    # Many words share a count, and the distribution is slow.
    counts, words_with = np.unique(list(Counter(stream).values()), return_counts=True)
    return float((1 - hypergeom.pmf(0, n, counts, sample)) @ words_with / sample)


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
    return label_entropy(map(len, _tokens(texts)))


def llm_cluster_score(
    texts: Sequence[str],
    cluster: Callable[[list[str]], Sequence[Hashable]],
    sample: int = 10,
    repeats: int = 100,
    seed: int = 0,
) -> float:
    """LLM cluster score (arXiv 2410.15226, eq. 1): mean of clusters / mean cluster size.

    `cluster` gets `sample` texts, drawn without replacement, `repeats` times and returns a label
    for each: an LLM, or anything that groups texts. Between 1 / sample and sample. Raises
    ValueError for too few texts or if `cluster` returns another number of labels.
    """
    if not 1 <= sample <= len(texts):
        raise ValueError(f"sample must be between 1 and the {len(texts)} texts, not {sample}")
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    random = np.random.default_rng(seed)
    scores = []
    for _ in range(repeats):
        chosen = [texts[i] for i in random.choice(len(texts), sample, replace=False)]
        labels = list(cluster(chosen))
        if len(labels) != sample:
            raise ValueError(f"cluster returned {len(labels)} labels for {sample} texts")
        scores.append(len(set(labels)) ** 2 / sample)
    return sum(scores) / repeats
