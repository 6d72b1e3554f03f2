"""The words of a text: what measures of n-grams, lengths and vocabulary count.

A text is a string, cut by `words`, or a list of tokens that another tool cut (one that knows the
words of Chinese or Thai, say). Every function raises ValueError where no text has words.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from mixtura.core.words import words as text_words

Text = str | Sequence[str]


def words(text: Text) -> list[str]:
    """Cut a string into its words (`mixtura.core.words.words`); a list of tokens stays as it is."""
    return text_words(text) if isinstance(text, str) else list(text)


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """All runs of n neighbouring tokens, in order."""
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def token_lists(texts: Sequence[Text], least: int = 1) -> list[list[str]]:
    """Cut every text into words. Raises ValueError for fewer than `least` texts, or no word."""
    if isinstance(texts, str):
        raise ValueError("texts must be a list of texts, not one string")
    if len(texts) < least:
        raise ValueError(f"texts must have at least {least} entries, not {len(texts)}")
    cut = [words(text) for text in texts]
    if not any(cut):
        raise ValueError("texts hold no words")
    return cut


def token_stream(texts: Sequence[Text]) -> list[str]:
    """Return the words of all texts, one text after the other."""
    return list(chain.from_iterable(token_lists(texts)))


def token_sample(texts: Sequence[Text], sample: int | None, seed: int) -> list[list[str]]:
    """Cut at most `sample` texts with words, drawn without replacement; ValueError for under 2."""
    if sample is not None and sample < 2:
        raise ValueError(f"sample must be at least 2, not {sample}")
    cut = [tokens for tokens in token_lists(texts, 2) if tokens]
    if len(cut) < 2:
        raise ValueError("fewer than 2 texts hold words")
    if sample is None or sample >= len(cut):
        return cut
    chosen = np.random.default_rng(seed).choice(len(cut), sample, replace=False)
    return [cut[i] for i in chosen]
