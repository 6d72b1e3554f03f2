"""Classifier two-sample test."""

import numpy as np

from mixtura.measure.blocks import Matrix, numpy_array, one_thread
from mixtura.measure.shift.pair import pair


def c2st(x: Matrix, y: Matrix, seed: int = 0, folds: int = 5) -> float:
    """Classifier two-sample test: cross-validated AUC of real against generated; 0.5 is no shift.

    Lopez-Paz & Oquab 2017 (arXiv 1610.06545) with the area under the ROC curve: a standardised
    logistic regression is trained on folds - 1 parts and ranks the rest; the mean over the folds.
    It sees linear differences only. Raises ValueError if a set has fewer rows than folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    x, y, _ = pair(x, y, folds)
    features = np.concatenate((numpy_array(x), numpy_array(y)))
    generated = np.repeat([0, 1], [len(x), len(y)])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed)
    with one_thread():
        scores = cross_val_score(model, features, generated, cv=splits, scoring="roc_auc")
    return float(scores.mean())
