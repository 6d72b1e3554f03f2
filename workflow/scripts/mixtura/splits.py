"""The splits that keep test, reference and training apart."""

import polars as pl

from mixtura.draw import shuffled


def split_rows(
    rows: pl.DataFrame,
    test: int,
    reference: int,
    examples: int,
    seed: int,
    group: str | None = None,
    development: int = 0,
) -> pl.DataFrame:
    """Frame (id, label, split): label-balanced test, reference, examples and development, and pool.

    The order within a label is that of a hash of (seed, id), so a row added to the data moves no
    other row by more than a place. The reference is taken from its end, so that a larger one, for
    more generated rows, leaves the examples and with them all generated text as they are. With
    `group`, a column, rows of one value never stand on two sides of test, reference, development
    and training (examples and pool), so a larger reference may take the place of some examples;
    rows left over of the last value of each of the first three are in no split. Raises ValueError
    where a label has too few rows.
    """
    if group:
        return _split_groups(rows, group, test, reference, examples, seed, development)
    labels = rows["label"].unique().sort().to_list()
    ordered = shuffled(rows, seed, "split")
    place = pl.int_range(pl.len()).over("label")
    per = [size // len(labels) for size in (test, examples, development, reference)]
    for (label,), own in rows.group_by("label", maintain_order=True):
        if own.height < sum(per):
            raise ValueError(
                f"label {label!r} has {own.height} rows; test, reference, examples and "
                f"development need {sum(per)} of each label"
            )
    split = (
        pl.when(place < per[0])
        .then(pl.lit("test"))
        .when(place < sum(per[:2]))
        .then(pl.lit("examples"))
        .when(place < sum(per[:3]))
        .then(pl.lit("development"))
        .when(place >= pl.len().over("label") - per[3])
        .then(pl.lit("reference"))
        .otherwise(pl.lit("pool"))
    )
    return ordered.select("id", "label", split.alias("split"))


def _split_groups(
    rows: pl.DataFrame,
    group: str,
    test: int,
    reference: int,
    examples: int,
    seed: int,
    development: int,
) -> pl.DataFrame:
    names = rows.select(pl.col(group).unique(maintain_order=True).alias("id"))
    order = shuffled(names, seed, "split groups").with_row_index("_group")
    left = shuffled(rows.join(order, left_on=group, right_on="id"), seed, "split")
    parts = []
    sizes = {"test": test, "reference": reference, "development": development}
    for name, size in sizes.items():
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
    if left.height < examples:
        raise ValueError(
            f"examples: {left.height} rows are left of {rows.height} in groups of {group} that "
            f"{', '.join(sizes)} do not hold; {examples} wanted"
        )
    part = pl.when(pl.int_range(pl.len()) < examples).then(pl.lit("examples"))
    parts.append(left.with_columns(split=part.otherwise(pl.lit("pool"))))
    return pl.concat(parts).select("id", "label", "split")
