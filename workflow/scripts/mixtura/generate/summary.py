"""What writing each set took: tokens, hours and money, from the statistics of its jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from mixtura.core.sets import SetKey
from mixtura.core.sums import added
from mixtura.generate.settings import TokenPrices

TOKENS = ("prompt_tokens", "cached_tokens", "new_tokens", "reasoning_tokens")
COSTS = ("prompt_tokens", "new_tokens", "gpu_hours", "cpu_hours", "cost")
SHARED = (*TOKENS, "gpu_hours", "cpu_hours", "cost")  # what a derived set has of others
SUMMED = (
    *("prompts", "parsed", "rejected", *TOKENS),
    *("generate_seconds", "load_seconds", "seconds"),
)


def generation_rows(
    sets: Mapping[SetKey, Sequence[Mapping[str, Any]]],
    accepted: Mapping[SetKey, int],
    largest: int,
    prices: Mapping[str, TokenPrices],
    origins: Mapping[SetKey, Sequence[tuple[SetKey, int | None]]] | None = None,
    hours: Sequence[float] = (0.0, 0.0),
) -> pl.DataFrame:
    """One row for each set: the table Generation.

    `sets` holds the statistics of the jobs of each set: the counts of `count_rows`,
    generate_seconds and load_seconds (all none where a job wrote nothing), seconds, threads and
    gpus. `accepted` counts the rows of a set that curation left, `largest` the real rows that the
    generator of a draw saw, `prices` are those of a generator's server, `hours` those of an hour of
    a GPU and of a core. Hours are those of whole jobs; `cost` is that of tokens and hours in the
    currency of the prices, null where all of them are 0: none is known. `origins` maps a derived
    set to the sets that its rows come from, and how many: it costs as much as these rows do, or,
    where that is None, as the whole set.
    """
    totals = {key: _total(jobs) for key, jobs in sets.items()}
    reasons = sorted({reason for total in totals.values() for reason in total["rejected"]})
    rows = {
        key: _written(total, reasons, prices.get(key.generator, TokenPrices()), hours)
        for key, total in totals.items()
    }
    for key, parts in (origins or {}).items():
        shares = [
            (rows[origin], count / accepted[origin] if count else 1.0) for origin, count in parts
        ]
        rows[key] = {"derived": True} | {name: _shared(shares, name) for name in SHARED}
    table = []
    for key, row in rows.items():
        count = accepted.get(key)
        each = row["new_tokens"] / count if count else None
        table.append(
            {**key.columns(largest), **row, "accepted": count, "tokens_per_accepted_row": each}
        )
    types = {
        **dict.fromkeys(("prompts", "parsed", "accepted"), pl.Int64()),
        **dict.fromkeys((*SHARED, "tokens_per_second", "load_share"), pl.Float64()),
        "tokens_per_accepted_row": pl.Float64(),
    }
    return pl.DataFrame(table, schema_overrides=types, infer_schema_length=None)


def _total(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of the statistics of jobs."""
    total: dict[str, Any] = {"cpu_seconds": 0, "gpu_seconds": 0, "load_seconds": 0}
    for job in jobs:
        total = added(total, {key: job[key] for key in SUMMED if key in job})
        total["cpu_seconds"] += job["seconds"] * job["threads"]
        total["gpu_seconds"] += job["seconds"] * job["gpus"]
    return total


def _written(
    total: Mapping[str, Any],
    reasons: Sequence[str],
    prices: TokenPrices,
    hours: Sequence[float],
) -> dict[str, Any]:
    """The row of a set that a generator wrote."""
    tokens = {name: total.get(name, 0) for name in TOKENS}
    gpu_hours, cpu_hours = total["gpu_seconds"] / 3600, total["cpu_seconds"] / 3600
    hours_cost = gpu_hours * hours[0] + cpu_hours * hours[1]
    return {
        "derived": False,
        "prompts": total["prompts"],
        "parsed": total["parsed"],
        **{f"rejected_{reason}": total["rejected"].get(reason, 0) for reason in reasons},
        **tokens,
        "tokens_per_second": tokens["new_tokens"] / total["generate_seconds"],
        "load_share": total["load_seconds"] / total["seconds"],
        "gpu_hours": gpu_hours,
        "cpu_hours": cpu_hours,
        "cost": prices.cost(tokens) + hours_cost if prices != TokenPrices() or any(hours) else None,
    }


def _shared(shares: Sequence[tuple[Mapping[str, Any], float]], name: str) -> float | None:
    """The sum of a column over (row, share of it), None where a row has none."""
    values = [(row[name], share) for row, share in shares]
    if any(value is None for value, _ in values):
        return None
    return float(sum(value * share for value, share in values))
