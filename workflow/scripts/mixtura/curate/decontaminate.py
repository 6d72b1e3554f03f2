"""Removing generated rows that resemble protected text: the test split, the few-shot examples."""

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.core.text import normalise, sets, tokens, windows
from mixtura.curate.broken import check_rows
from mixtura.curate.receipts import all_receipts, receipts

EDIT_GRAM = 3
BLOCK = 32_768

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Match = tuple[Ints, Floats]


def decontaminate(
    frame: pl.DataFrame,
    protected: pl.DataFrame,
    n: int = 8,
    overlap: float = 0.6,
    similarity: float | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    protected_embeddings: npt.NDArray[np.floating] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove every row that resembles a protected text; returns (rest, receipts), sorted by id.

    A row goes, in this order of reasons, when

    - it equals a protected text after `normalise`;
    - it shares a run of `n` tokens with one (the usual n-gram rule, Brown et al. 2020, appendix C);
    - it holds at least the share `overlap` of the 3-grams of one, or, from `n` tokens on, one
      holds that share of the row's: what light editing leaves;
    - its embedding has cosine >= `similarity` with one (None: not compared).

    Short texts: of a protected text below `n` tokens all 3-grams must occur, and below 5 tokens
    only equality counts, or "a great film" would condemn half of all reviews. `score` is 1, the
    share or the cosine; `kept_id` the protected id. Broken rows must be gone (`split_broken`).
    Embeddings are (rows, d) in the order of their frame. Raises ValueError on missing columns,
    settings out of range, or embeddings that do not fit.
    """
    check_rows(frame)
    check_rows(protected)
    if n < EDIT_GRAM:
        raise ValueError(f"n {n} is below {EDIT_GRAM}")
    for name, value in (("overlap", overlap), ("similarity", similarity)):
        if value is not None and not 0 < value <= 1:
            raise ValueError(f"{name} {value} is outside (0, 1]")
    # ties between protected texts go to the lowest id, whatever the order they come in
    order = protected.select(pl.arg_sort_by(pl.col("id").cast(pl.String))).to_series()
    guarded = protected[order].with_columns(pl.col("id").cast(pl.String))
    texts, others = frame["text"], guarded["text"].fill_null("")
    rules = {
        "equals a protected text": _equal(texts, others),
        f"shares {n} tokens in a row": _shared_run(texts, others, n),
        f"shares {overlap:g} of the {EDIT_GRAM}-grams": _overlap(texts, others, n, overlap),
    }
    if similarity is not None:
        if embeddings is None or protected_embeddings is None:
            raise ValueError("similarity needs embeddings and protected_embeddings")
        if len(embeddings) != len(frame) or len(protected_embeddings) != len(protected):
            raise ValueError("embeddings and frames differ in length")
        rules[f"cosine >= {similarity:g}"] = _similar(
            embeddings, protected_embeddings[order.to_numpy()], similarity
        )
    hits = np.zeros(len(frame), bool)
    removed = []
    for reason, (match, score) in rules.items():
        hit = np.flatnonzero((match >= 0) & ~hits)
        hits[hit] = True
        rows = frame[hit].with_columns(
            score=pl.Series(score[hit]), guarded=guarded["id"].gather(pl.Series(match[hit]))
        )
        removed.append(receipts(rows, "decontaminate", reason, pl.col("score"), pl.col("guarded")))
    return frame.filter(pl.Series(~hits)).sort("id"), all_receipts(removed).sort("id")


def _equal(texts: pl.Series, guarded: pl.Series) -> Match:
    known = {text: i for i, text in reversed(list(enumerate(normalise(guarded))))}
    match = np.array([known.get(text, -1) for text in normalise(texts)], np.int64)
    return match, np.ones(len(texts))


def _grams(texts: pl.Series, n: int) -> tuple[Ints, Ints, Ints]:
    """Return (hash of every run of n tokens, runs per text, tokens per text)."""
    words = tokens(texts)
    lengths = words.list.len().to_numpy().astype(np.int64)
    codes = words.explode(empty_as_null=False).hash(0).to_numpy()
    return *windows(codes, lengths, n), lengths


def _shared_run(texts: pl.Series, guarded: pl.Series, n: int) -> Match:
    grams, runs, _ = _grams(guarded, n)
    known = pl.DataFrame({"gram": grams, "match": np.repeat(np.arange(len(guarded)), runs)})
    grams, runs, _ = _grams(texts, n)
    hits = (
        pl.DataFrame({"gram": grams, "row": np.repeat(np.arange(len(texts)), runs)})
        .join(known, on="gram")
        .group_by("row")
        .agg(pl.col("match").min())
    )
    match = np.full(len(texts), -1, np.int64)
    match[hits["row"].to_numpy()] = hits["match"].to_numpy()
    return match, np.ones(len(texts))


def _overlap(texts: pl.Series, guarded: pl.Series, n: int, overlap: float) -> Match:
    grams, runs, lengths = _grams(guarded, EDIT_GRAM)
    vocabulary, columns = np.unique(grams, return_inverse=True)
    known = sets(columns, runs, len(vocabulary))
    sizes = known.sum(axis=1)
    needed = np.where(lengths < n, 1.0, overlap)
    needed[lengths < 5] = np.inf
    match, score = np.full(len(texts), -1, np.int64), np.full(len(texts), np.nan)
    for start in range(0, len(texts), BLOCK):
        grams, runs, lengths = _grams(texts[start : start + BLOCK], EDIT_GRAM)
        row_sizes = sets(grams, runs).sum(axis=1)
        column = np.searchsorted(vocabulary, grams)
        seen = column < len(vocabulary)
        seen[seen] = vocabulary[column[seen]] == grams[seen]
        row = np.repeat(np.arange(len(runs)), runs)
        shared = sets(column[seen], np.bincount(row[seen], minlength=len(runs)), len(vocabulary))
        pairs = (shared @ known.T).tocoo()
        i, j = pairs.coords
        # a row below n tokens is a phrase: its being part of a protected text gives nothing away
        whole = np.where(lengths[i] < n, sizes[j], np.minimum(sizes[j], row_sizes[i]))
        share = pairs.data / whole
        good = share >= needed[j]
        i, j, share = i[good], j[good], share[good]
        best = np.lexsort((j, -share, i))
        i, first = np.unique(i[best], return_index=True)
        match[start + i], score[start + i] = j[best][first], share[best][first]
    return match, score


def _similar(
    vectors: npt.NDArray[np.floating], guarded: npt.NDArray[np.floating], similarity: float
) -> Match:
    import faiss

    match, score = np.full(len(vectors), -1, np.int64), np.full(len(vectors), np.nan)
    if not len(vectors) or not len(guarded):
        return match, score
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (vectors, guarded))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("an embedding is zero or not finite")
    index = faiss.IndexFlatIP(a.shape[1])
    index.add(np.ascontiguousarray(b, np.float32))
    nearest = index.search(np.ascontiguousarray(a, np.float32), 1)[1][:, 0]
    score = np.minimum(np.einsum("ij,ij->i", a, b[nearest], dtype=np.float64), 1.0)
    return np.where(score >= similarity, nearest, -1), score
