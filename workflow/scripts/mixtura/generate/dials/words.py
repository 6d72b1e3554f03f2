"""Content words of texts: how many texts hold each, and what is rare in a text."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import regex

from mixtura.core.words import words

LETTERS = regex.compile(r"[\p{L}\p{M}]+")
IDEOGRAPHS = regex.compile(r"\p{Han}{2,}")
OF_LETTERS = frozenset(("attached", "sincerely", "faithfully"))  # beside the stop words


@cache
def _stop_words(language: str) -> frozenset[str]:
    from stopwordsiso import has_lang, stopwords

    known = stopwords(language) if has_lang(language) else set()
    return frozenset(form for word in known for form in (word, *words(word)))


def content_words(text: str, language: str) -> set[str]:
    """The different words of a text that say what it is about, without stop words.

    They are of four letters or longer, in scripts without capitals of three. Chinese puts no space
    between words: two neighbouring signs of which neither is a stop word stand for one (bigrams, as
    in retrieval: Nie, Gao, Zhang and Zhou 2000). `language` is a code of ISO 639-1.
    """
    stop = _stop_words(language)
    content = {
        word
        for word in words(text)
        if len(word) >= 3 + (word.upper() != word) and LETTERS.fullmatch(word)
    }
    pairs = {
        first + second
        for run in IDEOGRAPHS.findall(text)
        for first, second in pairwise(run)
        if not {first, second} & stop
    }
    return (content | pairs) - stop - OF_LETTERS


def count_words(texts: Sequence[str], language: str) -> Counter[str]:
    """How many of the texts hold each content word."""
    return Counter(word for text in texts for word in content_words(text, language))


def ranked_words(texts: Sequence[str], language: str) -> list[str]:
    """Content words, those that most texts hold first; ties in alphabetical order."""
    counts = count_words(texts, language)
    return sorted(counts, key=lambda word: (-counts[word], word))


def rarity(texts: Sequence[str], language: str) -> list[float]:
    """Mean inverse document frequency, ln(n / texts with the word), of each text's content words.

    Frequencies are those in `texts` itself. A text without content words has 0.
    """
    word_sets = [content_words(text, language) for text in texts]
    counts = Counter(word for words in word_sets for word in words)
    return [
        math.fsum(math.log(len(texts) / counts[word]) for word in sorted(words))
        / max(len(words), 1)
        for words in word_sets
    ]
