"""The law beyond the tried amounts, on simulated lines of known truth.

`python benchmarks/bench_beyond.py [LINES]` prints a table. A line is the mean gain at 8 to 128 rows
added to 16 real ones; half of the variance of its errors is common to all amounts. The law says
what 256 rows gain. "Last gain" takes that of 128 rows in its place.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
from measuring import Row

from mixtura.infer.surface.beyond import beyond

TITLE = "The gain beyond the tried amounts, on simulated lines of known truth"
REAL, AMOUNTS, GOAL = 16.0, np.array([8.0, 16.0, 32.0, 64.0, 128.0]), np.array(256.0)
TRUTHS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "flat": lambda rows: 0 * rows,
    "power law": lambda rows: 0.12 * (1 - (1 + rows / REAL) ** -0.5),
    "exponential": lambda rows: 0.1 * (1 - np.exp(-3 * rows / (rows + REAL))),
    "parabola": lambda rows: 0.3 * rows * REAL / (rows + REAL) ** 2,
    "logarithm, no law of ours": lambda rows: 0.02 * np.log1p(rows / 4),
}


def figures(name: str, error: float, lines: int) -> Row:
    """How far the law and the last gain err, and how often the interval holds the truth."""
    truth, rng = TRUTHS[name], np.random.default_rng(1)
    covariance = error**2 * (np.eye(5) + 1) / 2
    goal = float(truth(GOAL))
    of_law, of_last, held = [], [], []
    for seed in range(lines):
        gains = rng.multivariate_normal(truth(AMOUNTS), covariance)
        law = beyond(AMOUNTS, REAL, gains, covariance, 0.95, seed)
        assert law is not None
        of_law.append(law.gain - goal)
        of_last.append(gains[-1] - goal)
        held.append(law.low <= goal <= law.high)
    return {
        **{"truth": name, "error of a gain": error, "lines": lines},
        "RMSE of the law": f"{np.square(of_law).mean() ** 0.5:.4f}",
        "of the last gain": f"{np.square(of_last).mean() ** 0.5:.4f}",
        "interval holds": f"{np.mean(held):.1%}",
        "target": "at least 93 %",
        "met": "yes" if np.mean(held) >= 0.93 else "no",
    }


def run(quick: bool = False, lines: int | None = None) -> Iterator[Row]:
    """Yield the figures of every truth and size of error; quick: a tenth of the lines."""
    for name in TRUTHS:
        for error in (0.004, 0.01, 0.02):
            yield figures(name, error, lines or (30 if quick else 300))


if __name__ == "__main__":
    for row in run(lines=int(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(" | ".join(map(str, row.values())), flush=True)
