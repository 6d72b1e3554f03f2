"""Folds: parts of the rows, as large and of as many rows of each label as can be, each a test set.

Replicate r tests on fold r; further replicates repeat this with another partition.
"""

import polars as pl

from mixtura.core.draw import shuffled
from mixtura.core.text import normalise


def fold_ids(
    rows: pl.DataFrame, folds: int, seed: int, replicate: int, group: str | None = None
) -> pl.Series:
    """Ids of the rows (id, label) that a replicate tests on; every `folds` replicates test all.

    Labels have their natural proportions (`mixtura.prepare.sizes.fold_counts`). Rows with one value
    in the column `group` stand in one fold.
    """
    repetition, fold = divmod(replicate, folds)
    purpose = ("folds", repetition)
    if group is None:
        order = shuffled(rows, seed, *purpose).sort("label", maintain_order=True)
        return order.filter(pl.int_range(pl.len()) % folds == fold)["id"]
    names = normalise(rows[group].cast(pl.String))
    groups = pl.DataFrame({"id": names}).group_by("id").len()
    groups = shuffled(groups, seed, *purpose).sort("len", descending=True, maintain_order=True)
    sizes, members = [0] * folds, []
    for name, size in groups.rows():
        least = sizes.index(min(sizes))
        sizes[least] += size
        members += [name] * (least == fold)
    return rows["id"].filter(names.is_in(members))
