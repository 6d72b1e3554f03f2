"""What the generated rows of a mix cost to write: tokens, hours and money."""

import polars as pl

COSTS = ("prompt_tokens", "new_tokens", "gpu_hours", "cpu_hours", "cost")


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
    if cost.get("cost") is not None:
        parts.append(f"{cost['cost']:.2f} in the currency of the prices")
    return ", ".join(parts)
