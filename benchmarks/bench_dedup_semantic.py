"""Semantic deduplication at the size from which an index takes over."""

from collections.abc import Iterator

import bench_dedup

TITLE = "Semantic deduplication of 200,000 embeddings"


def run(quick: bool = False) -> Iterator[dict]:
    """Yield the table for `make bench`."""
    yield from bench_dedup.run(quick, ("large",))
