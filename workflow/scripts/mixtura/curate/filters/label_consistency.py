"""Texts that do not look like their label, to a classifier or to a judge."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.curate.filters.verdict import need_column, verdict
from mixtura.curate.settings import LabelConsistency


def label_consistency(
    rows: pl.DataFrame,
    settings: LabelConsistency,
    real: pl.DataFrame | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    real_embeddings: npt.NDArray[np.floating] | None = None,
) -> pl.DataFrame:
    """Pass texts whose own label is likely enough to a classifier of the few real texts.

    Logistic regression on the embeddings, (rows, d) in the order of their frame, its strength
    chosen by cross-validation on the real labels; the score is the probability of the row's label.
    With a `judge` (the name of a language model) the column judged of both frames decides, the
    label that it gave: "" for no answer, which passes, null for a real row that it was shown.
    Raises ValueError where the cross-validated accuracy, or the judge's on real rows that it was
    not shown, is no better than always guessing the commonest label, for then the filter would
    remove at random, and where a label has fewer than two real rows.
    """
    if settings.judge is not None:
        return _judged(rows, real, settings.judge)
    if real is None or embeddings is None or real_embeddings is None:
        raise ValueError("filter label_consistency needs real, embeddings and real_embeddings")
    for frame in (rows, real):
        need_column(frame, "label_consistency", "label")
    if len(embeddings) != len(rows) or len(real_embeddings) != len(real):
        raise ValueError("embeddings and frames differ in length")
    real_labels = real["label"].cast(pl.String).to_numpy()
    names, counts = np.unique(real_labels, return_counts=True)
    if len(names) < 2 or counts.min() < 2:
        raise ValueError("filter label_consistency needs two labels with two real rows each")
    labels = rows["label"].cast(pl.String)
    if unknown := set(labels.to_list()) - set(names):
        raise ValueError(f"label {sorted(map(str, unknown))[0]!r} has no real row")
    # the folds must not depend on the order of the real rows
    order = real.select(pl.arg_sort_by(pl.col("id").cast(pl.String))).to_series().to_numpy()
    folds = min(settings.folds, int(counts.min()))
    classifier = _fitted(real_embeddings[order], real_labels[order], folds)
    if not len(rows):
        return verdict({}, np.empty(0))
    column = np.searchsorted(names, labels.to_numpy())
    score = classifier.predict_proba(embeddings)[np.arange(len(rows)), column]
    return verdict({"label is unlikely": pl.Series(score < settings.min_probability)}, score)


def _fitted(embeddings: npt.NDArray[np.floating], labels: npt.NDArray[Any], folds: int) -> Any:
    """A classifier of the labels. Raises ValueError where it is no better than guessing."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1.0]},
        scoring=["neg_log_loss", "accuracy"],
        refit="neg_log_loss",
        cv=StratifiedKFold(folds, shuffle=True, random_state=0),
    )
    search.fit(embeddings, labels)
    accuracy = search.cv_results_["mean_test_accuracy"][search.best_index_]
    if accuracy <= np.unique(labels, return_counts=True)[1].max() / len(labels):
        raise ValueError(
            f"filter label_consistency: cross-validated accuracy {accuracy:.2f} on {len(labels)} "
            "real rows is no better than the commonest label; give more real rows or switch it off"
        )
    return search


def _judged(rows: pl.DataFrame, real: pl.DataFrame | None, judge: str) -> pl.DataFrame:
    if real is None:
        raise ValueError("filter label_consistency needs real rows to know how good the judge is")
    for frame in (rows, real):
        need_column(frame, "label_consistency", "label")
        need_column(frame, "label_consistency", "judged")
    known = real.filter(pl.col("judged").is_not_null())
    labels = known["label"].cast(pl.String).to_numpy()
    right = int((known["judged"].to_numpy() == labels).sum())
    if right <= max(np.unique(labels, return_counts=True)[1], default=0):
        raise ValueError(
            f"filter label_consistency: the judge {judge!r} names the label of {right} of "
            f"{len(known)} real rows, no better than the commonest label; take a better model, "
            "leave `judge` out for a classifier, or switch the filter off"
        )
    agrees = rows["judged"] == rows["label"].cast(pl.String)
    answered = rows["judged"].fill_null("") != ""
    score = pl.select(pl.when(answered).then(agrees.cast(pl.Float64))).to_series()
    return verdict({"judged to be of another label": answered & ~agrees}, score)
