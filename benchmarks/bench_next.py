"""What `mixtura next` saves: regret and trainings on simulated studies whose truth is known.

`python benchmarks/bench_next.py [STUDIES]` prints a table. The studies are those of bench_stats.py.
Two replicates of all mixes come first, then rounds of cells that `Prospect` chooses on the surface
that was fitted to all before, until a third of the trainings of the full grid is spent. Beside it
stand as many trainings in replicates of all mixes and those of an oracle: of several choices of
mixes that are run again, each made by the truth, the one with the least regret in these studies.
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
import bench_surface
from bench_stats import ARMS, LEVELS, SHARES

from mixtura.infer.comparisons import Pair, Units, paired, study_of, units_of
from mixtura.infer.metrics import METRICS
from mixtura.infer.surface.fit import FittedSurface, fit_surface
from mixtura.infer.surface.worth import Prospect, spend

TITLE = "What `mixtura next` saves, on simulated studies of known truth"
NOTE = """\
What is possible. An oracle knows the truth and runs by it the 2 or 4 best mixes again, or those at
the best and the two outermost levels; the one with the least regret in these very studies is shown,
so that no policy can be asked for less. "All mixes" are further replicates of all mixes: as dear as
`next`, or twice as dear. Along a smooth surface every mix speaks for its neighbours, so that who
knows the truth hardly chooses better than who runs all again: there is little regret to save. A
choice opens more replicates for the same trainings, and so saves on the error of the gain named.
Of the low spike, a mix alone that gains 6 points, two replicates say little: a third of the grid is
too little for the oracle as well."""
STUDIES = 200
FULL, FIRST, ROUNDS = 12, 2, 2  # replicates of the full grid and of the first study; calls of next
MIXES = len(LEVELS)
BESIDE = len(ARMS) - MIXES  # trainings of a replicate that mixes are compared to
SPENT = FULL * (MIXES + BESIDE) / 3  # trainings, in those of one mix in one replicate
NEXT = "next"
EQUAL = {"all mixes, as dear": 4, "all mixes, twice as dear": 8, "full grid": FULL}  # replicates
TRUTHS = dict([*bench_surface.TRUTHS.items()][: bench_surface.FIVE])
TRUTHS["low spike"] = TRUTHS["spike"] * 6 / 14  # one that the first study does not see


class Outcome(NamedTuple):
    """What a study said, against the truth."""

    regret: float
    trainings: float
    error: float  # squared, of the gain that is named
    covered: bool
    claimed: bool


def fitted(units: Units, run: np.ndarray, first: int = FIRST) -> FittedSurface:
    """The surface of what has run, (replicates, mixes), of which all mixes have the first."""
    some = run.any(axis=1)
    return fit_surface(
        np.where(run, units.means, np.nan)[some], LEVELS, 96 * SHARES, np.full(MIXES, 16),
        influence=np.where(run[..., None], units.influence, np.nan)[some],
        chosen=(np.arange(len(run)) >= first)[some],
    )  # fmt: skip


def with_cells(surface: FittedSurface, run: np.ndarray, budget: float) -> np.ndarray:
    """What has run after a round of `next`; hours are trainings."""
    free, run = int(run.any(axis=1).sum()), run.copy()
    (prospect,) = spend([Prospect.of(surface, np.ones(MIXES), BESIDE)], budget)
    for step in prospect.steps:
        run[free + step.replicate, step.mix] = True
    return run


def trainings(run: np.ndarray) -> float:
    """Trainings of what has run, with those that mixes are compared to."""
    return float(run.sum() + BESIDE * run.any(axis=1).sum())


def again(mixes: np.ndarray, first: np.ndarray) -> np.ndarray:
    """What has run when these mixes run in further replicates until `SPENT`."""
    run = first.copy()
    for replicate in range(FIRST, len(run)):
        count = int(min(len(mixes), SPENT - trainings(run) - BESIDE))
        if count < 1:
            break
        run[replicate, mixes[:count]] = True
    return run


def oracles(truth: np.ndarray) -> dict[str, np.ndarray]:
    """Mixes that one who knows the truth may run again."""
    order = np.argsort(-truth, kind="stable")
    around = [LEVELS.min(), LEVELS[order[0]], LEVELS.max()]
    return {
        "oracle: the 2 best mixes": order[:2],
        "oracle: the 4 best mixes": order[:4],
        "oracle: the best level, the ends": order[np.isin(LEVELS[order], around)],
    }


def outcomes(truth: np.ndarray, seed: list[int]) -> dict[str, Outcome]:
    """Of the first study, `next`, the oracles, and replicates of all mixes."""
    rng = np.random.default_rng(seed)
    runs = bench_stats.runs(rng, truth, 0.0, 2 * FULL)
    study = study_of(runs, METRICS["accuracy"], 0.95, 0)
    pairs = [Pair(arm, "real", arm.split()[0]) for arm in ARMS["arm"][:MIXES]]
    units = units_of([paired(pair, "reader", "baseline", study) for pair in pairs])

    def equal(count: int) -> np.ndarray:
        run = np.zeros(units.means.shape, dtype=bool)
        run[:count] = True
        return run

    first = equal(FIRST)
    run = first
    for left in range(ROUNDS, 0, -1):
        run = with_cells(fitted(units, run), run, (SPENT - trainings(run)) / left)
    cells = {"first study": first, NEXT: run}
    cells |= {name: again(mixes, first) for name, mixes in oracles(truth).items()}
    results = {}
    for name, some in cells.items():
        results[name] = outcome(fitted(units, some), truth, some)
    for name, count in EQUAL.items():
        results[name] = outcome(fitted(units, equal(count), count), truth, equal(count))
    return results


def outcome(surface: FittedSurface, truth: np.ndarray, run: np.ndarray) -> Outcome:
    """What a surface says, against the truth."""
    top = surface.recommended
    low, high = surface.ends[:, top]
    return Outcome(
        float(truth.max() - truth[top]),
        trainings(run),
        float(surface.gains[top] - truth[top]) ** 2,
        bool(low <= truth[top] <= high),
        bool(low > 0),
    )


def rows(name: str, studies: int) -> Iterator[dict[str, Any]]:
    """Rates over simulated studies; of the oracles the one with the least regret."""
    truth = TRUTHS[name]
    every = [outcomes(truth, [seed, [*TRUTHS].index(name)]) for seed in range(studies)]
    results = {cells: np.array([each[cells] for each in every], float) for cells in every[0]}
    order = sorted(oracles(truth), key=lambda c: results[c][:, [0, 2]].mean(axis=0).tolist())
    for worse in order[1:]:
        del results[worse]
    for cells, values in results.items():
        mean = Outcome(*values.mean(axis=0).tolist())
        error = values[:, 0].std() / studies**0.5
        row = {
            **{"truth": name, "studies": studies, "cells": cells},
            "trainings of the full grid": f"{mean.trainings / (FULL * (MIXES + BESIDE)):.0%}",
            "regret": f"{mean.regret:.4f} ± {error:.4f}",
            "RMSE of the gain named": f"{mean.error**0.5:.4f}",
            "covers": f"{mean.covered:.1%}",
            "gain claimed": f"{mean.claimed:.1%}",
        }
        if cells == NEXT:
            good = mean.regret <= 0.005 and (name != "flat" or mean.claimed <= 0.05)
            row |= {"target": "regret .005; flat 5 %", "met": "yes" if good else "no"}
        yield row


def run(quick: bool = False, studies: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the figures of every truth; quick: a tenth of the studies."""
    for name in TRUTHS:
        yield from rows(name, studies or STUDIES // (10 if quick else 1))


if __name__ == "__main__":
    start = time.perf_counter()
    for row in run(studies=int(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(" | ".join(map(str, row.values())), flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
