"""Linear probe: logistic regression on embeddings, for every arm of a replicate and seed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.train.label_sets import (
    best_threshold,
    binary_log_loss,
    label_set_predictions,
    multi_hot,
)
from mixtura.train.mix import mixes_of_arms
from mixtura.train.predictions import even_probabilities, log_loss, of_run, predictions_of
from mixtura.train.runs import test_rows
from mixtura.train.search import Trial, best_fit
from mixtura.train.settings import ProbeSettings, ProbeTraining


class ProbeRuns(NamedTuple):
    """The runs of a probe on every arm of a replicate and seed."""

    predictions: pl.DataFrame  # `mixtura.train.tables.Predictions`
    mixes: pl.DataFrame  # `mixtura.train.tables.ProbeMixes`
    trials: list[Trial]  # each with its arm


def probe_arms(
    real: pl.DataFrame,
    sets: Mapping[str, pl.DataFrame],
    splits: pl.DataFrame,
    shifted: Mapping[str, pl.DataFrame],
    settings: ProbeSettings,
    model: str,
    replicate: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda arm, arms: None,
) -> ProbeRuns:
    """Fit a probe on the mix of every arm, and predict the rows of every test set.

    `real` holds the embeddings of the real rows (id, label or labels, embedding), `sets` those
    of each generated set by its name in the mixes, `shifted` those of the other test sets.
    """
    tables = [real, *sets.values()]
    several, classes = settings.task == "multilabel", settings.labels

    def targets(table: pl.DataFrame) -> NDArray[Any]:
        return multi_hot(table["labels"], classes) if several else table["label"].to_numpy()

    labels = np.concatenate([targets(table) for table in tables])
    vectors = np.concatenate([table["embedding"].to_numpy() for table in tables])
    place = {row: at for at, row in enumerate(row for table in tables for row in table["id"])}
    test = test_rows(splits, real, shifted)
    development = real.join(splits.filter(split="development"), on="id", how="semi")
    parts = [test["embedding"].to_numpy(), development["embedding"].to_numpy()]
    unseen, gold = np.concatenate(parts), targets(development)

    def loss(probabilities: NDArray[np.float32]) -> float:
        rows = probabilities[test.height :]
        return binary_log_loss(rows, gold) if several else log_loss(rows, gold.tolist(), classes)

    def predicted(probabilities: NDArray[np.floating[Any]]) -> pl.DataFrame:
        tested = probabilities[: test.height]
        if not several:
            return predictions_of(test, tested, classes)
        threshold = best_threshold(probabilities[test.height :], gold)
        return label_set_predictions(test, tested, classes, threshold)

    predictions, mixes, trials = [], [], []
    for arm, mix in mixes_of_arms(splits, sets, settings.arms, replicate, seed):
        rows = [place[row] for row in mix["id"]]

        def fit(
            training: ProbeTraining,
            folder: Path | None,
            rows: list[int] = rows,
            weighted: bool = settings.arms[arm].weighted,
        ) -> NDArray[np.float32]:
            if several:
                return fit_label_probes(vectors[rows], labels[rows], unseen, training.c)
            return fit_probe(
                vectors[rows], labels[rows], unseen, classes, training.c, weighted=weighted
            )

        if rows:
            probabilities, tried = best_fit(settings.training, fit, loss)
            trials += [{"arm": arm, **trial} for trial in tried]
        elif several:  # the arm "zero-shot": weights of 0
            probabilities = np.full((len(unseen), len(classes)), 0.5, np.float32)
        else:
            probabilities = even_probabilities(len(unseen), classes).astype(np.float32)
        predictions.append(of_run(predicted(probabilities), arm, model, replicate, seed))
        mixes.append(mix.select(pl.lit(arm).alias("arm"), pl.all()))
        progress(len(mixes), len(settings.arms))
    return ProbeRuns(pl.concat(predictions), pl.concat(mixes), trials)


def fit_probe(
    embeddings: NDArray[np.floating[Any]],
    labels: Sequence[str] | NDArray[np.object_],
    unseen: NDArray[np.floating[Any]],
    classes: Sequence[str],
    c: float,
    weighted: bool = False,
) -> NDArray[np.float32]:
    """(m, classes) probabilities for `unseen` (m, d) of a probe fitted on `embeddings` (n, d).

    Multinomial logistic regression with an L2 penalty of strength 1 / `c`, solved exactly;
    `labels` (n,) are words in `classes`, which with `weighted` count as much each. A class that the
    rows lack gets probability 0; rows of one class alone predict it. Raises ValueError for no rows,
    or a label that is not in `classes`.
    """
    from sklearn.linear_model import LogisticRegression

    unknown = set(labels) - set(classes)
    if unknown:
        raise ValueError(f"labels {sorted(unknown)} are not of the task {list(classes)}")
    if not len(labels):
        raise ValueError("an empty mix: there is nothing to train on")
    probabilities = np.zeros((len(unseen), len(classes)), dtype=np.float32)
    codes = np.array([classes.index(label) for label in labels])
    present = np.unique(codes)
    if len(present) == 1:
        probabilities[:, present] = 1
        return probabilities
    probe = LogisticRegression(
        C=c, max_iter=10_000, tol=1e-6, class_weight="balanced" if weighted else None
    )
    probe.fit(embeddings.astype(np.float64), codes)
    probabilities[:, present] = probe.predict_proba(unseen.astype(np.float64))
    return probabilities


def fit_label_probes(
    embeddings: NDArray[np.floating[Any]],
    hot: NDArray[np.floating[Any]],
    unseen: NDArray[np.floating[Any]],
    c: float,
) -> NDArray[np.float32]:
    """(m, labels) probabilities for `unseen` (m, d): a probe for each label, as `fit_probe`.

    `hot` (n, labels) is 1 where a row has a label. A label that all rows have, or none, has
    probability 1 or 0.
    """
    columns = [
        fit_probe(embeddings, np.where(column > 0, "yes", "no"), unseen, ["no", "yes"], c)[:, 1]
        for column in hot.T
    ]
    return np.stack(columns, axis=1)
