"""What runs predict, in one form."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

LEAST = 1e-6  # a smaller probability counts as this one: no item has an infinite log loss


def items_to_predict(own: pl.DataFrame, others: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What a run predicts: the rows of every test set, and `test`, its name, before them.

    `own` are rows of the task's test split, named "test"; `others` those of other test sets, with
    the columns of `own` at least.
    """
    return pl.concat(
        rows.select(pl.lit(name).alias("test"), *own.columns)
        for name, rows in {"test": own, **others}.items()
    )


def checked_shares(found: Any, items: int, labels: Sequence[str], file: str) -> NDArray[np.float64]:
    """What a model of the user's own predicts, as (items, labels) probabilities.

    Raises ValueError with the `file` that made it, and the first row that is wrong, where its shape
    is another or a row is no distribution over the labels (sum 1, to 0.001).
    """
    shares = np.asarray(found, dtype=np.float64)
    if shares.shape != (items, len(labels)):
        raise ValueError(
            f"{file}: fit_predict returned shape {shares.shape}; allowed: {(items, len(labels))}, "
            f"a row for each unseen text, a column for each of {list(labels)}"
        )
    wrong = ~((shares >= 0).all(axis=1) & np.isclose(shares.sum(axis=1), 1, rtol=0, atol=1e-3))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{file}: fit_predict returned {shares[row].tolist()} in row {row}; allowed: "
            "probabilities that sum to 1"
        )
    return shares


def run_predictions(
    test: pl.DataFrame,
    probabilities: NDArray[Any],
    labels: Sequence[str],
    arm: str,
    model: str,
    seed: int,
) -> pl.DataFrame:
    """Predictions of one run: arm, model, seed, test, id, gold, predicted, p_LABEL of each label.

    `test` has columns test (name of the test set), id and label; `probabilities` are (items,
    labels).
    """
    predictions = test.select(
        "test",
        "id",
        gold="label",
        predicted=pl.Series(labels).gather(probabilities.argmax(axis=1)),
        **{
            f"p_{label}": probabilities[:, place].astype(np.float64)
            for place, label in enumerate(labels)
        },
    )
    return of_run(predictions, arm, model, seed)


def of_run(predictions: pl.DataFrame, arm: str, model: str, seed: int) -> pl.DataFrame:
    """Predictions with the run that made them before all: arm, model, seed."""
    return predictions.select(
        pl.lit(arm).alias("arm"),
        pl.lit(model).alias("model"),
        pl.lit(seed, pl.Int64).alias("seed"),
        pl.all(),
    )
