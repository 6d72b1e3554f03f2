"""The same number of rows of every label."""

from collections.abc import Sequence
from typing import Any

import polars as pl


def take_balanced(
    frame: pl.DataFrame,
    n: int,
    label_column: str = "label",
    index_column: str = "index",
    labels: Sequence[Any] | None = None,
) -> pl.DataFrame:
    """Take exactly `n` rows, the labels as even as possible, of each the lowest `index_column`.

    Where n is not a multiple, the first labels in sorted order get one row more. `labels` names
    those that must occur (default: those of the frame). Equal indices are told apart by id. Returns
    the rows in the order of the index. Where a label has too few, ValueError gives all counts.
    """
    if missing := {"id", label_column, index_column} - set(frame.columns):
        raise ValueError(f"column {sorted(missing)[0]!r} is missing")
    names = sorted(set(frame[label_column].to_list() if labels is None else labels))
    if n < 1 or not names:
        raise ValueError(f"cannot take {n} rows of the labels {names}")
    wanted = {name: n // len(names) + (i < n % len(names)) for i, name in enumerate(names)}
    found = dict(frame.group_by(label_column).len().iter_rows())
    if any(found.get(name, 0) < count for name, count in wanted.items()):
        told = ", ".join(f"{k}: {found.get(k, 0)} of {count}" for k, count in wanted.items())
        raise ValueError(f"too few rows were accepted: {told}")
    ordered = frame.sort(index_column, "id")
    parts = [ordered.filter(pl.col(label_column) == k).head(count) for k, count in wanted.items()]
    return pl.concat(parts).sort(index_column, "id")
