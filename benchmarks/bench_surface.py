"""The fitted surface on simulated whole studies whose truth is known.

`python benchmarks/bench_surface.py [STUDIES]` prints a table. The studies are those of
bench_stats.py: 14 mixes of 7 levels and 2 amounts, with their own draws, text, trainings and test
rows. "Best of many" is the largest mean gain as it is, which version 0.1 named. Beside it stand two
errors that no fit can be asked to mend: of the mean gain of the mix that is truly best, and of the
mean of all mixes where their true differences are known.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

# Thousands of small products: threads that wait for each other make them several times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
import bench_stats
from bench_stats import ARMS, BEND, LEVELS, SHARES

from mixtura.infer.comparisons import Pair, paired, study_of, units_of
from mixtura.infer.metrics import METRICS
from mixtura.infer.surface.fit import FittedSurface, fit_surface

TITLE = "The gain named by the fitted surface, on simulated studies of known truth"
NOTE = """\
What can be halved. *Best of many* errs for two reasons: it picks a lucky mix, and all its mixes
share the luck of their real rows, their baseline and the test rows. A fit mends the first alone.
"Winner known" is the error of the mean gain of the truly best mix: nothing is picked. "Floor" is
the error where it is known by how much every mix differs from every other, so that all mixes
measure one height: the shared luck alone. Only more replicates and test rows lower it. Where floor
/ best of many is above 0.5, no fit halves the error, unless it draws small gains towards 0 (as in
flat)."""
REPLICATES = (3, 5, 8)
STUDIES = 200
TRUTHS = {
    "flat": 0 * BEND,
    "inverted U": bench_stats.TRUTHS["inverted U"][0],
    "saturating": bench_stats.TRUTHS["saturating"][0],
    "monotone": 0.08 * LEVELS / 6,
    "spike": bench_stats.TRUTHS["spike"][0],
    "the same gain of all": 0 * BEND + 0.056,  # beside the five
}
FIVE = 5  # truths that are asked for


class Outcome(NamedTuple):
    """What a study said, against the truth; gains in accuracy."""

    named: float  # squared error of the gain of the recommended mix
    best_of_many: float  # the same of the largest mean gain
    winner: float  # the same of the mean gain of the mix that is truly best
    floor: float  # the same of the mean of all mixes: luck of the baseline that no fit can mend
    covered: bool
    claimed: bool
    best: float  # share of the truly best mixes that are in the set
    set_size: float  # mixes in the set, of all
    region: float  # share of the truly best points that are in the region
    shape: bool
    regret: float  # what the recommended mix truly gains less than the best


def simulated(truth: np.ndarray, replicates: int, rng: np.random.Generator) -> FittedSurface:
    """The surface of a study."""
    runs = bench_stats.runs(rng, truth, 0.0, replicates)
    study = study_of(runs, METRICS["accuracy"], 0.95, 0)
    mixes = ARMS["arm"][: len(truth)]
    pairs = [Pair(arm, "real", arm.split()[0]) for arm in mixes]
    units = units_of([paired(pair, "reader", "baseline", study) for pair in pairs])
    return fit_surface(
        *(units.means, LEVELS, 96 * SHARES, np.full(len(truth), 16)),
        influence=units.influence,
        short=units.short,
    )


def outcome(truth: np.ndarray, replicates: int, seed: list[int]) -> Outcome:
    """Simulate a study, fit its surface, and compare with the truth."""
    surface = simulated(truth, replicates, np.random.default_rng(seed))
    top, most = surface.recommended, int(surface.observed.argmax())
    low, high = surface.ends[:, top]
    best, region = surface.best()
    optima = truth >= truth.max() - 1e-9
    points = surface.grid
    inside = []
    for level, amount in surface.covariates[optima]:
        nearest = np.argmin(np.abs(points - [level, amount]).sum(axis=1))
        place = np.flatnonzero((surface.covariates[:, 0] == level) & optima)
        inside.append(region[nearest] or best[place].any())
    return Outcome(
        float(surface.gains[top] - truth[top]) ** 2,
        float(surface.observed[most] - truth[most]) ** 2,
        float(surface.observed[optima][0] - truth.max()) ** 2,
        float(surface.observed.mean() - truth.mean()) ** 2,
        bool(low <= truth[top] <= high),
        bool(low > 0),
        float(best[optima].mean()),
        float(best.mean()),
        float(np.mean(inside)),
        surface.shape,
        float(truth.max() - truth[top]),
    )


def figures(name: str, replicates: int, studies: int) -> tuple[Outcome, dict[str, Any]]:
    """The mean outcome of simulated studies; errors and rates, and whether they lie in bands."""
    rows = [
        outcome(TRUTHS[name], replicates, [seed, replicates, [*TRUTHS].index(name)])
        for seed in range(studies)
    ]
    mean = Outcome(*np.mean(rows, axis=0).tolist())
    bands = {
        "RMSE": mean.named <= mean.best_of_many / 4,
        "coverage": 0.93 <= mean.covered <= 0.98,
        "claims": name != "flat" or mean.claimed <= 0.05,
        "set": mean.best >= 0.95,
        "region": mean.region >= 0.95,
    }
    missed = [band for band, good in bands.items() if not good]
    rates = {
        "covers": mean.covered,
        "gain claimed": mean.claimed,
        "shape claimed": mean.shape,
        "set holds the best": mean.best,
        "mixes in the set": mean.set_size,
        "region covers": mean.region,
    }
    return mean, {
        **{"truth": name, "replicates": replicates, "studies": studies},
        **errors(mean),
        **{word: f"{rate:.1%}" for word, rate in rates.items()},
        "regret": f"{mean.regret:.4f}",
        "target": "0.5; 93 to 98 %; flat 5 %; 95 %; 95 %",
        "met": "yes" if not missed else f"no: {', '.join(missed)}",
    }


def errors(mean: Outcome) -> dict[str, Any]:
    """Root mean square errors of the gain named and of what it is judged by."""
    named, best, winner, floor = (value**0.5 for value in mean[:4])
    return {
        "RMSE of the gain named": f"{named:.4f}",
        "of best of many": f"{best:.4f}",
        "ratio": f"{named / best:.2f}",
        "winner known": f"{winner:.4f}",
        "floor": f"{floor:.4f}",
        "floor / best of many": f"{floor / best:.2f}",
    }


def run(quick: bool = False, studies: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the figures of every number of replicates and truth; quick: a tenth of the studies."""
    count = studies or STUDIES // (10 if quick else 1)
    for replicates in REPLICATES:
        means = []
        for name in TRUTHS:
            mean, row = figures(name, replicates, count)
            means.append(mean)
            yield row
        together = Outcome(*np.mean(means[:FIVE], axis=0).tolist())
        names = {"truth": "the five together", "replicates": replicates, "studies": FIVE * count}
        yield names | errors(together) | {"target": "0.5"}


if __name__ == "__main__":
    start = time.perf_counter()
    for row in run(studies=int(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(" | ".join(map(str, row.values())), flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
