"""What jobs that ran in this study took, beside what was estimated for them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mixtura.plan.estimate import COUNTED, COUNTS, Estimates
from mixtura.plan.planned import PlannedJob

READ = 50  # finished jobs of a rule and model whose measurements are read


def measured_scale(
    estimates: Estimates, jobs: Sequence[PlannedJob], root: Path
) -> dict[str, float]:
    """What jobs that ran took, over what was estimated for them; empty where none ran.

    `jobs` are all of one rule and one model, done or not; their paths lie below `root`.
    """
    took: Counter[str] = Counter()
    estimated: Counter[str] = Counter()

    def add(job: PlannedJob, measured: Mapping[str, float]) -> None:
        took.update(measured)
        estimate = estimates.of(job)
        estimated.update({key: getattr(estimate, key) for key in measured})

    ran = 0
    for job in jobs:
        if ran == READ:
            break
        benchmark = root / job["benchmark"] if job["benchmark"] else None
        if benchmark and benchmark.is_file():
            ran += 1
            add(job, {"seconds": json.loads(benchmark.read_text().splitlines()[-1])["s"]})
            stats = root / Path(job["log"]).with_suffix(".json") if job["log"] else None
            if job["rule"] in COUNTED and stats and stats.is_file():
                counts = json.loads(stats.read_text())
                add(job, {key: counts.get(key, 0) for key in COUNTS})
    if ran:
        for job in jobs:
            if job["bytes"]:  # what is still there
                add(job, {"bytes": job["bytes"]})
    return {key: took[key] / estimated[key] for key in estimated if estimated[key]}
