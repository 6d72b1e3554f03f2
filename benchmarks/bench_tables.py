"""Tables by schema: what their check adds to the work of a stage."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import measuring  # first: it makes the package importable
import numpy as np
import polars as pl

from mixtura.core.digest import row_id
from mixtura.core.tables import Table, check, read_table, write_table
from mixtura.curate.duplicates.deduplicate import deduplicate
from mixtura.curate.tables import Removed
from mixtura.prepare.rows import canonical_rows
from mixtura.prepare.splits import real_order, split_rows
from mixtura.prepare.tables import Examples, Rows, Splits

TITLE = "Tables by schema: the share of their check in a stage"
REPEATS = 5


def median(call: Callable[[], object]) -> float:
    """Median CPU seconds of a call, of all cores."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def start_seconds(*modules: str) -> float:
    """CPU seconds that a job takes before its work: Python, and the modules of its script."""
    command = [sys.executable, "-c", f"import {', '.join(('mixtura.job', *modules))}"]
    seconds = []
    for _ in range(REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": sys.path[0]})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        seconds.append(used)
    return float(np.median(seconds))


def run(quick: bool = False) -> Iterator[measuring.Row]:
    """Yield the table for `make bench`."""
    n = 10_000 if quick else 100_000
    sentences = measuring.texts(n)
    frame = pl.DataFrame({"text": [f"{i} {t}" for i, t in enumerate(sentences)]})
    frame = frame.with_columns(label=pl.Series(["yes", "no"] * (n // 2)))
    words = {"yes": "yes", "no": "no"}
    rows = canonical_rows(frame, "text", "label", words, "real").rows
    copies = rows.head(n // 10).with_columns(
        id=pl.Series([row_id("copy", row) for row in rows["id"].head(n // 10)])
    )
    pool = pl.concat([rows.head(n - n // 10), copies])
    splits = split_rows(rows, n // 10, n // 10, 0)
    examples = rows.join(real_order(splits, 0, 0).head(n // 100), on=["id", "label"])
    _, removed = deduplicate(pool)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "rows.parquet")
        write_table(rows, path, Rows)

        def task() -> None:
            write_table(canonical_rows(frame, "text", "label", words, "real").rows, path, Rows)

        def split() -> None:
            result = split_rows(read_table(path, Rows), n // 10, n // 10, 0)
            write_table(result, Path(name, "splits.parquet"), Splits)
            write_table(examples.select(rows.columns), Path(name, "examples.parquet"), Examples)

        def curate() -> None:
            remaining, receipts = deduplicate(read_table(path, Rows))
            write_table(remaining, Path(name, "curated.parquet"), Rows)
            write_table(receipts, Path(name, "removed.parquet"), Removed, empty=True)

        plain = examples.select(rows.columns)
        stages: dict[str, tuple[Callable[[], None], list[tuple[pl.DataFrame, type[Table]]]]] = {
            "task: canonical rows": (task, [(rows, Rows)]),
            "split": (split, [(rows, Rows), (splits, Splits), (plain, Examples)]),
            "curate: equal and similar texts": (
                curate,
                [(pool, Rows), (pool, Rows), (removed, Removed)],
            ),
        }
        for stage, (work, tables) in stages.items():
            if stage.startswith("curate"):
                write_table(pool, path, Rows)
            whole = median(work)
            cost = median(lambda t=tables: [check(frame, path, schema) for frame, schema in t])
            room = "curate.pool" if stage.startswith("curate") else "prepare.splits"
            job = whole + start_seconds(f"mixtura.{room}", "mixtura.prepare.tables")
            yield {
                "stage": f"{stage}, {n:,} rows",
                "work CPU s": whole,
                "job CPU s, start included": job,
                "check CPU s": cost,
                "share of the work": cost / whole,
                "share of the job": cost / job,
                "target": "< 0.02 of the work",
                "met": "yes" if cost / whole < 0.02 else "no",
            }
