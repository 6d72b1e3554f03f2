"""Canonical rows of a task, and the splits that keep test, reference and training apart."""

import polars as pl

from mixtura.digest import row_id
from mixtura.streams import stream_seed


def canonical_rows(
    frame: pl.DataFrame, text: str, label: str, labels: dict[str, str], origin: str
) -> pl.DataFrame:
    """Rows (id, text, label) from a frame with a text and a label column.

    `labels` maps values of the label column to label words. Exact duplicates of a text keep their
    first row. Raises ValueError that names the column, or the first row whose text is empty or
    not UTF-8, or whose label is not in `labels`.
    """
    for column in (text, label):
        if column not in frame.columns:
            raise ValueError(f"no column {column!r}; columns are: {', '.join(frame.columns)}")
    rows = frame.select(
        pl.col(text).cast(pl.String).str.strip_chars().alias("text"),
        pl.col(label).cast(pl.String).alias("label"),
    ).with_row_index("row", offset=1)
    empty = rows.filter(pl.col("text").fill_null("") == "")
    if not empty.is_empty():
        raise ValueError(f"row {empty['row'][0]}: the text is empty ({empty.height} such rows)")
    garbled = rows.filter(pl.col("text").str.contains("\ufffd", literal=True))
    if not garbled.is_empty():
        raise ValueError(
            f"row {garbled['row'][0]}: the text is not UTF-8 ({garbled.height} such rows)"
        )
    unknown = rows.filter(~pl.col("label").is_in(list(labels)) | pl.col("label").is_null())
    if not unknown.is_empty():
        row, value = unknown["row"][0], unknown["label"][0]
        raise ValueError(
            f"row {row}: label {value!r} is not in task.labels ({', '.join(labels)}); "
            f"{unknown.height} such rows"
        )
    rows = rows.unique("text", keep="first", maintain_order=True)
    ids = [row_id(origin, line) for line in rows["text"]]
    return rows.select(
        pl.Series("id", ids), "text", pl.col("label").replace_strict(labels, return_dtype=pl.String)
    )


def rated_rows(lines: str) -> pl.DataFrame:
    """Frame (text, label) from tab-separated `id, mean rating, text` lines.

    Ratings >= 0.5 are positive, <= -0.5 negative; what lies between is left out.
    """
    parts = [line.split("\t", 2) for line in lines.splitlines() if line.strip()]
    frame = pl.DataFrame(
        {"rating": [float(part[1]) for part in parts], "text": [part[2] for part in parts]}
    )
    sentiment = (
        pl.when(pl.col("rating") >= 0.5)
        .then(pl.lit("positive"))
        .when(pl.col("rating") <= -0.5)
        .then(pl.lit("negative"))
    )
    return frame.select("text", sentiment.alias("label")).drop_nulls()


def split_rows(
    rows: pl.DataFrame, test: int, reference: int, examples: int, seed: int
) -> pl.DataFrame:
    """Frame (id, label, split): label-balanced test, reference and examples, the rest is pool.

    The order within a label is that of a hash of (seed, id), so a row added to the data moves no
    other row by more than a place. Raises ValueError where a label has too few rows.
    """
    labels = rows["label"].unique().sort().to_list()
    ordered = shuffled(rows, seed, "split")
    place = pl.int_range(pl.len()).over("label")
    per = [size // len(labels) for size in (test, reference, examples)]
    for (label,), group in rows.group_by("label", maintain_order=True):
        if group.height < sum(per):
            raise ValueError(
                f"label {label!r} has {group.height} rows; test, reference and examples need "
                f"{sum(per)} of each label"
            )
    split = (
        pl.when(place < per[0])
        .then(pl.lit("test"))
        .when(place < per[0] + per[1])
        .then(pl.lit("reference"))
        .when(place < sum(per))
        .then(pl.lit("examples"))
        .otherwise(pl.lit("pool"))
    )
    return ordered.select("id", "label", split.alias("split"))


def shuffled(rows: pl.DataFrame, seed: int, *purpose: object) -> pl.DataFrame:
    """`rows` in the order of a hash of (seed, purpose, id): the same whatever order they had."""
    keys = [stream_seed(seed, *purpose, row) for row in rows["id"]]
    return rows.with_columns(pl.Series("_key", keys)).sort("_key", "id").drop("_key")


def balanced_prefix(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """The first n / labels rows of each label, so that prefixes are nested.

    Raises ValueError where a label has too few rows.
    """
    labels = rows["label"].n_unique()
    prefix = rows.filter(pl.int_range(pl.len()).over("label") < n / max(labels, 1))
    if prefix.height != n:
        counts = dict(rows.group_by("label").len().sort("label").iter_rows())
        raise ValueError(f"{n} rows in equal parts were wanted; there are {counts}")
    return prefix
