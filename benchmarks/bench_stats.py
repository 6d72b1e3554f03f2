"""Error rates of the findings on simulated whole studies whose truth is known.

`python benchmarks/bench_stats.py [STUDIES]` prints a table. A study has its own draws of real rows,
generated sets, trainings and test rows, and goes through `findings_of`, which the rule findings
calls with the predictions of all runs.
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
import polars as pl
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
from mixtura.infer.findings import findings_of
from mixtura.infer.recommend import recommend
from mixtura.infer.runs import Run

TITLE = "Error rates of the findings on simulated studies of known truth"
LEVELS = np.tile(np.arange(7), 2)
SHARES = np.repeat([0.5, 1.0], 7)  # how much of a mix is generated, the larger as 1
REPLICATES = (3, 5, 8)
SEEDS, ITEMS, BASE = 2, 200, 0.65
NULL_STUDIES, STUDIES = 1000, 200

# Gains in accuracy over real data alone, by mix; and of the controls over it.
BEND = (LEVELS - 3) / 3
TRUTHS = {
    "null": (0 * BEND, 0.0),
    "equal": (0 * BEND + 0.056, 0.0),
    "inverted U": (0.08 - 0.08 * BEND**2, 0.0),
    "saturating": (0.08 * (1 - np.exp(-LEVELS / 1.5)), 0.0),
    "spike": (0.14 * ((LEVELS == 3) & (SHARES == 1)), 0.0),
    "longer training alone": (0 * BEND + 0.056, 0.056),
}
# Standard deviations on the latent scale, where 1 is the noise of a single answer.
DRAW, SET, TRAINING = 0.25, 0.2, 0.15
ITEM, OF_ARM, OF_DRAW, OF_SET = 1.0, 0.3, 0.3, 0.3  # of test rows, and of their favours


class Outcome(NamedTuple):
    """What a study said, against the truth."""

    named: bool  # the headline recommends a mix
    false: bool  # that does not gain over real data alone and over its control
    joint: bool  # all simultaneous intervals of the gains hold the truth
    headline: bool  # that of the mix in the headline does; where none is named, of the best mix
    marginal: float  # share of intervals of single comparisons that hold the truth


def arms() -> pl.DataFrame:
    """14 mixes of 7 sets, real rows alone, and a control of either size."""
    mixes = [
        {
            **{"arm": f"D{level} {share}", "design": "mix-add", "level": f"D{level}"},
            **{"generator": "writer", "pipeline": "topic", "n_real": 16, "baseline": "real"},
            **{"n_generated": int(96 * share), "control": f"repeated {share}"},
        }
        for level, share in zip(LEVELS, SHARES, strict=True)
    ]
    alone = [
        {"arm": name, "design": design, "n_real": 16, "n_generated": 0}
        for name, design in [
            ("real", "real-only"),
            *((f"repeated {share}", "real-repeated") for share in np.unique(SHARES)),
        ]
    ]
    return pl.DataFrame([*mixes, *alone])


ARMS = arms()


def runs(
    rng: np.random.Generator, gains: np.ndarray, control: float, replicates: int
) -> dict[tuple[str, str], Run]:
    """Predictions of a study, of the truth that `gains` and `control` are over BASE.

    A latent normal value above 0 is a right answer, so that the expected accuracy is known.
    """
    shares = np.r_[SHARES, 0, 0, 0]
    gains = np.r_[gains, 0, control, control]
    shape = (replicates, SEEDS, shares.size, ITEMS)
    draw = DRAW * (1 - 0.6 * shares)  # generated text makes the draw of the real rows matter less
    parts = [
        (ITEM, (1, 1, 1, ITEMS)),
        (OF_ARM, (1, 1, shares.size, ITEMS)),
        (OF_DRAW, (replicates, 1, 1, ITEMS)),
        (TRAINING, (replicates, SEEDS, shares.size, 1)),
        (1, shape),
    ]
    z = rng.normal(size=(replicates, 1, 1, 1)) * draw[:, None]
    variance = 1 + draw**2 + sum(sd**2 for sd, _ in parts[:-1])
    of_sets = SET * rng.normal(size=(replicates, 1, 7, 1))
    of_sets = of_sets + OF_SET * rng.normal(size=(replicates, 1, 7, ITEMS))
    none = np.zeros((replicates, 1, 3, ITEMS))
    z = z + np.concatenate([of_sets[:, :, LEVELS], none], axis=2) * shares[:, None]
    variance = variance + (SET**2 + OF_SET**2) * shares**2
    for sd, size in parts:
        z = z + sd * rng.standard_normal(size, dtype=np.float32)
    right = z + (norm.ppf(BASE + gains) * np.sqrt(variance))[:, None] > 0
    places = [(replicate, seed) for replicate in range(replicates) for seed in range(SEEDS)]
    ids, gold = [str(item) for item in range(ITEMS)], np.ones(ITEMS, int)
    flat = right.reshape(len(places), shares.size, ITEMS).astype(int)
    return {
        (name, "reader"): Run(places, ids, gold, flat[:, place], {}, np.arange(ITEMS))
        for place, name in enumerate(ARMS["arm"])
    }


def outcome(seed: int, truth: str, replicates: int) -> Outcome:
    """Simulate a study, let the package find and recommend, and compare with the truth."""
    gains, control = TRUTHS[truth]
    rng = np.random.default_rng([seed, replicates, [*TRUTHS].index(truth)])
    table = findings_of({"test": runs(rng, gains, control, replicates)}, ARMS, ["accuracy"], seed)
    best = recommend(table)
    mixes = table.filter(pl.col("baseline").is_not_null())
    low, high = (mixes[f"simultaneous_{end}"].to_numpy() for end in ("low", "high"))
    holds = (low <= gains) & (gains <= high)
    place = int(np.argmax(low)) if best.arm is None else mixes["arm"].to_list().index(best.arm)
    alone = mixes.select("difference_low", "difference_high").to_numpy().T
    return Outcome(
        best.arm is not None,
        best.arm is not None and bool(min(gains[place], gains[place] - control) <= 1e-9),
        bool(holds.all()),
        bool(holds[place]),
        float(np.mean((alone[0] <= gains) & (gains <= alone[1]))),
    )


def figures(truth: str, replicates: int, studies: int) -> dict[str, Any]:
    """Rates over simulated studies, and whether they lie in their bands."""
    rates = np.mean([outcome(seed, truth, replicates) for seed in range(studies)], axis=0)
    named, false, joint, headline, marginal = rates.tolist()
    slack = 0.0 if studies >= STUDIES else 2 / studies  # a few studies show no rate
    good = false <= 0.05 + slack and joint >= 0.93 - slack and headline >= 0.9 - slack
    shown = {
        "headline names a mix": named,
        "false headline": false,
        "joint coverage": joint,
        "headline's coverage": headline,
        "coverage one by one": marginal,
    }
    return {
        **{"truth": truth, "replicates": replicates, "studies": studies},
        **{name: f"{value:.1%}" for name, value in shown.items()},
        **{"target": "at most 5 %; at least 93 %; at least 90 %", "met": "yes" if good else "no"},
    }


def run(quick: bool = False, studies: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the figures of every truth and number of replicates; quick: a tenth of the studies."""
    for truth in TRUTHS:
        for replicates in REPLICATES:
            count = studies or (NULL_STUDIES if truth == "null" else STUDIES) // (
                10 if quick else 1
            )
            yield figures(truth, replicates, count)


if __name__ == "__main__":
    start = time.perf_counter()
    for row in run(studies=int(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(" | ".join(map(str, row.values())), flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
