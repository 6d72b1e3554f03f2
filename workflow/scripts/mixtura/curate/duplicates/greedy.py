"""What the steps of deduplication share: the order of the rows, and who loses to whom.

Rows are visited in the order of a hash of their id, so the result depends neither on the order or
the sharding of the input nor on the number of threads. A row is removed only when it is at least
`threshold` similar to a row that remains (greedy, first come). Connected components would also
remove a row that resembles none of the remaining ones, by a chain of others.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.curate.broken import check_rows
from mixtura.curate.receipts import receipts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Pairs = tuple[Ints, Ints, Floats]  # row, other row, similarity

BLOCK = 32_768


class Index(Protocol):
    """Searches pairs of rows that are at least threshold similar."""

    def add(self, rows: Ints) -> None:
        """Add rows that remain, with which later rows are compared."""
        ...

    def near(self, rows: Ints) -> Pairs:
        """Return pairs of these rows with the rows added so far."""
        ...

    def within(self, rows: Ints) -> Pairs:
        """Return pairs among these rows, the other before the row."""
        ...


def greedy(index: Index, n: int, references: int) -> tuple[Ints, Floats]:
    """Visit n rows in order; returns (row that each lost to or -1, similarity to it), n each.

    The first `references` rows are those of the reference and always remain.

    Blocks double in size. As the order is random, a large cluster shows up in an early, small
    block, and from then on its rows are compared with the few that remain of it: that keeps a
    cluster of m near-identical rows from costing m^2.
    """
    winners = np.full(n, -1, np.int64)
    scores = np.full(n, np.nan)
    index.add(np.arange(references))
    start = references
    while start < n:
        stop = min(n, start + min(max(start - references, 256), BLOCK))
        block = np.arange(start, stop)
        rows, others, values = index.near(block)
        best = np.lexsort((others, -values, rows))
        rows, first = np.unique(rows[best], return_index=True)
        winners[rows], scores[rows] = others[best][first], values[best][first]
        rest = block[winners[block] < 0]
        rows, others, values = index.within(rest)
        for i in np.lexsort((others, -values, rows)):
            row, other = rows[i], others[i]
            if winners[row] < 0 and winners[other] < 0:
                winners[row], scores[row] = other, values[i]
        index.add(rest[winners[rest] < 0])
        start = stop
    return winners, scores


def stable_order(ids: pl.Series) -> Ints:
    """Return the positions of the rows in their stable, as good as random order."""
    text = ids.cast(pl.String)
    keys = pl.Series([blake2b(i.encode(), digest_size=8).digest() for i in text], dtype=pl.Binary)
    return pl.DataFrame({"key": keys, "id": text}).select(
        pl.arg_sort_by("key", "id").cast(pl.Int64)
    ).to_series().to_numpy()  # fmt: skip


def in_order(frame: pl.DataFrame, reference: pl.DataFrame | None) -> tuple[pl.DataFrame, int]:
    """Return (id, text) of the reference and then of the frame, and how many are reference."""
    parts = []
    for rows in (reference, frame):
        if rows is not None:
            check_rows(rows)
            rows = rows.select(pl.col("id").cast(pl.String), pl.col("text").cast(pl.String))
            parts.append(rows[stable_order(rows["id"])].with_columns(pl.col("text").fill_null("")))
    return pl.concat(parts), 0 if reference is None else len(reference)


def split_lost(
    frame: pl.DataFrame, rows: pl.DataFrame, winners: Ints, scores: Floats, stage: str, reason: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split a frame into (remaining rows, receipts of the removed ones), both sorted by id.

    `rows` are those of `in_order`; `winners` and `scores` hold for each of them the position of the
    row that it lost to (-1: to none) and the similarity.
    """
    losers = np.flatnonzero(winners >= 0)
    removed = receipts(
        rows[losers].with_columns(
            score=pl.Series(scores[losers]), winner=rows["id"].gather(pl.Series(winners[losers]))
        ),
        stage,
        reason,
        pl.col("score"),
        pl.col("winner"),
    ).sort("id")
    remaining = frame.filter(~pl.col("id").cast(pl.String).is_in(removed["id"].implode()))
    return remaining.sort("id"), removed


def check_threshold(threshold: float) -> None:
    """Raise ValueError unless a threshold is in (0, 1]."""
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is outside (0, 1]")


def slices(weights: Ints, limit: int) -> Iterator[slice]:
    """Cut a sequence into slices of at most about `limit` in weight, at least one item each."""
    total = np.cumsum(weights)
    start = 0
    while start < len(total):
        done = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, done + limit, "right")))
        yield slice(start, stop)
        start = stop


def join_pairs(parts: list[Pairs]) -> Pairs:
    """All pairs in one; of no part, no pair."""
    none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    rows, others, scores = zip(none, *parts, strict=True)
    return np.concatenate(rows), np.concatenate(others), np.concatenate(scores)
