"""The demo through Snakemake, one job at a time, beside what its jobs do.

A job's process is what the same script takes by hand, with the start of Python and its imports;
its work is what it does after that. Models and data are fetched before: the network is no overhead.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from bench_plan import ROOT, timed
from measuring import Row

TITLE = "What the workflow adds to the work of its jobs"
FETCHED = ["models/smollm2", "models/minilm", "data/splits.parquet"]


def run(quick: bool = False) -> Iterator[Row]:
    """Yield both overheads, more than twelve minutes; quick: one level and one seed, four."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
    if quick:
        config["generate"]["levels"], config["seeds"] = ["D6"], [0]
    with tempfile.TemporaryDirectory() as name:
        study = Path(name, "study.yaml")
        study.write_text(yaml.safe_dump(config))
        command = ["-m", "snakemake", "--configfile", str(study), "--directory", name]
        command += ["--profile", "profiles/local", "--cores", "1"]
        results = Path(name, "results", config["study"])
        timed([*command, *(f"results/{config['study']}/{target}" for target in FETCHED)])
        before = set(results.rglob("benchmarks/**/*.jsonl"))
        wall = timed(command)[0]
        jobs = sorted(set(results.rglob("benchmarks/**/*.jsonl")) - before)
        processes = sum(json.loads(job.read_text())["s"] for job in jobs)
        work = 0.0
        for job in jobs:
            stats = results / "logs" / job.relative_to(results / "benchmarks")
            work += json.loads(stats.with_suffix(".json").read_text())["seconds"]
    for peer, seconds in (("the processes of its jobs", processes), ("their work alone", work)):
        yield {
            "case": f"{len(jobs)} jobs of the demo",
            "ours s": wall,
            "peer": peer,
            "peer s": seconds,
            "overhead": wall / seconds - 1,
            "target": "<= 0.15",
        }
