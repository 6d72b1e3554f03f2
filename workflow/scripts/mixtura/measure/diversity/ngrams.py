"""How many different n-grams the texts hold, and how often texts share them."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from mixtura.measure.words import Text, ngrams, token_lists


def distinct_n(texts: Sequence[Text], n: int = 2, tokens: int | None = None) -> float:
    """Share of different n-grams among all n-grams, 0 to 1 (Li et al. 2016, arXiv 1510.03055).

    n-grams do not cross texts. With `tokens` only the first so many tokens of the texts in their
    order are read: the value falls with the amount of text, so give the same budget to every set.
    Raises ValueError if there are fewer tokens than the budget, or no n-gram at all.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    cut = token_lists(texts)
    if tokens is not None:
        cut = _first_tokens(cut, tokens)
    total = sum(max(0, len(text) - n + 1) for text in cut)
    if total == 0:
        raise ValueError(f"no text has {n} words: there are no {n}-grams")
    return len(set(chain.from_iterable(ngrams(text, n) for text in cut))) / total


def _first_tokens(cut: list[list[str]], budget: int) -> list[list[str]]:
    total = sum(map(len, cut))
    if not 1 <= budget <= total:
        raise ValueError(f"tokens must be between 1 and the {total} that the texts hold: {budget}")
    first = []
    for text in cut:
        first.append(text[:budget])
        budget -= len(first[-1])
        if budget == 0:
            break
    return first


def ngram_diversity(texts: Sequence[Text], n: int = 4, tokens: int | None = None) -> float:
    """Sum of distinct-1 to distinct-n, 0 to n (Meister et al. 2023; Padmakumar & He 2024)."""
    cut = token_lists(texts)
    return sum(distinct_n(cut, size, tokens) for size in range(1, n + 1))


def self_repetition(texts: Sequence[Text], n: int = 4) -> float:
    """Mean over texts of ln(1 + s), lower is more diverse (Salkar et al. 2022).

    s sums, over the different n-grams of a text, the number of other texts that hold it.
    Raises ValueError if no text has n words.
    """
    grams = [set(ngrams(text, n)) for text in token_lists(texts)]
    holders = Counter(chain.from_iterable(grams))
    if not holders:
        raise ValueError(f"no text has {n} words: there are no {n}-grams")
    return sum(math.log1p(sum(holders[g] - 1 for g in of_text)) for of_text in grams) / len(grams)
