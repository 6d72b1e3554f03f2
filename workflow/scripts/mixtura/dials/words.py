"""Content words of texts: how many texts hold each, and what is rare in a text."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache


@cache
def _analyser() -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(stop_words="english", token_pattern=r"(?u)\b[^\W\d_]{4,}\b")
    analyser: Callable[[str], list[str]] = words.build_analyzer()
    return analyser


def content_words(text: str) -> set[str]:
    """The different words of a text that are four letters or longer and no stop words."""
    return set(_analyser()(text))


def count_words(texts: Sequence[str]) -> Counter[str]:
    """How many of the texts hold each content word."""
    return Counter(word for text in texts for word in content_words(text))


def ranked_words(texts: Sequence[str]) -> list[str]:
    """Content words, those that most texts hold first; ties in alphabetical order."""
    counts = count_words(texts)
    return sorted(counts, key=lambda word: (-counts[word], word))


def rarity(texts: Sequence[str]) -> list[float]:
    """Mean inverse document frequency, ln(n / texts with the word), of each text's content words.

    Frequencies are those in `texts` itself. A text without content words has 0.
    """
    counts = count_words(texts)
    found = [content_words(text) for text in texts]
    return [
        math.fsum(math.log(len(texts) / counts[word]) for word in sorted(words))
        / max(len(words), 1)
        for words in found
    ]
