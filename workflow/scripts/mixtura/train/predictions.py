"""Predictions of runs, in one form."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

LEAST = 1e-6  # a smaller probability counts as this one: no item has an infinite log loss


def items_to_predict(test: pl.DataFrame, shifted: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows of every test set, and `test`, its name, before them.

    `test` are rows of the task's test split, named "test"; `shifted` those of other test sets,
    with the columns of `test` at least, but for `messages`, which not all need to have.
    """
    parts = (
        rows.select(pl.lit(name).alias("test"), *(c for c in test.columns if c in rows.columns))
        for name, rows in {"test": test, **shifted}.items()
    )
    return pl.concat(parts, how="diagonal")


def checked_probabilities(
    values: ArrayLike, items: int, labels: Sequence[str], file: str
) -> NDArray[np.float64]:
    """The predictions of a model of the user's own, as (items, labels) probabilities.

    Raises ValueError with the `file` of the model, and the first row that is wrong, where the shape
    is another or a row is no distribution over the labels (sum 1, to 0.001).
    """
    probabilities = np.asarray(values, dtype=np.float64)
    if probabilities.shape != (items, len(labels)):
        raise ValueError(
            f"{file}: fit_predict returned shape {probabilities.shape}; allowed: "
            f"{(items, len(labels))}, a row for each unseen text, a column for each of "
            f"{list(labels)}"
        )
    sums = probabilities.sum(axis=1)
    wrong = ~((probabilities >= 0).all(axis=1) & np.isclose(sums, 1, rtol=0, atol=1e-3))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{file}: fit_predict returned {probabilities[row].tolist()} in row {row}; allowed: "
            "probabilities that sum to 1"
        )
    return probabilities


def even_probabilities(items: int, labels: Sequence[str]) -> NDArray[np.float64]:
    """(items, labels) of the arm "zero-shot": weights of 0, all classes alike."""
    return np.full((items, len(labels)), 1 / len(labels))


def log_loss(
    probabilities: NDArray[np.floating[Any]], gold: Sequence[str], labels: Sequence[str]
) -> float:
    """Mean negative log-probability of the gold label, nats; `probabilities` are (n, labels)."""
    right = probabilities[np.arange(len(gold)), [labels.index(label) for label in gold]]
    return float(-np.log(np.maximum(right, LEAST)).mean())


def predictions_of(
    test: pl.DataFrame, probabilities: NDArray[np.floating[Any]], labels: Sequence[str]
) -> pl.DataFrame:
    """Frame (test, id, gold, predicted, and p_LABEL of each label).

    `test` has columns test (name of the test set), id and label; `probabilities` are (items,
    labels).
    """
    return test.select(
        "test",
        "id",
        gold="label",
        predicted=pl.Series(labels).gather(probabilities.argmax(axis=1)),
        **{
            f"p_{label}": probabilities[:, place].astype(np.float64)
            for place, label in enumerate(labels)
        },
    )


def of_run(
    predictions: pl.DataFrame, arm: str, model: str, replicate: int, seed: int
) -> pl.DataFrame:
    """Predictions, or other results, after the names of their run: arm, model, replicate, seed."""
    return predictions.select(
        pl.lit(arm).alias("arm"),
        pl.lit(model).alias("model"),
        pl.lit(replicate, pl.Int64).alias("replicate"),
        pl.lit(seed, pl.Int64).alias("seed"),
        pl.all(),
    )
