"""Predictions of models are probabilities of the labels."""

import numpy as np
import pytest

from mixtura.train.predictions import checked_probabilities, log_loss

LABELS = ["negative", "positive"]


def test_log_loss_is_that_of_the_gold_label() -> None:
    shares = np.array([[0.25, 0.75], [1.0, 0.0]])
    expected = -(np.log(0.25) + np.log(1e-6)) / 2
    assert log_loss(shares, ["negative", "positive"], LABELS) == pytest.approx(expected)


def test_predictions_of_an_own_model_are_checked() -> None:
    labels = ["no", "yes"]
    assert checked_probabilities([[0.25, 0.75]], 1, labels, "own.py").tolist() == [[0.25, 0.75]]
    with pytest.raises(ValueError, match=r"own.py: .* shape \(1, 3\); allowed: \(1, 2\), a row"):
        checked_probabilities([[0.2, 0.3, 0.5]], 1, labels, "own.py")
    for wrong in ([0.5, 0.6], [-0.5, 1.5], [float("nan"), 1.0]):
        with pytest.raises(ValueError, match=r"in row 1; allowed: probabilities that sum to 1"):
            checked_probabilities([[0.5, 0.5], wrong], 2, labels, "own.py")
