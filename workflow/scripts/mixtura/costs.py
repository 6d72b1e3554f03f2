"""What a study will take before it runs: jobs, prompts, tokens, hours, disk and money.

Seconds, tokens and bytes of a job are measured where jobs of the same rule and model have run in
this study before, and estimated from the configuration where none has.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import polars as pl

from mixtura.config import Study
from mixtura.plan import SHORT, TYPICAL

TOKENS_PER_SECOND = {False: 120, True: 1500}  # generating, without and with a GPU
TUNED_PER_SECOND = {False: 200, True: 10_000}  # tokens of a generator that is trained
TRAINED_PER_SECOND = {False: 3_000, True: 40_000}  # tokens fine-tuned
BYTES_PER_TOKEN = 5  # of text with its columns, compressed
TYPICAL_BYTES = {"model": 500_000_000, "task": 1_000_000, "report": 1_000_000}
SMALL = 20_000
VECTOR_BYTES = 768 * 4
LOOKED_AT = 50  # finished jobs of a rule and model that are read
WHY = {
    "params have changed since last execution": "changed",
    "set of input files has changed since last execution": "other inputs",
    "updated input files": "newer inputs",
    "incomplete output files": "unfinished",
    "output files have to be generated": "missing",
    "input files updated by another job": "upstream",
}
SCHEMA = {
    "stage": pl.String,
    "run": pl.Int64,
    "done": pl.Int64,
    "why": pl.String,
    "prompts": pl.Int64,
    "tokens": pl.Int64,
    "gpu_hours": pl.Float64,
    "cpu_hours": pl.Float64,
    "disk_mb": pl.Float64,
    "cost": pl.Float64,
    "basis": pl.String,
}


def plan_table(study: Study, jobs: Iterable[Mapping[str, Any]], root: Path) -> pl.DataFrame:
    """One row for each rule: what its jobs that have to run will take, and why they run.

    `jobs` are what the dry run found: rule, wildcards, why (None: done), threads, gpu, bytes of
    the output, benchmark (path of the measured time below the folder `root`). Hours, MB and money
    are of the jobs to run. `basis` is "measured", "estimate" or how many of the jobs are measured.
    """
    by_rule: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for job in jobs:
        by_rule[job["rule"]].append(job)
    rows = [_row(study, rule, found, root) for rule, found in by_rule.items()]
    return pl.DataFrame(rows, SCHEMA)


def _row(study: Study, rule: str, jobs: list[Mapping[str, Any]], root: Path) -> dict[str, Any]:
    by_engine: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for job in jobs:
        by_engine[_engine(job)].append(job)
    row: dict[str, Any] = dict.fromkeys(SCHEMA, 0) | {"stage": rule}
    reasons: Counter[str] = Counter()
    measured = 0
    for engine, group in by_engine.items():
        todo = [job for job in group if job["why"] is not None]
        row["done"] += len(group) - len(todo)
        if not todo:
            continue
        seen = _seen(group, root)
        measured += len(todo) if seen else 0
        for job in todo:
            reasons[_reason(job["why"])] += 1
            each = _estimate(study, rule, engine, bool(job["gpu"])) | seen
            row["run"] += 1
            row["prompts"] += each["prompts"]
            row["tokens"] += round(each["tokens"])
            row["gpu_hours"] += each["seconds"] * job["gpu"] / 3600
            row["cpu_hours"] += each["seconds"] * job["threads"] / 3600
            row["disk_mb"] += each["bytes"] / 1e6
            row["cost"] += each["tokens"] * _token_price(study, engine)
    row["cost"] += row["gpu_hours"] * study.prices.gpu_hour
    row["cost"] += row["cpu_hours"] * study.prices.cpu_hour
    row["why"] = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    if row["run"]:
        mixed = f"{measured} of {row['run']} measured"
        row["basis"] = {0: "estimate", row["run"]: "measured"}.get(measured, mixed)
    else:
        row["basis"] = ""
    return row


def _engine(job: Mapping[str, Any]) -> str:
    """What a job's speed depends on most: its model."""
    names = job["wildcards"]
    return next((names[key] for key in ("model", "embedder", "generator") if key in names), "")


def _reason(why: Iterable[str]) -> str:
    given = set(why)
    return next((short for long, short in WHY.items() if long in given), "; ".join(sorted(given)))


def _seen(jobs: list[Mapping[str, Any]], root: Path) -> dict[str, float]:
    """Means over jobs that ran: seconds, tokens and, of what is still there, bytes."""
    seconds: list[float] = []
    tokens: list[float] = []
    for job in jobs:
        if len(seconds) == LOOKED_AT:
            break
        benchmark = root / job["benchmark"] if job["benchmark"] else None
        if benchmark and benchmark.is_file():
            seconds.append(json.loads(benchmark.read_text().splitlines()[-1])["s"])
            stats = root / Path(job["log"]).with_suffix(".json") if job["log"] else None
            if stats and stats.is_file():
                tokens.append(json.loads(stats.read_text()).get("new_tokens", 0))
    found = {"seconds": fmean(seconds)} if seconds else {}
    if any(tokens):
        found["tokens"] = fmean(tokens)
    if seconds and (kept := [job["bytes"] for job in jobs if job["bytes"]]):
        found["bytes"] = fmean(kept)
    return found


def _estimate(study: Study, rule: str, engine: str, gpu: bool) -> dict[str, float]:
    """What one job takes, from the configuration alone."""
    told: dict[str, float] = {
        "prompts": 0,
        "tokens": 0,
        "seconds": TYPICAL.get(rule, SHORT),
        "bytes": TYPICAL_BYTES.get(rule, SMALL),
    }
    if rule in ("generate", "top_up"):
        told["prompts"] = study.generate.shard
        told["tokens"] = study.generate.shard * study.generators[engine].sampling.max_new_tokens
        told["seconds"] = round(told["tokens"] / TOKENS_PER_SECOND[gpu])
        told["bytes"] = told["tokens"] * BYTES_PER_TOKEN
    elif rule in ("finetune", "finetune_causal"):
        trained = study.downstream[engine]
        each = getattr(trained, "batch_size", 1) * getattr(trained, "max_length", 1)
        told["seconds"] += getattr(trained, "steps", 0) * each // TRAINED_PER_SECOND[gpu]
    elif rule == "tune":
        loop = study.designs.loop
        assert loop
        longest = study.generators[engine].sampling.max_new_tokens
        tokens = loop.tune.steps * loop.tune.batch_size * longest
        told["seconds"] += tokens // TUNED_PER_SECOND[gpu]
    elif rule == "embed":
        told["bytes"] = study.generate.n * VECTOR_BYTES
    elif rule == "embed_real":
        told["bytes"] = study.task.reference * VECTOR_BYTES
    return told


def _token_price(study: Study, engine: str) -> float:
    generator = study.generators.get(engine)
    paid = generator is not None and generator.backend == "openai"
    return study.prices.million_tokens / 1e6 if paid else 0.0


def plan_text(table: pl.DataFrame) -> str:
    """The table for a terminal, rules in the order in which data flows, with the totals."""
    heads = ["stage", "to run", "done", "prompts", "tokens", "GPU h", "CPU h", "disk MB", "cost"]
    lines = [[*heads, "from", "why"]]
    total: dict[str, Any] = {"stage": "total", "basis": "", "why": ""}
    for name, kind in SCHEMA.items():
        if kind != pl.String:
            total[name] = table[name].sum()
    for row in [*table.iter_rows(named=True), total]:
        counts = [f"{row[name]:,}" for name in ("run", "done", "prompts", "tokens")]
        hours = [f"{row[name]:,.2f}" for name in ("gpu_hours", "cpu_hours")]
        rest = [f"{row['disk_mb']:,.1f}", f"{row['cost']:,.2f}", row["basis"], row["why"]]
        lines.append([row["stage"], *counts, *hours, *rest])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    left = (0, 9, 10)
    told = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([told[0], *told[1:-1], "-" * len(told[0]), told[-1]])
