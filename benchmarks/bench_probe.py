"""A sweep of linear probes measured: hundreds of runs over given embeddings, through Snakemake.

Embeddings are points of 384 dimensions around one centre for each label, further apart at higher
levels; what is timed is what a study does: mixes, fits, predictions, their tables, and Snakemake
itself, from its start.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from mixtura.plan.plan import Plan, read_plan
from mixtura.prepare.splits import first_real_rows, real_order, split_rows

TITLE = "Sweep of linear probes"
ROOT = Path(__file__).parent.parent
LABELS = ("negative", "positive")


def study(folder: Path, seeds: int) -> dict[str, Any]:
    """65 arms: 7 levels alone and in a grid of 2 by 4, beside real data alone."""
    levels = [f"D{level}" for level in range(7)]
    (folder / "model").mkdir()
    (folder / "model/config.json").write_text("{}")
    model = {"path": str(folder / "model")}
    return {
        "study": "sweep",
        "task": {
            "name": "points",
            "data": {"path": str(folder / "points.csv")},
            "labels": {label: label for label in LABELS},
            "test": 1000,
            "reference": 1024,
        },
        "models": {"writer": model, "reader": model},
        "generators": {"writer": {"model": "writer"}},
        "pipelines": {
            "topic": {
                "dial": "topic",
                "levels": {level: {"topics": place + 1} for place, level in enumerate(levels)},
            }
        },
        "generate": {
            "generators": ["writer"],
            "pipelines": ["topic"],
            "levels": levels,
            "n": 512,
        },
        "embedders": ["reader"],
        "designs": {
            "real": [100],
            "level": {},
            "grid": {"real": [100, 200], "generated": [64, 128, 256, 512]},
            "controls": [],
        },
        "downstream": {"probe": {"kind": "probe", "embedder": "reader"}},
        "seeds": list(range(seeds)),
    }


def points(origin: str, rows: int, apart: float, seed: int) -> pl.DataFrame:
    """Rows (id, text, label, embedding)."""
    rng = np.random.default_rng(seed)
    codes = np.arange(rows) % 2
    vectors = rng.normal(size=(rows, 384)) / 384**0.5
    vectors[:, 0] += apart * (2 * codes - 1)
    return pl.DataFrame(
        {
            "id": [f"{origin}{row}" for row in range(rows)],
            "text": [f"{origin} {row}" for row in range(rows)],
            "label": [LABELS[code] for code in codes],
            "embedding": pl.Series(vectors.astype(np.float32), dtype=pl.Array(pl.Float32, 384)),
        }
    )


def prepare(folder: Path, seeds: int) -> Plan:
    """Write what a sweep is given: splits and embeddings."""
    real = points("real", 2400, 0.05, 0)
    real.select("text", "label").write_csv(folder / "points.csv")
    config = study(folder, seeds)
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    plan = read_plan(config)
    root = folder / plan.sets.paths.root
    splits = split_rows(real, 1000, 1024, 0)
    product = {
        f"writer/topic/D{level}/r0": points(f"D{level}-", 512, 0.01 * level, 1 + level)
        for level in range(7)
    }
    order = real_order(splits, plan.sets.study.seed, 0)
    few = first_real_rows(order, 200, plan.sets.study.task.balance.real).select("id")
    examples = few.join(real, on="id", maintain_order="left")
    test = real.join(splits.filter(split="test"), on="id", how="semi")
    tables = {"data/splits": splits, "embeddings/reader/test": test}
    tables |= {f"embeddings/reader/examples/{plan.sets.real_draw(0)}": examples}
    tables |= {f"embeddings/reader/{name}": rows for name, rows in product.items()}
    for name, table in tables.items():
        file = root / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        table.write_parquet(file)
    return plan


def snakemake(folder: Path, *targets: str) -> float:
    """Seconds of one Snakemake, from its start to its end."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(folder / "study.yaml"), "--directory", str(folder)]
    start = time.perf_counter()
    run = subprocess.run(
        [*command, "--profile", "profiles/local", "--cores", "2", *targets],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(run.stdout + run.stderr)
    return time.perf_counter() - start


def run(quick: bool) -> Iterator[dict[str, object]]:
    """Rows: the sweep, one more seed, and the scores of all runs."""
    seeds = 2 if quick else 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = prepare(folder, seeds)
        runs = len(plan.sets.arms) * seeds
        seconds = snakemake(folder, *plan.findings.predictions())
        yield {
            "case": f"{runs} runs, Snakemake included",
            "seconds": seconds,
            "target": "< 180 s for 600",
        }
        yield {
            "case": f"{runs} runs scored: 1,000 test rows, 4 metrics, intervals",
            "seconds": snakemake(folder, f"{plan.sets.paths.root}/tables/scores.parquet"),
        }
        more = study_with_one_more(folder, seeds)
        yield {
            "case": f"one more seed: {len(plan.sets.arms)} runs",
            "seconds": snakemake(folder, *more.findings.predictions()),
            "target": "that seed alone",
        }


def study_with_one_more(folder: Path, seeds: int) -> Plan:
    """The plan with one more seed, its configuration written."""
    config = yaml.safe_load((folder / "study.yaml").read_text())
    config["seeds"] = list(range(seeds + 1))
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return read_plan(config)


if __name__ == "__main__":
    for row in run("--quick" in sys.argv):
        print(row, flush=True)
