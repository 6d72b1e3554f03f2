"""How good an answer in words is: scores from 0 to 1; of several gold answers the best counts.

Exact match and token F1 compare answers without case, punctuation, articles and surplus spaces: in
English as the script of SQuAD (Rajpurkar et al. 2016), in other languages as that of MLQA (Lewis et
al. 2020, arXiv 1910.07475), which drops punctuation of every script. ROUGE-L is Lin 2004.
"""

import string
from collections import Counter
from collections.abc import Sequence

import regex

from mixtura.core.words import words
from mixtura.measure.diversity.overlap import common_subsequence

ASCII_PUNCTUATION = regex.compile(f"[{regex.escape(string.punctuation)}]+")
PUNCTUATION = regex.compile(rf"[\p{{P}}{regex.escape(string.punctuation)}]+")
ARTICLES = {
    "en": regex.compile(r"\b(?:a|an|the)\b"),
    "es": regex.compile(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
    "vi": regex.compile(r"\b(?:của|là|cái|chiếc|những)\b"),
    "de": regex.compile(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": regex.compile("ال"),  # it is written as part of its word
}
NO_ARTICLE = regex.compile(r"(?!)")
SPACED = ("en", "es", "hi", "vi", "de", "ar")  # the official scripts cut these at spaces alone


def answer_words(answer: str, language: str = "en") -> list[str]:
    """The words of an answer that count; `language` is a code of ISO 639-1.

    In a language that has no official script, and in Chinese, they are those of
    `mixtura.core.words.words`: a sign of Chinese is a word.
    """
    punctuation = ASCII_PUNCTUATION if language == "en" else PUNCTUATION
    bare = punctuation.sub("", answer.lower())
    bare = ARTICLES.get(language, NO_ARTICLE).sub(" ", bare)
    return bare.split() if language in SPACED else words(bare)


def exact_match(predicted: str, gold: Sequence[str], language: str = "en") -> float:
    """1 where the answer is one of the gold answers, else 0."""
    cut = answer_words(predicted, language)
    return float(any(cut == answer_words(answer, language) for answer in gold))


def token_f1(predicted: str, gold: Sequence[str], language: str = "en") -> float:
    """Harmonic mean of precision and recall of the words, as bags."""
    cut = answer_words(predicted, language)
    return max(_token_f1(cut, answer_words(answer, language)) for answer in gold)


def _token_f1(predicted: list[str], gold: list[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    common = sum((Counter(predicted) & Counter(gold)).values())
    return 2 * common / (len(predicted) + len(gold))


def rouge_l(predicted: str, gold: Sequence[str], language: str = "en") -> float:
    """F1 of the longest common subsequence of words, which no language counts in its own way."""
    cut = words(predicted)
    return max(_rouge_l(cut, words(answer)) for answer in gold)


def _rouge_l(predicted: list[str], gold: list[str]) -> float:
    if not predicted or not gold:
        return 0.0
    return 2 * common_subsequence(predicted, gold) / (len(predicted) + len(gold))
