"""Parts of the tables that answers rest on."""

import polars as pl

from mixtura.core.sets import ALLOCATED

COMPARISON = ["arm", "model", "metric", "test"]  # with the arm it is compared to


def unique_comparisons(findings: pl.DataFrame) -> pl.DataFrame:
    """The rows of the findings, an arm that several designs share once for each baseline."""
    return findings.unique([*COMPARISON, "baseline"], keep="first", maintain_order=True)


def without_loop(table: pl.DataFrame) -> pl.DataFrame:
    """A table of arms or of sets without those of a loop."""
    if "design" in table.columns:
        return table.filter(pl.col("design").ne_missing("loop"))
    return table.filter(~pl.col("level").str.starts_with("R"))


def of_all_mixes(table: pl.DataFrame) -> pl.DataFrame:
    """A table of runs without the replicates that `mixtura next` gave to some mixes alone."""
    if "replicate" not in table.columns:
        return table
    return table.filter(pl.col("replicate") < ALLOCATED)
