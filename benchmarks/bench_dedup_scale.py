"""Deduplication at the sizes that it is made for: 200,000 embeddings, a million texts."""

from collections.abc import Iterator

import bench_dedup

TITLE = "Deduplication at scale"


def run(quick: bool = False) -> Iterator[dict]:
    """Yield the table for `make bench`."""
    yield from bench_dedup.run(quick, ("million", "large"))
