"""Both panels on 100,000 texts; measures whose time grows as n squared stop at their limits."""

from collections.abc import Iterator

from bench_panel import both_panels
from measuring import Row

TITLE = "The whole panel, diversity and shift, on 100,000 short texts"


def run(quick: bool = False) -> Iterator[Row]:
    """Yield two rows, more than ten minutes; quick: a tenth of the texts."""
    yield from both_panels(10_000 if quick else 100_000, "< 900 s and < 4000 MB")
