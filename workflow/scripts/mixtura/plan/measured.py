"""What jobs that ran in this study took, beside what was estimated for them."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mixtura.plan.estimate import COUNTED, COUNTS, Estimates
from mixtura.plan.planned import PlannedJob

DRAW = re.compile(r"r[0-9]+(-[0-9]+)?")  # in paths: a replicate, or the draw of one
READ = 50  # finished jobs of a rule and model whose measurements are read


def measured_scale(
    estimates: Estimates, jobs: Sequence[PlannedJob], root: Path
) -> dict[str, float]:
    """What jobs that ran took, over what was estimated for them; empty where none ran.

    `jobs` are all of one rule and one model, done or not; their paths lie below `root`.
    """
    total: Counter[str] = Counter()
    estimated: Counter[str] = Counter()

    def add(job: PlannedJob, measured: Mapping[str, float]) -> None:
        total.update(measured)
        estimate = estimates.of(job)
        estimated.update({key: getattr(estimate, key) for key in measured})

    ran = 0
    for job in jobs:
        if ran == READ:
            break
        benchmark = root / job["benchmark"] if job["benchmark"] else None
        if benchmark and benchmark.is_file():
            counts = statistics(root / job["log"]) if job["log"] else {}
            took = job_seconds(benchmark, counts)
            if took is None:
                continue
            ran += 1
            add(job, {"seconds": took})
            if job["rule"] in COUNTED and counts:
                add(job, {key: counts.get(key, 0) for key in COUNTS})
    if ran:
        for job in jobs:
            if job["bytes"]:  # what is still there
                add(job, {"bytes": job["bytes"]})
    return {key: total[key] / estimated[key] for key in estimated if estimated[key]}


def statistics(log: Path) -> dict[str, Any]:
    """What a job wrote beside its log, empty where there is nothing."""
    file = log.with_suffix(".json")
    counts: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return counts


def job_seconds(benchmark: Path, counts: Mapping[str, Any]) -> float | None:
    """Seconds of a job by its benchmark, of all its runs if it trained some; None if it did none.

    `counts` are its statistics: the others were finished before.
    """
    seconds = float(json.loads(benchmark.read_text("utf-8").splitlines()[-1])["s"])
    if "trained" not in counts:
        return seconds
    return seconds * counts["runs"] / len(counts["trained"]) if counts["trained"] else None


def hours_of_replicate(root: Path) -> dict[tuple[str, ...], float]:
    """Hours of all jobs about something in one replicate, from what jobs of a study measured.

    A name is what stands before the replicate in the path of a benchmark: arm and model, or
    generator, pipeline and level. What was made for one replicate alone is left out: the others
    share it. Raises ValueError where nothing was measured.
    """
    seconds: dict[tuple[str, ...], dict[str, float]] = {}
    for file in (root / "benchmarks").glob("*/**/*.jsonl"):
        parts = file.relative_to(root / "benchmarks").with_suffix("").parts[1:]
        places = [place for place, part in enumerate(parts) if DRAW.fullmatch(part)]
        log = root / "logs" / file.relative_to(root / "benchmarks")
        took = job_seconds(file, statistics(log)) if places else None
        if took is not None:
            replicate = parts[places[-1]].partition("-")[0]
            of = seconds.setdefault(parts[: places[-1]], {})
            of[replicate] = of.get(replicate, 0.0) + took
    if not seconds:
        raise ValueError(f"{root}/benchmarks has no measured jobs of a replicate: run the study")
    return {
        names: sum(of.values()) / len(of) / 3600 for names, of in seconds.items() if len(of) > 1
    }
