"""Texts as curation and measures compare them: normal form, words, runs of words, sets."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from mixtura.core.words import folded, words


def normalise(texts: pl.Series) -> pl.Series:
    """Fold what does not make two texts different: NFKC, case, punctuation, whitespace.

    Symbols such as emoji stay, because they carry sentiment. A text of punctuation alone keeps it,
    or "?!" and "..." would be equal. Null stays null.
    """
    forms = [None if text is None else folded(text) for text in texts.to_list()]
    frame = pl.DataFrame({"all": pl.Series(texts.name, forms, pl.String)}).with_columns(
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
    """Return the `words` of every text; null has none."""
    return pl.Series(
        texts.name, [words(text or "") for text in texts.to_list()], pl.List(pl.String)
    )


def naming(texts: pl.Series, names: Iterable[str]) -> pl.Series:
    """How many of the names each text holds, as whole words in any form of `normalise`."""
    phrases = {" ".join(cut) for name in names if (cut := words(name))}
    lines = pl.DataFrame({"text": tokens(texts)}).select(
        pl.format(" {} ", pl.col("text").list.join(" "))
    ).to_series()  # fmt: skip
    counts = pl.zeros(len(lines), pl.Int64, eager=True)
    for phrase in sorted(phrases):
        counts += lines.str.contains(f" {phrase} ", literal=True).cast(pl.Int64)
    return counts


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
