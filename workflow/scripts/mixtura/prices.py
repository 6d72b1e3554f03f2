"""What generated rows cost to write: tokens, hours and money, of a set and of a mix."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from mixtura.tables import added

Set = tuple[str, str, str]  # generator, pipeline, level
COSTS = ("prompt_tokens", "new_tokens", "gpu_hours", "cpu_hours", "cost")
SUMMED = (
    *("prompts", "parsed", "rejected", "prompt_tokens", "new_tokens"),
    *("generate_seconds", "load_seconds", "seconds"),
)


def generation_rows(
    sets: Mapping[Set, Sequence[Mapping[str, Any]]],
    accepted: Mapping[Set, int],
    prices: Mapping[str, Sequence[float]],
    origins: Mapping[Set, Sequence[tuple[Set, int | None]]] | None = None,
    hours: Sequence[float] = (0.0, 0.0),
) -> pl.DataFrame:
    """One row for each set, (generator, pipeline, level), from the statistics of its jobs.

    A job has the counts of `counted`, generate_seconds and load_seconds (all none where it wrote
    nothing), seconds, threads and gpus. `accepted` counts the rows of a set that curation left,
    `prices` those of a generator's server per million prompt and new tokens, `hours` those of an
    hour of a GPU and of a core. Hours are those of whole jobs; `cost` is that of tokens and hours
    in the currency of the prices, null where all of them are 0: none is known. `origins` maps a
    derived set to the sets that its rows come from, and how many: it costs as much as these rows
    do, or, where that is None, as the whole set. A sum over the table leaves `derived` rows out.
    """
    totals = {}
    for made, jobs in sets.items():
        total: dict[str, Any] = {"cpu_seconds": 0, "gpu_seconds": 0, "load_seconds": 0}
        for job in jobs:
            total = added(total, {key: job[key] for key in SUMMED if key in job})
            total["cpu_seconds"] += job["seconds"] * job["threads"]
            total["gpu_seconds"] += job["seconds"] * job["gpus"]
        totals[made] = total
    reasons = sorted({reason for total in totals.values() for reason in total["rejected"]})
    rows: dict[Set, dict[str, Any]] = {}
    for made, total in totals.items():
        written, new = total["prompt_tokens"], total["new_tokens"]
        gpu_hours, cpu_hours = total["gpu_seconds"] / 3600, total["cpu_seconds"] / 3600
        read_price, write_price = prices.get(made[0], (0.0, 0.0))
        tokens_cost = (written * read_price + new * write_price) / 1e6
        hours_cost = gpu_hours * hours[0] + cpu_hours * hours[1]
        rows[made] = {
            "derived": False,
            "prompts": total["prompts"],
            "parsed": total["parsed"],
            **{f"rejected_{why}": total["rejected"].get(why, 0) for why in reasons},
            "prompt_tokens": written,
            "new_tokens": new,
            "tokens_per_second": new / total["generate_seconds"],
            "load_share": total["load_seconds"] / total["seconds"],
            "gpu_hours": gpu_hours,
            "cpu_hours": cpu_hours,
            "cost": tokens_cost + hours_cost if any((read_price, write_price, *hours)) else None,
        }
    for made, parts in (origins or {}).items():
        shares = [(rows[one], count / accepted[one] if count else 1.0) for one, count in parts]
        costs = {key: [(row[key], share) for row, share in shares] for key in COSTS}
        rows[made] = {"derived": True} | {
            key: None if any(value is None for value, _ in told) else sum(v * s for v, s in told)
            for key, told in costs.items()
        }
    told = []
    for made, row in rows.items():
        kept = accepted.get(made)
        named = dict(zip(("generator", "pipeline", "level"), made, strict=True))
        each = row["new_tokens"] / kept if kept else None
        told.append({**named, **row, "accepted": kept, "tokens_per_accepted_row": each})
    types = {
        **dict.fromkeys(("prompts", "parsed", "accepted"), pl.Int64()),
        **dict.fromkeys((*COSTS, "tokens_per_second", "load_share"), pl.Float64()),
    }
    return pl.DataFrame(told, schema_overrides=types, infer_schema_length=None)


def arm_costs(arms: pl.DataFrame, generation: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The rows of arms with COSTS and `price`, and the unit of `price`.

    arms has generator, pipeline, level and n_generated, generation is the table of the sets. What
    a set cost is shared by the rows that curation left (`accepted`), so that discarded rows are
    paid for by the kept ones. price is money where every set has a price, else GPU hours, else CPU
    hours. Arms without generated rows, or of a set that generation lacks, are dropped.
    """
    sets = generation.filter(pl.col("accepted") > 0)
    each = sets.select(
        "generator", "pipeline", "level", *(pl.col(name) / pl.col("accepted") for name in COSTS)
    )
    joined = arms.join(each, on=["generator", "pipeline", "level"], maintain_order="left")
    priced = joined.with_columns(pl.col(name) * pl.col("n_generated") for name in COSTS)
    if sets.height and not sets["cost"].null_count():
        name, unit = "cost", "money (in the currency of the prices)"
    elif sets["gpu_hours"].sum() > 0:
        name, unit = "gpu_hours", "GPU hours"
    else:
        name, unit = "cpu_hours", "CPU hours"
    return priced.with_columns(price=pl.col(name)), unit


def told_cost(cost: dict[str, float | None]) -> str:
    """COSTS of an arm in words, those that are known."""
    parts = []
    if cost.get("new_tokens") is not None:
        written = f"{cost['new_tokens']:,.0f} tokens written"
        parts.append(f"{written}, {cost['prompt_tokens']:,.0f} read")
    for name, unit in (("gpu_hours", "GPU hours"), ("cpu_hours", "CPU hours")):
        if hours := cost.get(name):
            parts.append(f"{hours:.2g} {unit}")
    if (money := cost.get("cost")) is not None:
        told = f"{money:.2f}" if money >= 0.01 else "less than 0.01"
        parts.append(f"{told} in the currency of the prices")
    return ", ".join(parts)
