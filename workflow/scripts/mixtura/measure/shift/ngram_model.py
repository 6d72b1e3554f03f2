"""A small n-gram language model, for perplexity without a neural one."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from mixtura.measure.words import Text, words


class NgramModel:
    """A small n-gram language model of words, for perplexity where no neural model is at hand.

    Interpolated absolute discounting (Ney, Essen & Kneser 1994): each order gives the discount of
    what it saw to the next shorter one, the last to a uniform spread over the vocabulary, the end
    of a text and one unknown word. Probabilities after any history sum to 1.
    """

    def __init__(self, texts: Sequence[Text], order: int = 3, discount: float = 0.75) -> None:
        if order < 1 or not 0 < discount < 1:
            raise ValueError(f"order must be at least 1 and 0 < discount < 1: {order}, {discount}")
        self.order, self.discount = order, discount
        # Numbers of words; the unknown one and what stands before a text come after them.
        self.codes: dict[str, int] = {"</s>": 0}
        cut = [words(text) for text in texts]
        for word in chain.from_iterable(cut):
            self.codes.setdefault(word, len(self.codes))
        if len(self.codes) < 2:
            raise ValueError("texts hold no words")
        self.base = len(self.codes) + 2
        places, _ = self._places(cut)
        # For each number of words before: the histories seen, how often and with how many
        # different next words, and the runs of a history and a next word with their counts.
        self.levels = []
        history = np.zeros(len(places[0]), np.int64)
        for back in range(order):
            histories, history = np.unique(
                history * self.base + places[back] if back else history, return_inverse=True
            )
            runs, counts = np.unique(history * self.base + places[0], return_counts=True)
            seen, kinds = np.bincount(history), np.bincount(runs // self.base)
            self.levels.append((histories, seen, kinds, runs, counts))

    def _places(self, texts: Sequence[Text]) -> tuple[list[np.ndarray], np.ndarray]:
        """Codes of all words to predict, of the words 1 ... order - 1 before; number in a text."""
        unknown, start = len(self.codes), [len(self.codes) + 1] * (self.order - 1)
        rows = [[*start, *(self.codes.get(w, unknown) for w in words(t)), 0] for t in texts]
        flat = np.fromiter(chain.from_iterable(rows), np.int64)
        tokens = np.array([len(row) - len(start) for row in rows], np.int64)
        at = np.arange(tokens.sum()) + np.repeat(np.arange(1, len(rows) + 1), tokens) * len(start)
        return [flat[at - back] for back in range(self.order)], tokens

    def _probabilities(self, places: Sequence[np.ndarray]) -> np.ndarray:
        p = np.full(len(places[0]), 1 / (self.levels[0][2][0] + 1))
        history = np.zeros(len(p), np.int64)
        for back, (histories, seen, kinds, runs, counts) in enumerate(self.levels):
            history = _find(histories, history, self.base, places[back] if back else None)
            run = _find(runs, history, self.base, places[0])
            discounted = np.where(run < 0, 0, np.maximum(counts[run] - self.discount, 0))
            longer = (discounted + self.discount * kinds[history] * p) / seen[history]
            p = np.where(history < 0, p, longer)
        return p

    def probability(self, history: tuple[str, ...], word: str) -> float:
        """Probability of a word, or of the end "</s>", after at most order - 1 words.

        "<s>" in the history stands for the place before a text.
        """
        codes = {**self.codes, "<s>": len(self.codes) + 1}
        run = [word, *reversed(history)]
        # -1 is found nowhere: there the history ends.
        places = [
            np.array([codes.get(run[back], len(self.codes)) if back < len(run) else -1])
            for back in range(self.order)
        ]
        return float(self._probabilities(places)[0])

    def log_probs(self, texts: Sequence[Text]) -> tuple[np.ndarray, np.ndarray]:
        """Summed natural log-probability and number of tokens, its end included, of each text."""
        places, tokens = self._places(texts)
        of_text = np.repeat(np.arange(len(texts)), tokens)
        logs = np.log(self._probabilities(places))
        return np.bincount(of_text, weights=logs, minlength=len(texts)), tokens


def _find(keys: np.ndarray, history: np.ndarray, base: int, word: np.ndarray | None) -> np.ndarray:
    """Places in the sorted `keys` of each history with a word before or after it, else -1."""
    runs = (
        history if word is None else np.where((history < 0) | (word < 0), -1, history * base + word)
    )
    at = np.searchsorted(keys, runs).clip(max=len(keys) - 1)
    return np.where(keys[at] == runs, at, -1)
