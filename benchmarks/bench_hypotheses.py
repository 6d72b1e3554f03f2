"""Whether each hypothesis answers its title: error rates and power on simulated studies.

`python benchmarks/bench_hypotheses.py [STUDIES]` prints a table. Every study is simulated whole,
its draws, pools, trainings and test rows at random, and goes through the function that the findings
call.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# Thousands of small products: threads that wait for each other make them several times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
from mixtura.infer.hypotheses import hypotheses

TITLE = "False positives and power of the hypotheses on simulated studies of known truth"
STUDIES = 400
REPLICATES = (3, 5, 8)
POWER_AT = 5  # replicates
MOST = 0.075  # false positives
LEAST = 0.8  # power
PIPELINES = ("topic", "paraphrase")
Mix = dict[str, Any]  # a row of the arms, with step, d (diversity) and s (shift of its pool)


@dataclass(frozen=True)
class Truth:
    """The gain of a mix, as a probability, and the study that it is seen in."""

    gain: Callable[[Mix], float]
    shift: Callable[[int, str], float] = lambda step, pipeline: 0.1
    offset: float = 0.0  # of the diversity of the second pipeline
    real: tuple[int, ...] = (16,)
    ratios: tuple[float, ...] = (2,)
    models: tuple[str, ...] = ("reader",)
    passage: int = 1  # test rows of a group
    replicates: int = 5


def study(truth: Truth, seed: int, items: int = 300) -> tuple[pl.DataFrame, ...]:
    """Predictions, arms, diversity and shift of a study of 7 levels of two pipelines.

    A draw moves all mixes of a replicate, a pool and a training each mix of its own; the test rows
    favour mixes by chance, those of a passage together. All are points of accuracy.
    """
    rng = np.random.default_rng(seed)
    mixes: list[Mix] = [
        {
            **{"arm": f"{pipeline}{step}-{real}-{ratio}", "design": "mix-add"},
            **{"generator": "writer", "pipeline": pipeline, "level": f"D{step}", "step": step},
            **{"n_real": real, "n_generated": round(real * ratio), "baseline": f"real{real}"},
        }
        for pipeline in PIPELINES
        for step in range(7)
        for real in truth.real
        for ratio in truth.ratios
    ]
    alone: list[Mix] = [
        {"arm": f"real{real}", "design": "real-only", "n_real": real, "n_generated": 0}
        for real in truth.real
    ]
    rows, panel = [*alone, *mixes], []
    groups = np.arange(items) // truth.passage
    hard = rng.normal(0, 0.12, items)
    favour = rng.normal(0, 0.06, (len(rows), groups.max() + 1))[:, groups]
    chances = np.empty((truth.replicates, len(truth.models), len(rows), items))
    for replicate in range(truth.replicates):
        draw = {real: rng.normal(0, 0.02) for real in truth.real}
        pools = {}
        for at, pipeline in enumerate(PIPELINES):
            for step in range(7):
                diversity = 3 + 0.15 * step + truth.offset * at + rng.normal(0, 0.05)
                moved = truth.shift(step, pipeline) + rng.normal(0, 0.02)
                pools[pipeline, step] = (diversity, moved, rng.normal(0, 0.012))
                panel.append((replicate, pipeline, f"D{step}", diversity, moved))
        for place, row in enumerate(rows):
            real = draw[row["n_real"]]
            for number, model in enumerate(truth.models):
                effect = 0.0
                if "step" in row:
                    d, s, luck = pools[row["pipeline"], row["step"]]
                    effect = truth.gain(row | {"d": d, "s": s, "model": model}) + luck
                chance = 0.65 + real + effect + rng.normal(0, 0.01)
                chances[replicate, number, place] = chance + hard + favour[place]
    right = rng.random(chances.shape) < chances
    gold = rng.integers(2, size=items)
    names = {
        "replicate": range(truth.replicates),
        "model": truth.models,
        "arm": [row["arm"] for row in rows],
        "id": [f"{item:05}" for item in range(items)],
    }
    grid = np.indices(right.shape).reshape(4, -1)
    predictions = pl.DataFrame(
        {name: np.array(values)[at] for (name, values), at in zip(names.items(), grid, strict=True)}
    ).with_columns(
        seed=pl.lit(0),
        test=pl.lit("test"),
        gold=pl.Series(gold[grid[-1]].astype(str)),
        predicted=pl.Series(np.where(right, gold, 1 - gold).ravel().astype(str)),
        group=pl.Series(groups[grid[-1]].astype(str)) if truth.passage > 1 else None,
    )
    measured = pl.DataFrame(panel, ["replicate", "pipeline", "level", "d", "s"], orient="row")
    about = {"generator": "writer", "embedder": "minilm"}
    sets = measured.with_columns(**{name: pl.lit(value) for name, value in about.items()})
    diversity = sets.with_columns(
        measure=pl.lit("vendi_score"), settings=pl.lit('{"q": 1.0}'), value=pl.col("d").exp()
    )
    shift = sets.with_columns(measure=pl.lit("mmd_test"), settings=pl.lit("{}"), value="s")
    return predictions, pl.DataFrame(rows, infer_schema_length=None), diversity, shift


NO_FINDINGS = pl.DataFrame(
    schema={
        **dict.fromkeys(("arm", "model", "metric", "test", "baseline"), pl.String),
        **dict.fromkeys(("p_value", "difference"), pl.Float64),
    }
)
SIZES = {"small": 10**7, "big": 10**9}


def verdicts(truth: Truth, seed: int) -> dict[str, bool]:
    """Whether each hypothesis has a verdict other than no evidence, in one study."""
    predictions, arms, diversity, shift = study(truth, seed)
    tests = hypotheses(predictions, arms, diversity, shift, NO_FINDINGS, sizes=SIZES, resamples=200)
    shown = tests.filter(pl.col("verdict").is_in(["supported", "opposite"]))
    return {key: key in set(shown["hypothesis"]) for key in tests["hypothesis"].unique()}


def saturating(mix: Mix) -> float:
    """Rises, and stays."""
    return 0.03 * min(mix["step"], 3)


def peaked(mix: Mix) -> float:
    """Rises by 9 points to D3 and falls by as much."""
    return 0.09 - 0.01 * (mix["step"] - 3) ** 2


def far_at_the_ends(step: int, pipeline: str) -> float:
    """Shift that is least at D3, and larger in one pipeline."""
    return 0.1 + 0.02 * (step - 3) ** 2 + 0.1 * (pipeline == "paraphrase")


def share(mix: Mix) -> float:
    """The generated rows of all rows."""
    return float(mix["n_generated"] / (mix["n_real"] + mix["n_generated"]))


RATIOS = (0.25, 1, 4)
OF_NOTHING = ("trend", "H1", "H3", "measures")
# Truth in words -> the truth, hypotheses that it holds nothing of, hypotheses to be found.
TRUTHS: dict[str, tuple[Truth, tuple[str, ...], tuple[str, ...]]] = {
    "flat": (Truth(lambda mix: 0.03), OF_NOTHING, ()),
    "flat, test rows in passages of 10": (Truth(lambda mix: 0.03, passage=10), OF_NOTHING, ()),
    "flat, pipelines differ": (
        Truth(lambda mix: 0.08 * (mix["pipeline"] == "topic"), offset=0.8),
        OF_NOTHING,
        (),
    ),
    "saturating at D3": (Truth(saturating), ("H1",), ("trend",)),
    "rising by 2 points a level": (Truth(lambda mix: 0.02 * mix["step"]), ("H1",), ("trend",)),
    "up and down by 9 points, in models of two sizes; shift too": (
        Truth(peaked, shift=far_at_the_ends, models=("small", "big")),
        ("H2", "H3"),
        ("H1",),
    ),
    "rising in the small model, falling in the big one": (
        Truth(
            lambda mix: 0.02 * mix["step"] * (1 if mix["model"] == "small" else -1),
            models=("small", "big"),
        ),
        ("H1", "H3"),
        ("H2",),
    ),
    "shift costs, beyond what level says": (
        Truth(lambda mix: 0.3 - 1.5 * mix["s"], lambda step, pipeline: 0.1 + 0.02 * step),
        (),
        ("H3",),
    ),
    "generated rows matter, real rows do not": (
        Truth(lambda mix: 0.02 * np.log2(mix["n_generated"]), real=(8, 32, 128), ratios=RATIOS),
        ("H4",),
        (),
    ),
    "10 points less for ten times the real rows": (
        Truth(lambda mix: 0.25 - 0.1 * np.log10(mix["n_real"]), real=(8, 32, 128), ratios=RATIOS),
        (),
        ("H4",),
    ),
    "best share constant, high levels gain more": (
        Truth(lambda mix: 0.05 * mix["step"] * share(mix) * (1 - share(mix)), ratios=RATIOS),
        ("H5",),
        (),
    ),
    "best share from 80 to 20 %": (
        Truth(
            lambda mix: 0.5 * share(mix) * (2 * (0.8 - 0.1 * mix["step"]) - share(mix)),
            ratios=RATIOS,
        ),
        (),
        ("H5",),
    ),
    "the gain follows diversity": (Truth(lambda mix: 0.15 * (mix["d"] - 3)), (), ("measures",)),
}


def rows(studies: int = STUDIES) -> Iterator[dict[str, str | int]]:
    """Every figure with its target: false positives by number of replicates, and power."""
    verdicts(Truth(saturating), 0)
    gc.freeze()  # the correction collects garbage at every call: not what was imported for it
    for words, (truth, false, true) in TRUTHS.items():
        for replicates in REPLICATES if false else (POWER_AT,):
            simulated = replace(truth, replicates=replicates)
            every = [verdicts(simulated, seed) for seed in range(studies)]
            for hypothesis in (*false, *(true if replicates == POWER_AT else ())):
                rate = float(np.mean([study[hypothesis] for study in every]))
                wrong = hypothesis in false
                yield {
                    **{"truth": words, "hypothesis": hypothesis, "replicates": replicates},
                    **{"studies": studies, "figure": "false positives" if wrong else "power"},
                    **{"measured": f"{rate:.1%}"},
                    "target": f"at most {MOST:.1%}" if wrong else f"at least {LEAST:.0%}",
                    "met": "yes" if (rate <= MOST if wrong else rate >= LEAST) else "no",
                }


def run(quick: bool = False) -> Iterator[dict[str, str | int]]:
    """Yield every figure, after half an hour; quick: a tenth of the studies."""
    yield from rows(STUDIES // 10 if quick else STUDIES)


if __name__ == "__main__":
    start = time.perf_counter()
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES):
        print(" | ".join(map(str, row.values())), flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
