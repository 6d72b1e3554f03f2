"""Linear probe: logistic regression on embeddings, for every arm of a replicate and seed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

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

    `real` holds the embeddings of the real rows (id, label, embedding), `sets` those of each
    generated set by its name in the mixes, `shifted` those of the other test sets.
    """
    tables = [real, *sets.values()]
    labels = np.concatenate([table["label"].to_numpy() for table in tables])
    vectors = np.concatenate([table["embedding"].to_numpy() for table in tables])
    place = {row: at for at, row in enumerate(row for table in tables for row in table["id"])}
    test = test_rows(splits, real, shifted)
    development = real.join(splits.filter(split="development"), on="id", how="semi")
    parts = [test["embedding"].to_numpy(), development["embedding"].to_numpy()]
    unseen, gold = np.concatenate(parts), development["label"].to_list()
    classes = settings.labels

    def loss(probabilities: NDArray[np.float32]) -> float:
        return log_loss(probabilities[test.height :], gold, classes)

    predictions, mixes, trials = [], [], []
    for arm, mix in mixes_of_arms(splits, sets, settings.arms, replicate, seed):
        rows = [place[row] for row in mix["id"]]

        def fit(
            training: ProbeTraining,
            folder: Path | None,
            rows: list[int] = rows,
            weighted: bool = settings.arms[arm].weighted,
        ) -> NDArray[np.float32]:
            return fit_probe(
                vectors[rows], labels[rows], unseen, classes, training.c, weighted=weighted
            )

        if rows:
            probabilities, tried = best_fit(settings.training, fit, loss)
            trials += [{"arm": arm, **trial} for trial in tried]
            values = predictions_of(test, probabilities[: test.height], classes)
        else:  # the arm "zero-shot": weights of 0
            values = predictions_of(test, even_probabilities(test.height, classes), classes)
        predictions.append(of_run(values, arm, model, replicate, seed))
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
