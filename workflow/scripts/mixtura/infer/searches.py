"""What runs tried on the development split."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from mixtura.infer.tables import Searches

Trial = Mapping[str, Any]  # values by name, `loss` (None: diverged), `chosen`, and `arm` of a probe


def search_table(searches: Iterable[tuple[str, str, int, int, Sequence[Trial]]]) -> pl.DataFrame:
    """One row for each setting that a run tried: its run, the values, loss, chosen.

    `searches` has arm, model, replicate, seed and trials of each file of predictions; the probes of
    a seed share a file, and each of their trials has its arm. A column of values is there where a
    run tried them; it is null where another run did not.
    """
    rows: list[dict[str, Any]] = [
        {"arm": arm, "model": model, "replicate": replicate, "seed": seed, **trial}
        for arm, model, replicate, seed, trials in searches
        for trial in trials
    ]
    names = {name for row in rows for name in row}
    types = {name: kind for name, kind in Searches.types().items() if name in names}
    return pl.DataFrame(rows, types)
