"""Error rates of `mixtura.infer.compare` on simulated systems of known truth.

`python benchmarks/run.py compare`. Three systems answer the same items, in groups that are hard or
easy together, in runs that differ; statsmodels' mixed model fits what it can fit too.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
from mixtura.infer import compare
from mixtura.infer.verdicts import GAIN, LOSS

TITLE = "Error rates of `mixtura test` on simulated systems of known truth"
STUDIES = 1000
MARGIN = 0.05
# Standard deviations on the latent scale, where 1 is the noise of a single answer.
ITEM, GROUP, OF_SYSTEM, RUN = 1.0, 0.7, 0.4, 0.15  # OF_SYSTEM: favours of groups, by system
SHAPES = {  # items, items of a group, seeds
    "300 items, 1 run": (300, 1, 1),
    "60 items, 1 run": (60, 1, 1),
    "300 items in groups of 6, 1 run": (300, 6, 1),
    "300 items in groups of 6, 4 seeds": (300, 6, 4),
}
TRUTHS = {  # accuracy of the baseline, gains of the two others over it
    "no difference": (0.7, (0.0, 0.0)),
    "no difference, nearly all right": (0.95, (0.0, 0.0)),
    "one worse by the margin, one better by it": (0.7, (-MARGIN, MARGIN)),
}


def systems(
    rng: np.random.Generator, shape: tuple[int, int, int], truth: tuple[float, tuple[float, ...]]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Right answers of three systems, (seeds, items) each, and the group of each item."""
    items, size, seeds = shape
    base, gains = truth
    groups = np.arange(items) // size
    hard = GROUP * rng.normal(size=groups.max() + 1)[groups] + ITEM * rng.normal(size=items)
    run = RUN * (seeds > 1)
    sd = np.sqrt(1 + ITEM**2 + GROUP**2 + OF_SYSTEM**2 + run**2)
    answers = {}
    for place, gain in enumerate((0.0, *gains)):
        z = hard + OF_SYSTEM * rng.normal(size=groups.max() + 1)[groups]
        z = z + run * rng.normal(size=(seeds, 1)) + rng.normal(size=(seeds, items))
        answers[f"s{place}"] = z + sd * norm.ppf(base + gain) > 0
    return answers, groups


def outcome(seed: int, shape: str, truth: str) -> tuple[bool, bool, float, bool, bool]:
    """False verdict, joint and single coverage, false "not worse", false "equivalent"."""
    rng = np.random.default_rng([seed, [*SHAPES].index(shape), [*TRUTHS].index(truth)])
    answers, groups = systems(rng, SHAPES[shape], TRUTHS[truth])
    table = compare(answers, groups=groups, margin=MARGIN, seed=seed)
    gains = np.array(TRUTHS[truth][1])
    low, high = table["simultaneous_low"].to_numpy(), table["simultaneous_high"].to_numpy()
    alone = (table["low"].to_numpy() <= gains) & (gains <= table["high"].to_numpy())
    right = np.where(gains > 0, GAIN, np.where(gains < 0, LOSS, ""))
    shown = [verdict if verdict in (GAIN, LOSS) else "" for verdict in table["verdict"]]
    return (
        any(word and word != truly for word, truly in zip(shown, right, strict=True)),
        bool(((low <= gains) & (gains <= high)).all()),
        float(alone.mean()),
        bool((table["not_worse"].to_numpy() & (gains <= -MARGIN)).any()),
        bool((table["equivalent"].to_numpy() & (np.abs(gains) >= MARGIN)).any()),
    )


def figures(shape: str, truth: str, studies: int) -> dict[str, Any]:
    """Rates over simulated studies, and whether they lie in their bands."""
    with ProcessPoolExecutor() as pool:
        outcomes = pool.map(outcome, range(studies), repeat(shape), repeat(truth), chunksize=10)
    rates = np.mean(list(outcomes), axis=0).tolist()
    false, joint, alone, not_worse, equivalent = rates
    slack = 2 * np.sqrt(0.05 * 0.95 / studies)  # what so many studies leave open of 5 %
    good = max(false, not_worse, equivalent) <= 0.05 + slack and min(joint, alone) >= 0.95 - slack
    return {
        **{"case": shape, "truth": truth, "studies": studies},
        "false verdict": f"{false:.1%}",
        "joint coverage": f"{joint:.1%}",
        "coverage one by one": f"{alone:.1%}",
        "false not worse": f"{not_worse:.1%}",
        "false equivalent": f"{equivalent:.1%}",
        "target": f"5 % and 95 %, each ± {slack:.1%}",
        "met": "yes" if good else "no",
    }


def beside_mixed_model(studies: int) -> Iterator[dict[str, Any]]:
    """Difference and interval beside statsmodels' linear mixed model, where its model is right."""
    import pandas as pd
    from statsmodels.formula.api import mixedlm

    for size, name in ((1, "200 items"), (5, "200 items in 40 groups")):
        gaps, ratios = [], []
        for seed in range(studies):
            rng = np.random.default_rng([seed, size])
            groups = np.arange(200) // size
            count = groups.max() + 1
            hard = rng.normal(size=200) + rng.normal(size=count)[groups]
            slope = 0.5 * rng.normal(size=count)[groups] * (size > 1)
            scores = {"a": hard + rng.normal(size=200)}
            scores["b"] = hard + 0.2 + slope + rng.normal(size=200)
            row = compare(scores, groups=groups).row(0, named=True)
            frame = pd.DataFrame(
                {
                    "score": np.concatenate([scores["a"], scores["b"]]),
                    "system": np.repeat([0.0, 1.0], 200),
                    "item": np.tile(np.arange(200), 2),
                    "group": np.tile(groups, 2),
                }
            )
            more = (
                {"re_formula": "~system", "vc_formula": {"item": "0 + C(item)"}} if size > 1 else {}
            )
            fit = mixedlm("score ~ system", frame, groups="group", **more).fit()
            gaps.append(abs(row["difference"] - fit.params["system"]))
            ratios.append((row["high"] - row["low"]) / (2 * 1.96 * fit.bse["system"]))
        yield {
            "case": f"{name}, 1 run, beside statsmodels' mixed model",
            "truth": "its model",
            "studies": studies,
            "difference, largest gap": max(gaps),
            "width of the interval, mean ratio": float(np.mean(ratios)),
            "target": "gap < 1e-6, ratio 0.97 to 1.08",
            "met": "yes" if max(gaps) < 1e-6 and 0.97 < np.mean(ratios) < 1.08 else "no",
        }


def run(quick: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the figures of every shape and truth; quick: a tenth of the studies."""
    studies = STUDIES // 10 if quick else STUDIES
    for shape in SHAPES:
        for truth in TRUTHS:
            yield figures(shape, truth, studies)
    yield from beside_mixed_model(3 if quick else 10)
