"""What more generated rows than were tried would gain: laws, judged on the largest amount.

A law has two numbers, so that few amounts suffice. Every law is fitted without the two largest
amounts, and the one that is nearest to the gain at the second largest is taken. Fitted without the
largest amount alone, it must then predict that one: this is the error that is told. So the amount
that judges the law has not chosen it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mixtura.infer.metrics import Array

AMOUNTS = 5  # that must have been tried: three for the first fit, one that chooses, one that judges
FARTHER = 2.0  # times the largest amount: how far a law is followed
DRAWS = 1_000
EFFECTIVE = 1e-6  # a share of the sum of squares that counts as none


class Prediction(NamedTuple):
    """The gain that a law predicts beyond what was tried; gains in the metric's unit."""

    law: str
    generated: float  # rows
    gain: float
    low: float
    high: float
    error: float  # at the held-out largest amount: predicted less measured gain


def _shares(generated: Array, real: float) -> Array:
    return np.asarray(generated / (generated + real))


def _power(generated: Array, real: float) -> Array:
    """Gains of a loss that falls with a power of all rows, a generated one worth a real one."""
    powers = np.geomspace(0.02, 5, 40)[:, None]
    return np.asarray(1 - (1 + generated / real) ** -powers)[..., None]


def _exponential(generated: Array, real: float) -> Array:
    """Gains of a loss that is exponential in the share of generated rows (arXiv 2403.16952)."""
    rates = np.r_[np.geomspace(-4, -0.1, 20), np.geomspace(0.1, 10, 20)][:, None]
    return np.asarray(np.expm1(-rates * _shares(generated, real)) / np.expm1(-rates))[..., None]


def _bent(generated: Array, real: float) -> Array:
    """A parabola in the share, U-shaped or its like (arXiv 2510.08095)."""
    share = _shares(generated, real)
    return np.stack([share, share**2], axis=-1)[None]


LAWS: dict[str, Callable[[Array, float], Array]] = {
    "power law in all rows": _power,
    "exponential in the share": _exponential,
    "parabola in the share": _bent,
}
"""Laws by name: the columns (shapes, amounts, columns) of each of their shapes, 0 at no rows."""


def predicted(
    law: str, generated: Array, real: float, gains: Array, covariance: Array, at: float
) -> Array:
    """Gains at `at` generated rows of a law that is fitted to gains (draws, amounts): (draws,).

    generated: (amounts,) rows; covariance: (amounts, amounts) of the gains, which weighs them.
    """
    columns = LAWS[law](np.r_[generated, at], real)
    size = np.trace(covariance) / len(covariance)
    root = np.linalg.cholesky(covariance + EFFECTIVE * (size or 1.0) * np.eye(len(covariance)))
    target = np.linalg.solve(root, gains.T)
    left = np.full(len(gains), np.inf)
    predictions = np.zeros(len(gains))
    for shape in columns:
        weighed = np.linalg.solve(root, shape[:-1])
        factors, *_ = np.linalg.lstsq(weighed, target, rcond=None)
        squares = ((target - weighed @ factors) ** 2).sum(axis=0)
        better = squares < left
        left[better] = squares[better]
        predictions[better] = (shape[-1] @ factors)[better]
    return predictions


def beyond(
    generated: Array, real: float, gains: Array, covariance: Array, level: float, seed: int = 0
) -> Prediction | None:
    """The gain at `FARTHER` times the largest amount; None where fewer than `AMOUNTS` were tried.

    generated: (amounts,) rows, ascending; real: real rows of all; gains: (amounts,) over real data
    alone; covariance: (amounts, amounts) of their errors. The interval has the errors of the gains,
    also where they choose the law, and as if it were a standard error that of the law at the
    held-out amount.
    """
    if len(np.unique(generated)) < AMOUNTS:
        return None

    def of_laws(fitted: int, at: float, values: Array) -> Array:
        """Gains at `at` rows of every law, fitted to the first amounts: (laws, draws)."""
        rows, gains_, errors = generated[:fitted], values[:, :fitted], covariance[:fitted, :fitted]
        return np.array([predicted(law, rows, real, gains_, errors, at) for law in LAWS])

    count = len(generated)
    second, largest = float(generated[-2]), float(generated[-1])
    goal = FARTHER * largest
    rng = np.random.default_rng(seed)
    draws = rng.multivariate_normal(gains, covariance, DRAWS, method="eigh")
    values = np.concatenate([gains[None], draws])  # what was measured, and what could have been
    law = np.abs(of_laws(count - 2, second, values) - values[:, -2]).argmin(axis=0)
    gain = np.take_along_axis(of_laws(count, goal, values), law[None], axis=0)[0]
    error = float(of_laws(count - 1, largest, values[:1])[law[0], 0] - gains[-1])
    spread = gain[1:] + abs(error) * rng.standard_normal(DRAWS)
    low, high = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return Prediction(list(LAWS)[law[0]], goal, float(gain[0]), float(low), float(high), error)
