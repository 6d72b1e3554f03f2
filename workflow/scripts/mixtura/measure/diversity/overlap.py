"""How much texts resemble each other word by word: self-BLEU and ROUGE-L."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import combinations

from mixtura.measure.words import Text, ngrams, token_sample


def self_bleu(texts: Sequence[Text], n: int = 4, sample: int | None = 1000, seed: int = 0) -> float:
    """Mean BLEU of each text against all others, 0 to 1, lower is more diverse (Zhu et al. 2018).

    BLEU as sacrebleu's sentence score: clipped precisions of orders 1 to n, exponential smoothing,
    orders longer than the text left out, brevity against the closest length. At most `sample` texts
    take part, drawn without replacement; the value grows with it. Texts without words are left out.
    """
    cut = token_sample(texts, sample, seed)
    lengths = sorted(map(len, cut))
    counts = [[Counter(ngrams(text, size)) for text in cut] for size in range(1, n + 1)]
    ceilings = [_two_largest(order) for order in counts]
    scores = []
    for i, text in enumerate(cut):
        logs, smooth, shared = [], 1.0, False
        for order, ceiling in zip(counts, ceilings, strict=True):
            grams = order[i]
            if not grams:
                break
            # The most any OTHER text has of this n-gram: the runner-up where this text leads.
            matched = sum(
                min(c, ceiling[g][1] if ceiling[g][2] == i else ceiling[g][0])
                for g, c in grams.items()
            )
            if matched:
                shared = True
            else:
                smooth *= 2
            logs.append(math.log((matched or 1 / smooth) / grams.total()))
        if not shared:
            scores.append(0.0)
            continue
        closest = _closest_other(lengths, len(text))
        brevity = min(0.0, 1 - closest / len(text))
        scores.append(math.exp(brevity + sum(logs) / len(logs)))
    return sum(scores) / len(scores)


def _two_largest(order: list[Counter[tuple[str, ...]]]) -> dict[Hashable, tuple[int, int, int]]:
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


def _closest_other(lengths: list[int], of_text: int) -> int:
    at = bisect_left(lengths, of_text)
    around = lengths[max(0, at - 1) : at] + lengths[at + 1 : at + 2]
    return min(around, key=lambda length: (abs(length - of_text), length))


def rouge_l_homogenisation(texts: Sequence[Text], sample: int | None = 200, seed: int = 0) -> float:
    """Mean ROUGE-L F1 over all pairs of texts, 0 to 1, lower is more diverse.

    Padmakumar & He 2024 (arXiv 2309.05196), with ROUGE-L of Lin 2004 at equal weight of precision
    and recall. Time grows with sample^2. Texts without words are left out.
    """
    cut = token_sample(texts, sample, seed)
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
