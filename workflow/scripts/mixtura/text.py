"""What every curation step shares: normal form, tokens, n-grams, broken rows and receipts."""

import unicodedata
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

RECEIPT = pl.Schema(
    {
        "id": pl.String,
        "text": pl.String,
        "stage": pl.String,
        "reason": pl.String,
        "score": pl.Float64,
        "kept_id": pl.String,
    }
)


def normalise(texts: pl.Series) -> pl.Series:
    """Fold what does not make two texts different: NFKC, case, punctuation, whitespace.

    Symbols such as emoji stay, because they carry sentiment. A text of punctuation alone keeps it,
    or "?!" and "..." would be equal. Null stays null.
    """
    folded = pl.Series(
        texts.name,
        [
            t
            if t is None
            # casefold can undo the composition ("ΐ"), so it is composed again
            else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", t).casefold())
            for t in texts
        ],
        pl.String,
    )
    frame = pl.DataFrame({"all": folded}).with_columns(
        pl.col("all")
        .str.replace_all(r"\p{Cf}+", "")
        .str.replace_all(r"[\p{P}\p{Z}\p{C}]+", " ")
        .str.strip_chars()
        .alias("words"),
        pl.col("all").str.replace_all(r"\s+", " ").str.strip_chars(),
    )
    words = pl.col("words")
    return frame.select(
        pl.when(words == "").then("all").otherwise(words).alias(texts.name)
    ).to_series()


def tokens(texts: pl.Series) -> pl.Series:
    """Return the words of every normalised text; a sign of a script without spaces is one word."""
    return (
        normalise(texts)
        .fill_null("")
        .str.replace_all(r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}])", " $1 ")
        .str.extract_all(r"\S+")
    )


def windows(
    codes: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer], size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Hash every run of `size` codes inside each of the sequences that lie end to end in `codes`.

    Returns (hashes, count per sequence); a sequence shorter than `size` has none. The hashes are
    non-negative and depend on the codes alone, not on the machine or the run.
    """
    counts = np.maximum(lengths.astype(np.int64) - size + 1, 0)
    if not counts.sum():
        return np.empty(0, np.int64), counts
    total = len(codes) - size + 1
    hashes = np.zeros(total, np.uint64)
    for k in range(size):
        hashes *= np.uint64(0x9E3779B97F4A7C15)
        hashes += codes[k : k + total].astype(np.uint64)
    # MinHash and sorting want every bit to depend on every code (the finaliser of splitmix64)
    hashes ^= hashes >> np.uint64(30)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    left = np.repeat(np.cumsum(lengths), lengths)[:total] - np.arange(total)
    return (hashes[left >= size] >> np.uint64(1)).astype(np.int64), counts


def sets(
    members: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer], width: int = 2**63 - 1
) -> sp.csr_array:
    """Return a sparse row of ones per set, of members in 0 .. width - 1 that lie end to end."""
    ones = sp.csr_array(
        (np.ones(len(members), np.int32), members, np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(lengths), width),
    )
    ones.sum_duplicates()
    ones.data[:] = 1
    return ones


def receipts(
    rows: pl.DataFrame,
    stage: str,
    reason: pl.Expr | str,
    score: pl.Expr | None = None,
    kept_id: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return one row (id, text, stage, reason, score, kept_id) for every row that was removed."""
    columns = {
        "id": pl.col("id"),
        "text": pl.col("text"),
        "stage": pl.lit(stage),
        "reason": pl.lit(reason) if isinstance(reason, str) else reason,
        "score": pl.lit(None) if score is None else score,
        "kept_id": pl.lit(None) if kept_id is None else kept_id,
    }
    return rows.select(columns[c].cast(RECEIPT[c]).alias(c) for c in RECEIPT)


COUNTS = {  # of the stages that removed rows: in order, how many came in and went, and why
    "step": pl.Int64,
    "stage": pl.String,
    "reason": pl.String,
    "rows_in": pl.Int64,
    "removed": pl.Int64,
    "rows_out": pl.Int64,
}


def all_receipts(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join receipts; without any the result is an empty frame with the right columns."""
    return pl.concat([RECEIPT.to_frame(), *parts])


def check_rows(frame: pl.DataFrame, *columns: str) -> None:
    """Raise ValueError unless the columns are there and `id` tells the rows apart."""
    missing = [c for c in ("id", "text", *columns) if c not in frame.columns]
    if missing:
        raise ValueError(f"column {missing[0]!r} is missing; the frame has {frame.columns}")
    if frame["id"].null_count():
        raise ValueError("column 'id' has null values")
    if frame["id"].n_unique() != len(frame):
        raise ValueError("column 'id' has repeated values")


def split_broken(
    frame: pl.DataFrame, max_chars: int = 100_000
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out the rows that no later step could use; returns (rest, removed).

    Broken is: null, whitespace or invisible signs only, bytes that are no UTF-8 (also where a
    reader put U+FFFD in their place), more than `max_chars` characters. A binary text column
    comes back decoded; the text in a receipt of an over-long row is cut to 200 characters.
    """
    check_rows(frame)
    if frame.schema["text"] == pl.Binary:
        decoded = [None if b is None else b.decode("utf-8", "replace") for b in frame["text"]]
        frame = frame.with_columns(pl.Series("text", decoded, pl.String))
    if frame.schema["text"] == pl.Null:
        frame = frame.with_columns(pl.col("text").cast(pl.String))
    if frame.schema["text"] != pl.String:
        raise ValueError(f"column 'text' holds {frame.schema['text']}, not text")
    text = pl.col("text")
    broken = frame.select(
        "id",
        text.str.slice(0, 200),
        pl.when(text.is_null())
        .then(pl.lit("null text"))
        .when(text.str.contains("\ufffd", literal=True))
        .then(pl.lit("invalid UTF-8"))
        .when(~text.str.contains(r"[^\s\p{Z}\p{C}]"))
        .then(pl.lit("empty text"))
        .when(text.str.len_chars() > max_chars)
        .then(pl.lit(f"more than {max_chars} characters"))
        .alias("reason"),
    )
    bad = broken["reason"].is_not_null()
    return frame.filter(~bad), receipts(broken.filter(bad), "broken", pl.col("reason"))
