"""Linear probe: logistic regression on embeddings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fit_probe(
    embeddings: NDArray[np.floating],
    labels: Sequence[str] | NDArray[np.object_],
    unseen: NDArray[np.floating],
    classes: Sequence[str],
    c: float,
) -> NDArray[np.float32]:
    """(m, classes) probabilities for `unseen` (m, d) of a probe fitted on `embeddings` (n, d).

    Multinomial logistic regression with an L2 penalty of strength 1 / `c`, solved exactly;
    `labels` (n,) are words in `classes`. A class that the rows lack gets probability 0; rows of one
    class alone predict it. Raises ValueError for no rows, or a label that is not in `classes`.
    """
    from sklearn.linear_model import LogisticRegression

    unknown = set(labels) - set(classes)
    if unknown:
        raise ValueError(f"labels {sorted(unknown)} are not of the task {list(classes)}")
    if not len(labels):
        raise ValueError("an empty mix: there is nothing to train on")
    found = np.zeros((len(unseen), len(classes)), dtype=np.float32)
    codes = np.array([classes.index(label) for label in labels])
    present = np.unique(codes)
    if len(present) == 1:
        found[:, present] = 1
        return found
    probe = LogisticRegression(C=c, max_iter=10_000, tol=1e-6)
    probe.fit(embeddings.astype(np.float64), codes)
    found[:, present] = probe.predict_proba(unseen.astype(np.float64))
    return found
