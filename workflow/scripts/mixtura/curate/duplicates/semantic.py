"""Rows that are similar in meaning: the cosine of their embeddings decides."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.curate.duplicates.greedy import (
    Ints,
    Pairs,
    check_threshold,
    greedy,
    in_order,
    join_pairs,
    split_lost,
    stable_order,
)


def semantic(
    frame: pl.DataFrame,
    embeddings: npt.NDArray[np.floating],
    threshold: float = 0.95,
    *,
    reference: pl.DataFrame | None = None,
    reference_embeddings: npt.NDArray[np.floating] | None = None,
    exhaustive_to: int = 200_000,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove rows whose embedding has cosine >= `threshold` with that of a remaining row.

    `embeddings` is (rows, d), any length of vector. The search is exhaustive up to `exhaustive_to`
    rows, reference included; beyond, a faiss inverted file finds the candidates and may miss a few.
    The cosine in double precision of every candidate decides.

    `frame` and `reference` have the columns id and text. Returns (remaining rows, receipts of the
    removed ones), both sorted by id. Raises ValueError on a threshold out of range, and on
    embeddings that are zero, not finite or do not fit.
    """
    check_threshold(threshold)
    tables = [(frame, embeddings, "frame")]
    if reference is not None:
        if reference_embeddings is None:
            raise ValueError("reference_embeddings is missing")
        tables.insert(0, (reference, reference_embeddings, "reference"))
    for rows, vectors, name in tables:
        if vectors.ndim != 2 or len(vectors) != len(rows):
            raise ValueError(f"embeddings {vectors.shape} for {len(rows)} rows of the {name}")
    if len({vectors.shape[1] for _, vectors, _ in tables}) > 1:
        raise ValueError("the embeddings of frame and reference differ in dimension")
    rows, references = in_order(frame, reference)
    vectors = np.concatenate([v[stable_order(r["id"])] for r, v, _ in tables])
    meanings = Meanings(vectors, threshold, exhaustive=len(rows) <= exhaustive_to)
    winners, scores = greedy(meanings, len(rows), references)
    return split_lost(frame, rows, winners, scores, "semantic", f"cosine >= {threshold:g}")


class Meanings:
    """Rows as unit vectors in a faiss index that grows by the rows that remain."""

    def __init__(
        self, vectors: npt.NDArray[np.floating], threshold: float, exhaustive: bool
    ) -> None:
        import faiss

        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms) & (norms > 0)):
            raise ValueError("an embedding is zero or not finite")
        self.vectors = np.ascontiguousarray(vectors / norms, np.float32)
        self.threshold = threshold
        self.flat = faiss.IndexFlatIP
        self.index: Any = self.flat(vectors.shape[1])
        if not exhaustive:
            cells = int(4 * np.sqrt(len(vectors)))
            # rows serve as cell centres: k-means would depend on the number of threads
            self.index.add(self.vectors[-cells:])
            self.index = faiss.IndexIVFFlat(
                self.index, vectors.shape[1], cells, faiss.METRIC_INNER_PRODUCT
            )
            self.index.nprobe = min(cells, 32)
        self.added = np.empty(0, np.int64)

    def add(self, rows: Ints) -> None:
        """Add rows that remain, with which later rows are compared."""
        self.index.add(self.vectors[rows])
        self.added = np.concatenate([self.added, rows])

    def near(self, rows: Ints) -> Pairs:
        """Pairs of these rows with the rows added so far."""
        return self._search(self.index, rows, self.added)

    def within(self, rows: Ints) -> Pairs:
        """Pairs among these rows, the other before the row."""
        index = self.flat(self.vectors.shape[1])
        index.add(self.vectors[rows])
        return self._search(index, rows, rows)

    def _search(self, index: Any, rows: Ints, others: Ints) -> Pairs:
        pairs: list[Pairs] = []
        for start in range(0, len(rows), 4096):
            part = rows[start : start + 4096]
            # single precision depends on block shapes; a wider net, then double precision decides
            limits, _, hits = index.range_search(self.vectors[part], self.threshold - 1e-4)
            left = np.repeat(part, np.diff(limits.astype(np.int64)))
            right = others[hits]
            left, right = left[right < left], right[right < left]
            a, b = (self.vectors[i].astype(np.float64) for i in (left, right))
            score = np.minimum(
                np.einsum("ij,ij->i", a, b)
                / np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b)),
                1.0,
            )
            good = score >= self.threshold
            pairs.append((left[good], right[good], score[good]))
        return join_pairs(pairs)
