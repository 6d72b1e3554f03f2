"""Exact and fuzzy deduplication of a million texts."""

from collections.abc import Iterator

import bench_dedup

TITLE = "Deduplication of a million texts"


def run(quick: bool = False) -> Iterator[dict]:
    """Yield the table for `make bench`."""
    yield from bench_dedup.run(quick, ("million",))
