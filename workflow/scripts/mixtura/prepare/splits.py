"""The splits that keep test, reference and training apart, and the order of the training rows."""

from collections.abc import Collection
from typing import Any

import polars as pl

from mixtura.core.draw import equal_weights, label_counts, prefix_in_proportion, shuffled
from mixtura.core.text import normalise
from mixtura.prepare.copies import with_originals
from mixtura.prepare.folds import fold_ids
from mixtura.prepare.settings import Proportion, Side
from mixtura.prepare.sizes import TooFew, label_sizes

Sizes = dict[str, tuple[Any, Proportion]]  # split -> its rows, and the proportions of labels

OWN_SIDE: dict[str, Side] = {  # split -> its rows, where they come from a file of their own
    "test": "test",
    "development": "development",
    "reference": "unlabelled",
}


def split_rows(
    rows: pl.DataFrame,
    test: int | None,
    reference: int,
    seed: int,
    group: str | None = None,
    development: int | None = 0,
    balance: Proportion = "natural",
    reference_balance: Proportion = "equal",
    sides: Collection[Side] = (),
    folds: int | None = None,
    replicate: int = 0,
) -> pl.DataFrame:
    """Frame (id, label, split): test, reference and development, and the pool.

    Labels have their natural proportions in a split, or equal ones: `balance` is that of test and
    development. The order within a label is that of a hash of (seed, id), so a row added to the
    data moves no other row by more than a place. The reference is taken from its end. With
    `group`, a column, rows of one value never stand on two sides of test, reference, development
    and pool; rows left over of the last value of each of the first three are in no split. Of rows
    that say the same (see `with_originals`) one is split, and the others join it in the pool or
    are in no split. With `folds` the test rows are the fold of the replicate (see `fold_ids`).

    Of `sides`, rows whose column `side` says so, a split is drawn from its own rows alone, all of
    them where its size is None. Raises ValueError where a label has too few rows.
    """
    rows = with_originals(rows)
    if "side" not in rows.columns:
        rows = rows.with_columns(side=pl.lit(None, pl.String))
    first = rows.filter(pl.col("id") == pl.col("original"))
    sizes: Sizes = {
        "test": (test, balance),
        "development": (development, balance),
        "reference": (reference, reference_balance),
    }
    parts, rest = [], first.filter(pl.col("side").is_null())
    for name, side in OWN_SIDE.items():
        if side in sides:
            candidates = first.filter(side=side)
            size, proportion = sizes.pop(name)
            chosen = _draw(candidates, size, proportion, seed, name)
            parts.append(chosen.select("id", "label", split=pl.lit(name)))
            if group:  # what it shares a passage with is on its side, or on none
                names = normalise(candidates[group].cast(pl.String)).implode()
                rest = rest.filter(~normalise(rest[group].cast(pl.String)).is_in(names))
    if folds:
        del sizes["test"]
        tested = pl.col("id").is_in(fold_ids(rest, folds, seed, replicate, group).implode())
        parts.append(rest.filter(tested).select("id", "label", split=pl.lit("test")))
        rest = rest.filter(~tested)
    if group:
        splits = _split_groups(rest, group, sizes, seed)
    else:
        splits = _split_labels(shuffled(rest, seed, "split"), sizes)
    pool = splits.filter(split="pool").select(original="id")
    copies = (pl.col("id") != pl.col("original")) & pl.col("side").is_null()
    joined = rows.filter(copies).join(pool, "original", "semi")
    return pl.concat([*parts, splits, joined.select("id", "label", split=pl.lit("pool"))])


def without_split(rows: pl.DataFrame, splits: pl.DataFrame) -> dict[str, int]:
    """Why rows are in no split -> how many of them."""
    rows = with_originals(rows)
    if "side" not in rows.columns:
        rows = rows.with_columns(side=pl.lit(None, pl.String))
    sides = rows.select(original="id", of="side")
    rest = rows.join(splits, on="id", how="anti").join(sides, on="original", how="left")
    copy, of_file = pl.col("id") != pl.col("original"), pl.col("of").is_not_null()
    reason = (
        pl.when(copy & of_file & pl.col("side").is_null())
        .then(pl.format("of task.data, near-copies of task.{} rows", "of"))
        .when(copy)
        .then(pl.lit("near-copies of a row in a split"))
        .when(of_file)
        .then(pl.format("of task.{}, not drawn", "of"))
        .otherwise(pl.lit("rest of a group"))
    )
    return dict(rest.group_by(reason.alias("reason")).len().sort("reason").iter_rows())


def _draw(
    rows: pl.DataFrame, size: int | None, balance: Proportion, seed: int, name: str
) -> pl.DataFrame:
    """Some rows of a file of their own, all of them where there is no size."""
    if size is None:
        return rows
    order = shuffled(rows, seed, name)
    try:
        return first_real_rows(order, size, balance)
    except ValueError as error:
        raise ValueError(f"task.{name}: {error} in task.{OWN_SIDE[name]}") from None


def _split_labels(rows: pl.DataFrame, sizes: Sizes) -> pl.DataFrame:
    try:
        parts = label_sizes(label_counts(rows), sizes)
    except TooFew as error:
        raise ValueError(str(error)) from None
    place, split = pl.int_range(pl.len()).over("label"), pl.lit("pool")
    start: dict[str, int] = {}
    for name, of_label in parts.items():
        size = pl.col("label").replace_strict(of_label, return_dtype=pl.Int64)
        if name == "reference":
            chosen = place >= pl.len().over("label") - size
        else:
            start = {label: start.get(label, 0) + rows for label, rows in of_label.items()}
            chosen = place < pl.col("label").replace_strict(start, return_dtype=pl.Int64)
        # the splits before it keep what they have
        split = pl.when(chosen & (split == "pool")).then(pl.lit(name)).otherwise(split)
    return rows.select("id", "label", split=split)


def _split_groups(rows: pl.DataFrame, group: str, sizes: Sizes, seed: int) -> pl.DataFrame:
    names = normalise(rows[group].cast(pl.String))
    order = shuffled(pl.DataFrame({"id": names.unique()}), seed, "split groups")
    order = order.with_row_index("_group")
    grouped = rows.with_columns(_name=names).join(order, left_on="_name", right_on="id")
    left = shuffled(grouped, seed, "split")
    parts = []
    for name in ("test", "reference", "development"):
        size, _ = sizes.get(name, (0, None))
        if not size:
            continue
        last = name == "reference"  # from the end, see split_rows
        grouped = left.sort("_group", descending=last, maintain_order=True)
        if grouped.height < size:
            raise ValueError(
                f"{name}: {grouped.height} rows are left of {rows.height}; {size} wanted"
            )
        parts.append(grouped.head(size).with_columns(split=pl.lit(name)))
        reached, group_of = parts[-1]["_group"][-1], pl.col("_group")
        left = left.filter(group_of < reached if last else group_of > reached)
    parts.append(left.with_columns(split=pl.lit("pool")))
    return pl.concat(parts).select("id", "label", "split")


def real_order(splits: pl.DataFrame, seed: int, replicate: int) -> pl.DataFrame:
    """The rows of the pool (id, label, split) in the order of a replicate.

    Its first rows are those that generators see and mixes train on, so small numbers of them lie
    in large ones.
    """
    return shuffled(splits.filter(split="pool"), seed, "real", replicate)


def first_real_rows(order: pl.DataFrame, n: int, balance: Proportion) -> pl.DataFrame:
    """The first n rows in the order of a replicate, labels as in the pool or equal parts.

    Raises ValueError where a label has too few rows.
    """
    return prefix_in_proportion(order, n, equal_weights(order) if balance == "equal" else None)
