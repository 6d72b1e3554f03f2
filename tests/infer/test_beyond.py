"""Laws beyond the amounts that were tried."""

from collections.abc import Callable

import numpy as np
import pytest

from mixtura.infer.surface.beyond import beyond

REAL = 16.0
AMOUNTS = np.array([8.0, 16.0, 32.0, 64.0, 128.0])
SHARED = 0.5 * np.eye(5) + 0.5


def power(rows: np.ndarray) -> np.ndarray:
    return 0.12 * (1 - (1 + rows / REAL) ** -0.5)


def parabola(rows: np.ndarray) -> np.ndarray:
    share = rows / (rows + REAL)
    return 0.3 * share - 0.3 * share**2


@pytest.mark.parametrize(
    ("truth", "law"),
    [(power, "power law in all rows"), (parabola, "parabola in the share")],
)
def test_a_law_that_holds_is_found_and_followed(
    truth: Callable[[np.ndarray], np.ndarray], law: str
) -> None:
    prediction = beyond(AMOUNTS, REAL, truth(AMOUNTS), 1e-8 * SHARED, 0.95)
    assert prediction is not None and prediction.law == law
    assert prediction.generated == 256
    assert prediction.gain == pytest.approx(truth(np.array(256.0)), abs=5e-4)
    assert prediction.error == pytest.approx(0, abs=5e-4)
    assert prediction.low < prediction.gain < prediction.high


def test_an_error_on_the_held_out_amount_is_told_and_widens_the_interval() -> None:
    bent = power(AMOUNTS) - np.array([0, 0, 0, 0, 0.1])
    prediction = beyond(AMOUNTS, REAL, bent, 1e-8 * SHARED, 0.95)
    assert prediction is not None
    assert prediction.error == pytest.approx(0.1, abs=1e-3)  # too much
    assert prediction.high - prediction.low > 2 * 1.9 * 0.1


@pytest.mark.workflow
def test_the_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(0)
    covariance = 0.01**2 * SHARED
    goal = parabola(np.array(256.0))
    held = 0
    for seed in range(60):
        gains = rng.multivariate_normal(parabola(AMOUNTS), covariance)
        prediction = beyond(AMOUNTS, REAL, gains, covariance, 0.95, seed)
        assert prediction is not None
        held += prediction.low <= goal <= prediction.high
    assert held >= 54


def test_few_amounts_give_no_law() -> None:
    assert beyond(AMOUNTS[:4], REAL, power(AMOUNTS[:4]), SHARED[:4, :4], 0.95) is None
    twice = np.array([8.0, 16, 32, 64, 64])
    assert beyond(twice, REAL, power(twice), SHARED, 0.95) is None
