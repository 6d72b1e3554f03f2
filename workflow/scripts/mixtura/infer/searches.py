"""What runs tried on the development split."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from mixtura.infer.tables import Searches

RUN = ("arm", "model", "replicate", "seed")


def search_table(runs: Iterable[tuple[pl.DataFrame, Mapping[str, Any]]]) -> pl.DataFrame:
    """One row for each setting that a run tried: its run, the values, loss, chosen.

    `runs` holds the predictions of a run and what was written about them: in `tried` the values of
    each setting by name, `loss` (None: diverged) and `chosen`. The probes of a seed share a table,
    and each of their trials has its `arm`. A column of values is there where a run tried them; it
    is null where another run did not.
    """
    rows: list[dict[str, Any]] = [
        {**predictions.select(RUN).row(0, named=True), **trial}
        for predictions, about in runs
        for trial in about.get("tried", ())
    ]
    names = {name for row in rows for name in row}
    types = {name: kind for name, kind in Searches.types().items() if name in names}
    return pl.DataFrame(rows, types)
