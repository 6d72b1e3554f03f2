"""The text of several generators in one set."""

from collections.abc import Sequence

import polars as pl

from mixtura.core.draw import take_balanced
from mixtura.core.text import normalise
from mixtura.curate.receipts import all_receipts, receipts


def combine_sets(
    sets: Sequence[tuple[str, pl.DataFrame]], n: int, labels: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """n rows in equal shares from (generator, set) pairs, labels balanced, and receipts of others.

    A text that an earlier set holds too is left out. Raises ValueError where a set has too few.
    """
    parts: list[pl.DataFrame] = []
    removed: list[pl.DataFrame] = []
    seen: list[str] = []
    for name, rows in sets:
        repeated = rows.filter(normalise(rows["text"]).is_in(seen))
        fresh = rows.join(repeated, on="id", how="anti", maintain_order="left")
        try:
            part = take_balanced(fresh, n // len(sets), labels=labels)
        except ValueError as error:
            raise ValueError(f"{error} of generator {name}") from None
        beyond = fresh.join(part, on="id", how="anti", maintain_order="left")
        removed.append(receipts(repeated, "combine", "in the set of another generator"))
        removed.append(receipts(beyond, "combine", "more than its share"))
        seen += normalise(rows["text"]).to_list()
        parts.append(part.with_columns(generator=pl.lit(name)))
    return pl.concat(parts, how="diagonal"), all_receipts(removed)
