"""What a study will take before it runs: jobs, prompts, tokens, hours, disk and money.

All is estimated from the configuration. Where jobs of the same rule and model have run in this
study before, the estimates are scaled by what those took.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.generate.settings import TokenPrices
from mixtura.plan.estimate import Estimates
from mixtura.plan.measured import measured_scale
from mixtura.plan.planned import PlannedJob
from mixtura.plan.writers import token_prices
from mixtura.study.study import Study

# Snakemake's reasons to run a job -> one word.
REASONS = {
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


def plan_table(study: Study, jobs: Iterable[PlannedJob], root: Path) -> pl.DataFrame:
    """One row for each rule: what its jobs that have to run will take, and why they run.

    Paths of the jobs lie below the folder `root`. Tokens are those of prompts and of answers.
    Hours, MB and money are of the jobs to run. `basis` is "measured", "estimate" or how many of
    the jobs are measured.
    """
    by_rule: dict[str, list[PlannedJob]] = defaultdict(list)
    for job in jobs:
        by_rule[job["rule"]].append(job)
    estimates = Estimates(study, root)
    rows = [_row(estimates, rule, of_rule, root) for rule, of_rule in by_rule.items()]
    return pl.DataFrame(rows, SCHEMA)


def _row(estimates: Estimates, rule: str, jobs: list[PlannedJob], root: Path) -> dict[str, Any]:
    study = estimates.plan.sets.study
    by_engine: dict[str, list[PlannedJob]] = defaultdict(list)
    for job in jobs:
        by_engine[_engine(job)].append(job)
    row: dict[str, Any] = dict.fromkeys(SCHEMA, 0) | {"stage": rule}
    reasons: Counter[str] = Counter()
    measured = 0
    for group in by_engine.values():
        todo = [job for job in group if job["why"] is not None]
        row["done"] += len(group) - len(todo)
        if not todo:
            continue
        scale = measured_scale(estimates, group, root)
        measured += len(todo) if scale else 0
        read_price, write_price = _token_prices(study, todo[0])
        row["run"] += len(todo)
        for why, count in Counter(tuple(job["why"] or ()) for job in todo).items():
            reasons[_reason(why)] += count
        # Thousands of jobs are of a few kinds.
        kinds = Counter((estimates.of(job), job["gpu"], job["threads"]) for job in todo)
        for (each, gpus, threads), count in kinds.items():
            total = {k: count * value * scale.get(k, 1.0) for k, value in each._asdict().items()}
            row["prompts"] += total["prompts"]
            row["tokens"] += total["prompt_tokens"] + total["new_tokens"]
            row["gpu_hours"] += total["seconds"] * gpus / 3600
            row["cpu_hours"] += total["seconds"] * threads / 3600
            row["disk_mb"] += total["bytes"] / 1e6
            row["cost"] += total["prompt_tokens"] * read_price / 1e6
            row["cost"] += total["new_tokens"] * write_price / 1e6
    row |= {key: round(row[key]) for key in ("prompts", "tokens")}
    row["cost"] += row["gpu_hours"] * study.prices.gpu_hour
    row["cost"] += row["cpu_hours"] * study.prices.cpu_hour
    row["why"] = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    if row["run"]:
        mixed = f"{measured} of {row['run']} measured"
        row["basis"] = {0: "estimate", row["run"]: "measured"}.get(measured, mixed)
    else:
        row["basis"] = ""
    return row


def _engine(job: PlannedJob) -> str:
    """What a job's speed depends on most: its model."""
    names, keys = job["wildcards"], ("judge", "model", "embedder", "generator")
    return next((names[key] for key in keys if key in names), "")


def _token_prices(study: Study, job: PlannedJob) -> tuple[float, float]:
    """Prices per million prompt and new tokens of what a job asks: 0 where it is no server."""
    wildcards = job["wildcards"]
    name = wildcards.get("judge") or wildcards.get("generator")
    if job["rule"] == "diversity":
        name = study.diversity.judge
    server = study.generators[name].openai if name in study.generators else None
    prices = token_prices(server) if server else TokenPrices()
    return prices.prompt_price, prices.completion_price


def _reason(why: Iterable[str]) -> str:
    reasons = set(why)
    words = (word for reason, word in REASONS.items() if reason in reasons)
    return next(words, "; ".join(sorted(reasons)))


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
    printed = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([printed[0], *printed[1:-1], "-" * len(printed[0]), printed[-1]])
