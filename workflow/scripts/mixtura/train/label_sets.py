"""Several labels a row: a probability of each label, and the labels above a threshold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.train.predictions import LEAST

THRESHOLD = 0.5  # where there are no development rows
THRESHOLDS = np.arange(1, 20) / 20
Floats = NDArray[np.floating[Any]]


def multi_hot(sets: pl.Series, labels: Sequence[str]) -> NDArray[np.float32]:
    """(rows, labels): 1 where a row has a label, else 0; `sets` are lists of words, null is none.

    Raises ValueError for a word that is none of the labels.
    """
    words = set(sets.explode().drop_nulls())
    if unknown := words - set(labels):
        raise ValueError(f"labels {sorted(unknown)} are not of the task {list(labels)}")
    has = [sets.list.contains(label).fill_null(False).to_numpy() for label in labels]
    return np.stack(has, axis=1).astype(np.float32)


def binary_log_loss(probabilities: Floats, gold: Floats) -> float:
    """Mean negative log-probability of what is right of each row and label, nats."""
    right = np.where(gold > 0, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(right, LEAST)).mean())


def best_threshold(probabilities: Floats, gold: Floats) -> float:
    """The threshold with the highest micro F1 on development rows, of equals the nearest to 0.5.

    THRESHOLD where there are no rows, or no label is ever right.
    """
    if not gold.sum():
        return THRESHOLD
    scores = {}
    for threshold in THRESHOLDS:
        chosen = probabilities >= threshold
        scores[float(threshold)] = 2 * (chosen * gold).sum() / (chosen.sum() + gold.sum())
    return max(scores, key=lambda threshold: (scores[threshold], -abs(threshold - THRESHOLD)))


def label_set_predictions(
    test: pl.DataFrame, probabilities: Floats, labels: Sequence[str], threshold: float = THRESHOLD
) -> pl.DataFrame:
    """Frame (test, id, gold, predicted, and p_LABEL of each label); the two are lists of labels.

    `test` has columns test, id and labels; `probabilities` are (items, labels).
    """
    words = np.array(labels, dtype=object)
    predicted = [words[row].tolist() for row in probabilities >= threshold]
    return test.select(
        "test",
        "id",
        gold="labels",
        predicted=pl.Series(predicted, dtype=pl.List(pl.String)),
        **{
            f"p_{label}": probabilities[:, place].astype(np.float64)
            for place, label in enumerate(labels)
        },
    )
