"""Removing generated rows that resemble protected text: the test split, the few-shot examples."""

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.text import all_receipts, check_rows, normalise, receipts, sets, tokens, windows

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
    """Remove every row that resembles a protected text; returns (kept, removed), sorted by id.

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
    theirs = protected[order].with_columns(pl.col("id").cast(pl.String))
    ours, other = frame["text"], theirs["text"].fill_null("")
    rules = {
        "equals a protected text": _equal(ours, other),
        f"shares {n} tokens in a row": _shared_run(ours, other, n),
        f"shares {overlap:g} of the {EDIT_GRAM}-grams": _overlap(ours, other, n, overlap),
    }
    if similarity is not None:
        if embeddings is None or protected_embeddings is None:
            raise ValueError("similarity needs embeddings and protected_embeddings")
        if len(embeddings) != len(frame) or len(protected_embeddings) != len(protected):
            raise ValueError("embeddings and frames differ in length")
        rules[f"cosine >= {similarity:g}"] = _similar(
            embeddings, protected_embeddings[order.to_numpy()], similarity
        )
    gone = np.zeros(len(frame), bool)
    removed = []
    for reason, (match, score) in rules.items():
        hit = np.flatnonzero((match >= 0) & ~gone)
        gone[hit] = True
        found = frame[hit].with_columns(
            score=pl.Series(score[hit]), kept=theirs["id"].gather(pl.Series(match[hit]))
        )
        removed.append(receipts(found, "decontaminate", reason, pl.col("score"), pl.col("kept")))
    return frame.filter(pl.Series(~gone)).sort("id"), all_receipts(removed).sort("id")


def _equal(ours: pl.Series, theirs: pl.Series) -> Match:
    known = {text: i for i, text in reversed(list(enumerate(normalise(theirs))))}
    match = np.array([known.get(text, -1) for text in normalise(ours)], np.int64)
    return match, np.ones(len(ours))


def _grams(texts: pl.Series, n: int) -> tuple[Ints, Ints, Ints]:
    """Return (hash of every run of n tokens, runs per text, tokens per text)."""
    words = tokens(texts)
    lengths = words.list.len().to_numpy().astype(np.int64)
    codes = words.explode(empty_as_null=False).hash(0).to_numpy()
    return *windows(codes, lengths, n), lengths


def _shared_run(ours: pl.Series, theirs: pl.Series, n: int) -> Match:
    grams, runs, _ = _grams(theirs, n)
    known = pl.DataFrame({"gram": grams, "match": np.repeat(np.arange(len(theirs)), runs)})
    grams, runs, _ = _grams(ours, n)
    found = (
        pl.DataFrame({"gram": grams, "row": np.repeat(np.arange(len(ours)), runs)})
        .join(known, on="gram")
        .group_by("row")
        .agg(pl.col("match").min())
    )
    match = np.full(len(ours), -1, np.int64)
    match[found["row"].to_numpy()] = found["match"].to_numpy()
    return match, np.ones(len(ours))


def _overlap(ours: pl.Series, theirs: pl.Series, n: int, overlap: float) -> Match:
    grams, runs, lengths = _grams(theirs, EDIT_GRAM)
    vocabulary, columns = np.unique(grams, return_inverse=True)
    known = sets(columns, runs, len(vocabulary))
    sizes = known.sum(axis=1)
    needed = np.where(lengths < n, 1.0, overlap)
    needed[lengths < 5] = np.inf
    match, score = np.full(len(ours), -1, np.int64), np.full(len(ours), np.nan)
    for start in range(0, len(ours), BLOCK):
        grams, runs, lengths = _grams(ours[start : start + BLOCK], EDIT_GRAM)
        own = sets(grams, runs).sum(axis=1)
        column = np.searchsorted(vocabulary, grams)
        seen = column < len(vocabulary)
        seen[seen] = vocabulary[column[seen]] == grams[seen]
        row = np.repeat(np.arange(len(runs)), runs)
        held = sets(column[seen], np.bincount(row[seen], minlength=len(runs)), len(vocabulary))
        pairs = (held @ known.T).tocoo()
        i, j = pairs.coords
        # a row below n tokens is a phrase: its being part of a protected text gives nothing away
        whole = np.where(lengths[i] < n, sizes[j], np.minimum(sizes[j], own[i]))
        share = pairs.data / whole
        good = share >= needed[j]
        i, j, share = i[good], j[good], share[good]
        best = np.lexsort((j, -share, i))
        i, first = np.unique(i[best], return_index=True)
        match[start + i], score[start + i] = j[best][first], share[best][first]
    return match, score


def _similar(
    ours: npt.NDArray[np.floating], theirs: npt.NDArray[np.floating], similarity: float
) -> Match:
    import faiss

    match, score = np.full(len(ours), -1, np.int64), np.full(len(ours), np.nan)
    if not len(ours) or not len(theirs):
        return match, score
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (ours, theirs))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("an embedding is zero or not finite")
    index = faiss.IndexFlatIP(a.shape[1])
    index.add(np.ascontiguousarray(b, np.float32))
    nearest = index.search(np.ascontiguousarray(a, np.float32), 1)[1][:, 0]
    score = np.minimum(np.einsum("ij,ij->i", a, b[nearest], dtype=np.float64), 1.0)
    return np.where(score >= similarity, nearest, -1), score
