"""How good an answer in words is: scores from 0 to 1; of several gold answers the best counts.

Exact match and token F1 follow the rules of SQuAD (Rajpurkar et al. 2016): lower case, no
punctuation, no English articles, single spaces. ROUGE-L is Lin 2004 on lower-case words.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence

from mixtura.diversity.lexical import common_subsequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(answer: str) -> str:
    """An answer without what SQuAD does not count."""
    bare = answer.lower().translate(_PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def exact_match(predicted: str, gold: Sequence[str]) -> float:
    """1 where the answer is one of the gold answers, else 0."""
    return float(normalise_answer(predicted) in map(normalise_answer, gold))


def token_f1(predicted: str, gold: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of the words, as bags."""
    return max(_token_f1(normalise_answer(predicted), normalise_answer(one)) for one in gold)


def _token_f1(predicted: str, gold: str) -> float:
    said, wanted = predicted.split(), gold.split()
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))


def rouge_l(predicted: str, gold: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words."""
    return max(_rouge_l(_words(predicted), _words(one)) for one in gold)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _rouge_l(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return 0.0
    return 2 * common_subsequence(said, wanted) / (len(said) + len(wanted))
