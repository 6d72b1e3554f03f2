"""Parts of the tables that answers rest on."""

import polars as pl

from mixtura.core.sets import ALLOCATED

COMPARISON = ["arm", "model", "metric", "test"]  # with the arm it is compared to


def unique_comparisons(findings: pl.DataFrame) -> pl.DataFrame:
    """The rows of the findings, an arm that several designs share once for each baseline."""
    return findings.unique([*COMPARISON, "baseline"], keep="first", maintain_order=True)


def mixes_alone(table: pl.DataFrame) -> pl.DataFrame:
    """A table of arms or of sets without rounds of a loop and alternatives to generated text."""
    if "design" in table.columns:
        return table.filter(~pl.col("design").is_in(["loop", "alternatives"]).fill_null(False))
    return table.filter(~pl.col("level").str.starts_with("R"))


def of_all_mixes(table: pl.DataFrame) -> pl.DataFrame:
    """A table of runs without the replicates that `mixtura next` gave to some mixes alone."""
    if "replicate" not in table.columns:
        return table
    return table.filter(pl.col("replicate") < ALLOCATED)
