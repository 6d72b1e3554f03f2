"""Tables of a made-up study of known truth: what reports, figures and comparisons are tested on."""

import functools
import json
from typing import Any

import numpy as np
import polars as pl

from mixtura.infer.findings import findings
from mixtura.infer.loop import collapse_table
from mixtura.infer.scoring import run_scores
from mixtura.infer.settings import Round
from mixtura.infer.surface.scores import scores_surface
from mixtura.infer.surface.tables import Surface

PIPELINES = ("topic", "paraphrase")
DIVERSITY = (("vendi_score", {"q": 1.0}), ("dcscore", {"tau": 0.05}), ("distinct_n", {"n": 2}))
# Real rows alone, and a mix that is compared with them.
TWO_ARMS = pl.DataFrame(
    {
        "arm": ["real", "mix"],
        "design": ["real-only", "mix-add"],
        "generator": [None, "g"],
        "pipeline": [None, "p"],
        "level": [None, "D0"],
        "n_real": [10, 10],
        "n_generated": [0, 10],
        "baseline": [None, "real"],
    }
)
SHIFT = ("mmd_test", "c2st", "nearest_real_distance")


def arms(
    levels: int = 7,
    pipelines: tuple[str, ...] = PIPELINES,
    real: tuple[int, ...] = (64,),
    ratios: tuple[float, ...] = (1, 3),
    alone: bool = True,
) -> pl.DataFrame:
    """The index of the arms: real only, mix-add at `ratios`, and generated alone."""
    rows = []

    def add(
        design: str, n_real: int, parts_of: int, pipeline: str | None, level: str | None
    ) -> None:
        base = None if design == "real-only" else f"real{n_real or real[0]}"
        name = f"{pipeline}{level}-{n_real}-{parts_of}" if base else f"real{n_real}"
        source = {"generator": "writer" if base else None, "pipeline": pipeline, "level": level}
        counts = {"n_real": n_real, "n_generated": parts_of, "baseline": base}
        rows.append({"arm": name, "design": design, **source, **counts})

    for n in real:
        add("real-only", n, 0, None, None)
    for pipeline in pipelines:
        for level in (f"D{step}" for step in range(levels)):
            for n in real:
                for ratio in ratios:
                    add("mix-add", n, round(n * ratio), pipeline, level)
            if alone:
                add("level", 0, 192, pipeline, level)
    return pl.DataFrame(rows, infer_schema_length=None)


def predictions(
    index: pl.DataFrame,
    effect: Any,
    models: tuple[str, ...] = ("reader",),
    seeds: int = 3,
    items: int = 300,
    noise: float = 0.01,
) -> pl.DataFrame:
    """Predictions whose chance of being right is effect(row of the index, model), a number."""
    rng = np.random.default_rng(0)
    gold = np.array(["no", "yes"])[rng.integers(2, size=items)]
    hard = rng.normal(0, 0.15, items)
    frames = []
    for model in models:
        for row in index.iter_rows(named=True):
            for seed in range(seeds):
                chance = effect(row, model) + rng.normal(0, noise) + hard
                right = rng.random(items) < chance
                other = np.where(gold == "yes", "no", "yes")
                frames.append(
                    pl.DataFrame(
                        {
                            "arm": row["arm"],
                            "model": model,
                            "seed": seed,
                            "test": "test",
                            "id": [f"{item:05}" for item in range(items)],
                            "gold": gold,
                            "predicted": np.where(right, gold, other),
                        }
                    )
                )
    return pl.concat(frames)


def panels(levels: int = 7, pipelines: tuple[str, ...] = PIPELINES) -> tuple[pl.DataFrame, ...]:
    """Tables of diversity, which rises with the level, and of shift, which is lowest at D3."""
    rng = np.random.default_rng(1)

    def rows(name: str, settings: dict[str, Any], value: Any, **more: Any) -> list[dict[str, Any]]:
        parts_of = []
        for pipeline in pipelines:
            for step in range(levels):
                at = float(value(step) + rng.normal(0, 0.02))
                source = {"generator": "writer", "pipeline": pipeline, "level": f"D{step}"}
                about = {"embedder": "minilm", "measure": name, "settings": json.dumps(settings)}
                numbers = {"n": 192, "repeats": 20, "value": at, "low": at - 0.1, "high": at + 0.1}
                parts_of.append({**source, **about, **numbers, **more})
        return parts_of

    diversity = [
        row for name, removal in DIVERSITY for row in rows(name, removal, lambda at: 1 + at)
    ]
    floor = {"floor": 0.4, "floor_low": 0.3, "floor_high": 0.5, "z": 1.5, "p_value": 0.01}
    shift = [
        row
        for place, name in enumerate(SHIFT)
        for row in rows(name, {}, lambda at, p=place: 0.5 + (at - 3) ** 2 / (9 + p), **floor)
    ]
    return pl.DataFrame(diversity), pl.DataFrame(shift)


def study(effect: Any, models: tuple[str, ...] = ("reader",), **design: Any) -> dict[str, Any]:
    """All tables of a study, by name."""
    return dict(_study(effect, models, **design))


@functools.cache
def _study(effect: Any, models: tuple[str, ...], **design: Any) -> dict[str, Any]:
    runs = {key: design.pop(key) for key in ("seeds", "items", "noise") if key in design}
    index = arms(**design)
    frame = predictions(index, effect, models, **runs)
    shape = {key: design[key] for key in ("levels", "pipelines") if key in design}
    diversity, shift = panels(**shape)
    return {
        "arms": index,
        "predictions": frame,
        "scores": run_scores(frame, index, ["accuracy"]),
        "findings": findings(frame, index, ["accuracy"]),
        "diversity": diversity,
        "shift": shift,
    }


def step(row: dict[str, Any]) -> int:
    """The number of a row's level."""
    return int(row["level"][1:])


def peaked(row: dict[str, Any], model: str) -> float:
    """Real alone 0.6; generated text gains 12 points at D3 and loses 6 at both ends."""
    return 0.6 if row["level"] is None else 0.72 - 0.02 * (step(row) - 3) ** 2


def flat(row: dict[str, Any], model: str) -> float:
    """Every mix is as good as real alone."""
    return 0.65


@functools.cache
def surface(levels: int = 7, real: tuple[int, ...] = (16, 64)) -> pl.DataFrame:
    """The surface of a sweep that peaks at D3, with 40 and 120 generated rows."""
    rng = np.random.default_rng(0)
    mixes = [(0, 0), *((rows, level) for rows in (40, 120) for level in range(levels))]
    rows = [
        (
            *(replicate, labels, generated, level),
            0.6 + bool(generated) * (0.12 - 0.02 * (level - 3) ** 2) + 0.01 * rng.normal(),
        )
        for replicate in range(3)
        for labels in real
        for generated, level in mixes
    ]
    names = ["replicate", "real", "generated", "diversity", "score"]
    table = scores_surface(pl.DataFrame(rows, names, orient="row"), {name: name for name in names})
    return table.with_columns(metric=pl.lit("accuracy"), axis=pl.lit("level"))


def generation(levels: int = 7, pipelines: tuple[str, ...] = PIPELINES) -> pl.DataFrame:
    """What the sets cost: each 1,000 tokens and a CPU hour more than the one before."""
    rows = [
        {
            **{"generator": "writer", "pipeline": pipeline, "level": f"D{at}", "prompts": 260},
            **{"parsed": 250, "accepted": 200, "prompt_tokens": 4000 + at, "gpu_hours": 0.0},
            **{"new_tokens": 1000 * (at + 1), "cpu_hours": at + 1.0, "tokens_per_second": 120.0},
            **{"cost": None},
        }
        for pipeline in pipelines
        for at in range(levels)
    ]
    return pl.DataFrame(rows, schema_overrides={"cost": pl.Float64})


def curation(levels: int = 7, pipelines: tuple[str, ...] = PIPELINES) -> pl.DataFrame:
    """250 rows a set: 20 removed as equal, 38 as near-duplicates."""
    steps = [("exact", "equal", 250, 20), ("fuzzy", "similar", 230, 38), ("length", None, 192, 0)]
    rows = [
        {
            **{"generator": "writer", "pipeline": pipeline, "level": f"D{at}", "stage": stage},
            **{"reason": reason, "rows_in": rows, "removed": gone, "rows_out": rows - gone},
        }
        for pipeline in pipelines
        for at in range(levels)
        for stage, reason, rows, gone in steps
    ]
    return pl.DataFrame(rows)


def recommended(verdict: str = "gain shown", reals: tuple[int, ...] = (64, 256)) -> pl.DataFrame:
    """A fitted surface: 12 points at 64 real rows with the text of D3, 3 at more of them."""
    scope = {"model": "small", "metric": "accuracy", "test": "test", "generator": "writer"}
    scope |= {"pipeline": "topic", "form": "added", "axis": "level", "replicates": 5}
    rows: list[dict[str, Any]] = []
    for real in reals:
        gain = 0.12 if real == 64 else 0.03
        ends = {"n_real": float(real), "gain": gain, "low": gain - 0.05, "high": gain + 0.05}
        sure = verdict if real == 64 else "too small to tell"
        mix = {"level": "D3", "n_generated": 64.0, "recommended": True, "verdict": sure}
        rows += [ends | mix | {"kind": "mix", "arm": f"topicD3-{real}-64"}]
        rows += [ends | {"kind": "peak", "verdict": "no shape"}]
    limit = {"n_real": 210.0, "n_real_low": 90.0, "n_real_high": None, "gain": 0.02}
    rows.append(limit | {"kind": "limit"})
    types = Surface.types()
    return pl.DataFrame([{name: (scope | row).get(name) for name in types} for row in rows], types)


def texts(name: str, rows: int = 192, text: str | None = None) -> pl.DataFrame:
    """Rows of one set; `text` for all of them, or made-up sentences."""
    rng = np.random.default_rng(len(name))
    words = np.array(["the", "plot", "was", "a", "dull", "bright", "story", "of", "love", "again"])
    parts_of = [text or " ".join(rng.choice(words, 18)) for _ in range(rows)]
    ids = [f"{name[-2:]}{at:04}" for at in range(rows)]
    return pl.DataFrame({"id": ids, "text": parts_of, "label": ["no", "yes"] * (rows // 2)})


def removed(name: str, text: str | None = None) -> pl.DataFrame:
    """Receipts of 58 removed rows."""
    removal = {"stage": pl.lit("fuzzy"), "reason": pl.lit("similar"), "score": pl.lit(0.8)}
    return texts(name, 58, text).with_columns(**removal)


def embeddings(names: list[str], rows: int = 192) -> dict[str, pl.DataFrame]:
    """Vectors of the reference and of every set, for the map."""
    rng = np.random.default_rng(5)
    kind = pl.Array(pl.Float32, 8)

    def vectors(count: int) -> pl.Series:
        return pl.Series(rng.normal(size=(count, 8)).astype(np.float32), dtype=kind)

    parts_of = []
    for name in names:
        generator, pipeline, level = name.split("/")
        source = {"generator": generator, "pipeline": pipeline, "level": level}
        source_rows = texts(name, rows).select(
            "id", *(pl.lit(v).alias(k) for k, v in source.items())
        )
        parts_of.append(source_rows.with_columns(embedding=vectors(rows)))
    return {
        "reference": pl.DataFrame({"embedding": vectors(400)}),
        "generated": pl.concat(parts_of),
    }


ABOUT = {
    "study": "made-up",
    "task": {
        "noun": "review",
        "labels": {"0": "no", "1": "yes"},
        "test": {"rows": 300, "data": None, "folds": None},
        "development": {"rows": 24, "data": None},
    },
    "designs": {"real": [64, 256]},
    "generate": {"n": 192},
    "replicates": {"count": 1, "share": []},
    "seeds": [0, 1, 2],
}


ROUNDS = [
    Round(scheme=scheme, round=number, written=written, arm=f"{scheme}{number}")
    for scheme in ("replace", "accumulate")
    for number, written in enumerate(
        [("writer", "topic", "D3"), *(("writer", f"loop-{scheme}", f"R{r}") for r in (1, 2))]
    )
]


def looped() -> dict[str, Any]:
    """Tables of a study with a loop: scheme replace loses 15 points a round, accumulate nothing."""
    index = [{"arm": "real", "design": "real-only", "n_real": 64, "n_generated": 0}]
    index += [
        {
            **{"arm": each.arm, "design": "loop", "n_generated": 96, "baseline": "real"},
            **dict(zip(("generator", "pipeline", "level"), each.written, strict=True)),
            **{"n_real": 0 if each.scheme == "replace" else 64},
            **{"control": f"{each.scheme}0" if each.round else None},
        }
        for each in ROUNDS
    ]
    arms = pl.DataFrame(index, infer_schema_length=None)
    at = {each.arm: each.round * (each.scheme == "replace") for each in ROUNDS}
    runs = predictions(arms, lambda row, model: 0.85 - 0.15 * at.get(row["arm"], 0))
    sets = dict.fromkeys(each.written for each in ROUNDS)
    last = {name: int(name[2][1:]) if name[2][0] == "R" else 0 for name in sets}

    def rows(measure: str, sign: int, **more: float) -> pl.DataFrame:
        return pl.DataFrame(
            [
                {
                    **dict(zip(("generator", "pipeline", "level"), name, strict=True)),
                    **{"embedder": "minilm", "measure": measure, "settings": "{}", "n": 96},
                    **{"value": 5.0 + sign * r, "low": 4.5 + sign * r, "high": 5.5 + sign * r},
                    **more,
                }
                for name, r in last.items()
            ]
        )

    tuned = [("writer", "loop", "R0"), *(name for name in sets if name[2][0] == "R")]
    return {
        "arms": arms,
        "predictions": runs,
        "findings": findings(runs, arms, ["accuracy"]),
        "diversity": rows("vendi_score", -1),
        "shift": rows(
            "tail_loss", 1, floor=4.0, floor_low=3.0, floor_high=5.0, z=1.25, p_value=0.5
        ),
        "perplexity": {
            name: pl.DataFrame(
                [
                    {"nll": 3.0 * (10 + text % 3) + int(name[2][1]), "tokens": 10 + text % 3}
                    for text in range(40)
                ]
            )
            for name in tuned
        },
    }


@functools.cache
def collapse() -> pl.DataFrame:
    """The table of that loop."""
    parts_of = looped()
    names = ("findings", "diversity", "shift", "perplexity")
    return collapse_table(ROUNDS, *(parts_of[name] for name in names))


def power() -> pl.DataFrame:
    """The smallest visible gain by replicates, of a study of three."""
    planned = [False, True, False]
    return pl.DataFrame({"replicates": [2, 3, 5], "gain": [0.2, 0.1, 0.06], "planned": planned})
