"""The funnel of a set: how many rows each stage of curation gets, removes and passes on."""

from collections.abc import Mapping

import polars as pl

from mixtura.curate.tables import Counts

COUNTS = {name: column.dtype for name, column in Counts.columns().items()}


def stage_counts(rows_in: Mapping[str, int], removed: pl.DataFrame) -> pl.DataFrame:
    """Counts (`COUNTS`): one row per stage and reason, or of reason null where nothing went.

    `rows_in` maps each stage, in order, to the rows that come into it; `removed` are receipts of
    all stages.
    """
    counts = []
    for step, (stage, number) in enumerate(rows_in.items()):
        reasons = removed.filter(stage=stage).group_by("reason").len().sort("reason").rows()
        rows_out = number - sum(count for _, count in reasons)
        counts += [
            (step, stage, reason, number, count, rows_out)
            for reason, count in reasons or [(None, 0)]
        ]
    return pl.DataFrame(counts, COUNTS, orient="row")
