"""What generated rows cost to write: tokens, hours and money, of a set and of a mix."""

from collections.abc import Mapping

import polars as pl

from mixtura.generate.summary import COSTS


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


def cost_text(cost: Mapping[str, float | None]) -> str:
    """COSTS of an arm in words, those that are known."""
    parts = []
    if cost.get("new_tokens") is not None:
        tokens = f"{cost['new_tokens']:,.0f} tokens written"
        parts.append(f"{tokens}, {cost['prompt_tokens']:,.0f} read")
    for name, unit in (("gpu_hours", "GPU hours"), ("cpu_hours", "CPU hours")):
        if hours := cost.get(name):
            parts.append(f"{hours:.2g} {unit}")
    if (money := cost.get("cost")) is not None:
        amount = f"{money:.2f}" if money >= 0.01 else "less than 0.01"
        parts.append(f"{amount} in the currency of the prices")
    return ", ".join(parts)
