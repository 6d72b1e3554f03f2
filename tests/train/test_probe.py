"""The linear probe learns what can be learnt, and says where it cannot."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mixtura.train.probe import fit_probe

CLASSES = ["bad", "fine", "good"]


def clouds(rows: int, seed: int = 0, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 4) points around one centre for each class, and their labels."""
    rng = np.random.default_rng(seed)
    codes = np.arange(rows) % classes
    return rng.normal(size=(rows, 4)) + 3 * np.eye(4)[codes], np.array(CLASSES)[codes]


def test_it_tells_classes_apart_and_gives_probabilities() -> None:
    x, labels = clouds(90)
    unseen, gold = clouds(300, seed=1)
    probabilities = fit_probe(x, labels, unseen, CLASSES, 1.0)
    assert probabilities.shape == (300, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (np.array(CLASSES)[probabilities.argmax(axis=1)] == gold).mean() > 0.9


def test_it_is_the_minimum_of_the_penalised_likelihood() -> None:
    """Against another solver of the same objective: C x log-loss + half the squared weights."""
    x, labels = clouds(40, classes=2)
    y, c = np.where(labels == "fine", 1.0, -1.0), 0.7

    def loss(w: np.ndarray) -> float:
        return c * np.logaddexp(0, -y * (x @ w[:-1] + w[-1])).sum() + w[:-1] @ w[:-1] / 2

    best = minimize(
        loss,
        np.zeros(5),
        method="Nelder-Mead",
        options={"maxiter": 20_000, "xatol": 1e-8, "fatol": 1e-12, "maxfev": 20_000},
    ).x
    expected = 1 / (1 + np.exp(-(x @ best[:-1] + best[-1])))
    np.testing.assert_allclose(fit_probe(x, labels, x, CLASSES[:2], c)[:, 1], expected, atol=1e-4)


def test_a_class_without_rows_gets_no_probability() -> None:
    x, labels = clouds(40, classes=2)
    assert (fit_probe(x, labels, x, CLASSES, 1.0)[:, 2] == 0).all()
    alone = labels == "bad"
    np.testing.assert_array_equal(
        fit_probe(x[alone], labels[alone], x, CLASSES, 1.0), np.tile([1, 0, 0], (40, 1))
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [(["mixed"], r"labels \['mixed'\] are not of the task"), ([], "empty mix")],
)
def test_rows_that_cannot_be_learnt_from_are_named(labels: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_probe(np.zeros((len(labels), 2)), labels, np.zeros((1, 2)), CLASSES, 1.0)
