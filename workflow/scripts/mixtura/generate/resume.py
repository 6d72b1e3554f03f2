"""Parts of a job's work that are finished: a killed job goes on after them."""

import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from mixtura.core.parquet import read_parquet
from mixtura.core.tables import read_about, write_table


def finished_part(path: Path, compute: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, float]:
    """The table at `path` and the seconds it took; `compute` makes it where it is not there.

    So it does where the file is damaged: what it held is lost either way.
    """
    try:
        return read_parquet(path), float(read_about(path)["seconds"])
    except (FileNotFoundError, ValueError):
        start = time.monotonic()
        table = compute()
        write_table(table, path, empty=True, seconds=round(time.monotonic() - start, 3))
    return read_parquet(path), float(read_about(path)["seconds"])
