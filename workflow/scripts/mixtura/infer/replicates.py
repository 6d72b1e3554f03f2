"""Sets over their draws."""

from collections.abc import Iterable

import polars as pl


def mean_of_draws(table: pl.DataFrame) -> pl.DataFrame:
    """A table about sets with one set for its draws, in all replicates: means of its numbers.

    Of several p-values it is twice the mean, 1 at most, which is a p-value again.

    Source: Vovk and Wang 2020, Combining p-values via averaging.
    """
    names = ("replicate", "shown")
    numbers = [n for n, kind in table.schema.items() if kind.is_numeric() and n not in names]
    keys = [n for n in table.columns if n not in (*numbers, *names)]
    means = table.group_by(keys, maintain_order=True).agg(pl.col(numbers).mean(), _draws=pl.len())
    if "p_value" in numbers:
        factor = pl.when(pl.col("_draws") > 1).then(2).otherwise(1)
        means = means.with_columns((pl.col("p_value") * factor).clip(upper_bound=1))
    return means.cast({n: table.schema[n] for n in numbers}).select([*keys, *numbers])


def sum_of_replicates(
    texts: Iterable[tuple[tuple[str, str, str], pl.DataFrame]],
) -> dict[tuple[str, str, str], pl.DataFrame]:
    """Set (generator, pipeline, level) -> nll and tokens of each text, summed over replicates."""
    parts: dict[tuple[str, str, str], list[pl.DataFrame]] = {}
    for name, table in texts:
        parts.setdefault(name, []).append(table)
    return {
        name: pl.concat(tables).group_by("id", maintain_order=True).sum()
        for name, tables in parts.items()
    }
