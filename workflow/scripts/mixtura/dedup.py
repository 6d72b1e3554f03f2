"""Deduplication in three steps: equal, similar in wording, similar in meaning.

Rows are visited in the order of a hash of their id, so the result depends neither on the order or
the sharding of the input nor on the number of threads. A row is removed only when it is at least
`threshold` similar to a row that is kept (greedy, first come). Connected components would also
remove a row that resembles none of the kept ones, by a chain of others.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from mixtura.text import all_receipts, check_rows, normalise, receipts, sets, split_broken, windows

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Pairs = tuple[Ints, Ints, Floats]

BLOCK = 32_768
CROWD = 600  # pairs from which a group is compared as a whole: the same result, sooner


def deduplicate(
    frame: pl.DataFrame,
    threshold: float | None = 0.7,
    *,
    reference: pl.DataFrame | None = None,
    embeddings: npt.NDArray[np.floating] | None = None,
    reference_embeddings: npt.NDArray[np.floating] | None = None,
    semantic_threshold: float = 0.95,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove broken, equal, similarly worded and (given embeddings) semantically equal rows.

    `frame` and `reference` have the columns id and text; a row that resembles a reference row goes,
    a reference row never does. Embeddings are (rows, d) in the order of their frame. `threshold` is
    the Jaccard similarity of 5-character shingles (None: no fuzzy step), `semantic_threshold` a
    cosine. Returns (kept with all columns, removed with id, text, stage, reason, score, kept_id),
    both sorted by id. Raises ValueError on missing columns, repeated ids, bad thresholds or shapes.
    """
    check_rows(frame)
    if embeddings is not None and len(embeddings) != len(frame):
        raise ValueError(f"{len(embeddings)} embeddings for {len(frame)} rows")
    kept, broken = split_broken(frame.with_row_index("__row"))
    kept, equal = exact(kept, reference)
    removed = [broken, equal]
    if threshold is not None:
        kept, similar = fuzzy(kept, threshold, reference=reference)
        removed.append(similar)
    if embeddings is not None:
        kept, same = semantic(
            kept,
            embeddings[kept["__row"].to_numpy()],
            semantic_threshold,
            reference=reference,
            reference_embeddings=reference_embeddings,
        )
        removed.append(same)
    return kept.drop("__row").sort("id"), all_receipts(removed).sort("id")


def exact(
    frame: pl.DataFrame, reference: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep one row of those whose `normalise`d text is equal; none if the reference has it."""
    rows, fixed = _in_order(frame, reference)
    rows = rows.with_columns(normalise(rows["text"]).alias("key")).with_row_index("rank")
    first = rows.select("rank", winner=pl.col("rank").first().over("key"))
    lost = np.where(first["winner"] == first["rank"], -1, first["winner"].cast(pl.Int64))
    lost[:fixed] = -1
    return _split(frame, rows, lost, np.ones(len(rows)), "exact", "equal text")


def fuzzy(
    frame: pl.DataFrame,
    threshold: float = 0.7,
    *,
    reference: pl.DataFrame | None = None,
    size: int = 5,
    num_perm: int = 128,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove rows whose wording has Jaccard similarity >= `threshold` with a kept row.

    A text is the set of its runs of `size` characters, normalised: short texts have enough of them,
    inflection and typing errors cost little, and languages without spaces work. A shorter text is
    one shingle. MinHash (Broder 1997) with bands finds candidates, missing fewer than 1 in 1000 at
    the threshold; the true Jaccard similarity of every candidate decides. Takes about 10 bytes of
    memory per character. Time is linear in near-identical texts, but m texts of one template that
    are alike and yet below the threshold have to be compared pair by pair.
    """
    _check(threshold)
    if size < 1 or num_perm < 1:
        raise ValueError(f"size {size} and num_perm {num_perm} must be at least 1")
    rows, fixed = _in_order(frame, reference)
    lost, scores = _greedy(_Wordings(rows["text"], threshold, size, num_perm), len(rows), fixed)
    return _split(frame, rows, lost, scores, "fuzzy", f"Jaccard similarity >= {threshold:g}")


def semantic(
    frame: pl.DataFrame,
    embeddings: npt.NDArray[np.floating],
    threshold: float = 0.95,
    *,
    reference: pl.DataFrame | None = None,
    reference_embeddings: npt.NDArray[np.floating] | None = None,
    exhaustive_to: int = 200_000,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove rows whose embedding has cosine >= `threshold` with that of a kept row.

    `embeddings` is (rows, d), any length of vector. The search is exhaustive up to `exhaustive_to`
    rows, reference included; beyond, a faiss inverted file finds the candidates and may miss a few.
    The cosine in double precision of every candidate decides.
    """
    _check(threshold)
    given = [(frame, embeddings, "frame")]
    if reference is not None:
        if reference_embeddings is None:
            raise ValueError("reference_embeddings is missing")
        given.insert(0, (reference, reference_embeddings, "reference"))
    for rows, vectors, name in given:
        if vectors.ndim != 2 or len(vectors) != len(rows):
            raise ValueError(f"embeddings {vectors.shape} for {len(rows)} rows of the {name}")
    if len({vectors.shape[1] for _, vectors, _ in given}) > 1:
        raise ValueError("the embeddings of frame and reference differ in dimension")
    rows, fixed = _in_order(frame, reference)
    vectors = np.concatenate([v[_order(r["id"])] for r, v, _ in given])
    meanings = _Meanings(vectors, threshold, exhaustive=len(rows) <= exhaustive_to)
    lost, scores = _greedy(meanings, len(rows), fixed)
    return _split(frame, rows, lost, scores, "semantic", f"cosine >= {threshold:g}")


def deduplicate_table(
    table: pl.DataFrame,
    text_column: str = "text",
    threshold: float | None = 0.7,
    *,
    reference: pl.DataFrame | None = None,
    encode: Callable[[list[str]], npt.NDArray[np.floating]] | None = None,
    semantic_threshold: float = 0.95,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deduplicate any table by one column; returns (kept in the old order, removed).

    Which rows are kept depends on their content alone. A row that resembles one of `reference`
    goes. `encode` turns n texts into (n, d) embeddings, for the semantic step. `removed` names a
    row by the column id, where there is one that tells rows apart, else by its number from 1; a
    row of the reference has "reference" before that. Raises ValueError without the column.
    """
    frame, names = _named(table, text_column)
    given: dict[str, Any] = {}
    if reference is not None:
        real, of_real = _named(reference, text_column, "reference ")
        real, _ = split_broken(real)
        names |= of_real
        given["reference"] = real
        if encode:
            given["reference_embeddings"] = encode(real["text"].to_list())
    if encode:
        sound, _ = split_broken(frame.with_row_index("at"))
        made = encode(sound["text"].to_list())
        given["embeddings"] = np.zeros((len(frame), made.shape[1]), made.dtype)
        given["embeddings"][sound["at"].to_numpy()] = made
        given["semantic_threshold"] = semantic_threshold
    kept, removed = deduplicate(frame, threshold, **given)
    return table.filter(frame["id"].is_in(kept["id"].implode())), removed.with_columns(
        pl.col("id", "kept_id").replace_strict(names, return_dtype=pl.String)
    )


def _named(
    table: pl.DataFrame, text_column: str, prefix: str = ""
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return (id from the content, text), and what a person calls the row of an id."""
    if text_column not in table.columns:
        raise ValueError(f"no column {text_column!r}; columns are: {', '.join(table.columns)}")
    names = pl.Series(np.arange(1, len(table) + 1))
    if "id" in table.columns and table["id"].null_count() == 0 and table["id"].is_unique().all():
        names = table["id"]
    ids = [prefix + row for row in row_ids(table)]
    called = (prefix + name for name in names.cast(pl.String))
    frame = pl.DataFrame({"id": ids, "text": table[text_column]}, strict=False)
    return frame, dict(zip(ids, called, strict=True))


def row_ids(frame: pl.DataFrame) -> pl.Series:
    """Return an id per row from its content, for tables without ids: rows of equal ids are equal.

    The n-th of several equal rows gets its own id, whatever the order of the others.
    """
    content = pl.Series(
        "id",
        [blake2b(repr(row).encode("utf-8", "surrogatepass")).hexdigest() for row in frame.rows()],
        pl.String,
    )
    copy = pl.DataFrame(content).select(pl.int_range(pl.len()).over("id")).to_series()
    return content.str.slice(0, 32) + "-" + copy.cast(pl.String)


def bands(threshold: float, num_perm: int = 128, miss: float = 1e-3) -> tuple[int, int]:
    """Choose (bands, rows per band) so that a pair at `threshold` is missed with p <= `miss`.

    Of the choices that fit into `num_perm` the longest bands, which let fewest other pairs through;
    where none fits (a very low threshold), bands of one row.
    """
    best = (num_perm, 1)
    for rows in range(1, num_perm + 1):
        # rounding: at threshold 1 a single band misses nothing
        count = int(np.ceil(np.log(miss) / np.log1p(-min(threshold**rows, 1 - 1e-9))))
        if count * rows <= num_perm:
            best = (count, rows)
    return best


def _check(threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is outside (0, 1]")


def _order(ids: pl.Series) -> Ints:
    """Return the positions of the rows in their stable, as good as random order."""
    text = ids.cast(pl.String)
    keys = pl.Series([blake2b(i.encode(), digest_size=8).digest() for i in text], dtype=pl.Binary)
    return pl.DataFrame({"key": keys, "id": text}).select(
        pl.arg_sort_by("key", "id").cast(pl.Int64)
    ).to_series().to_numpy()  # fmt: skip


def _in_order(frame: pl.DataFrame, reference: pl.DataFrame | None) -> tuple[pl.DataFrame, int]:
    """Return (id, text) of the reference and then of the frame, and how many are reference."""
    parts = []
    for rows in (reference, frame):
        if rows is not None:
            check_rows(rows)
            rows = rows.select(pl.col("id").cast(pl.String), pl.col("text").cast(pl.String))
            parts.append(rows[_order(rows["id"])].with_columns(pl.col("text").fill_null("")))
    return pl.concat(parts), 0 if reference is None else len(reference)


def _split(
    frame: pl.DataFrame, rows: pl.DataFrame, lost: Ints, scores: Floats, stage: str, reason: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn `lost` (per row the position of the row it lost to, or -1) into kept and removed."""
    gone = np.flatnonzero(lost >= 0)
    removed = receipts(
        rows[gone].with_columns(
            score=pl.Series(scores[gone]), winner=rows["id"].gather(pl.Series(lost[gone]))
        ),
        stage,
        reason,
        pl.col("score"),
        pl.col("winner"),
    ).sort("id")
    kept = frame.filter(~pl.col("id").cast(pl.String).is_in(removed["id"].implode()))
    return kept.sort("id"), removed


class _Index(Protocol):
    """Finds pairs of rows that are at least threshold similar: (row, other, score)."""

    def add(self, rows: Ints) -> None: ...
    def near(self, rows: Ints) -> Pairs:
        """Return pairs of these rows with the rows added so far."""
        ...

    def within(self, rows: Ints) -> Pairs:
        """Return pairs among these rows, the other before the row."""
        ...


def _greedy(index: _Index, n: int, fixed: int) -> tuple[Ints, Floats]:
    """Visit rows in order, the first `fixed` always kept; returns (row it lost to or -1, score).

    Blocks double in size. As the order is random, a large cluster shows up in an early, small
    block, and from then on its rows are compared with the few that were kept of it: that keeps a
    cluster of m near-identical rows from costing m^2.
    """
    lost = np.full(n, -1, np.int64)
    scores = np.full(n, np.nan)
    index.add(np.arange(fixed))
    start = fixed
    while start < n:
        stop = min(n, start + min(max(start - fixed, 256), BLOCK))
        block = np.arange(start, stop)
        rows, others, values = index.near(block)
        best = np.lexsort((others, -values, rows))
        rows, first = np.unique(rows[best], return_index=True)
        lost[rows], scores[rows] = others[best][first], values[best][first]
        rest = block[lost[block] < 0]
        rows, others, values = index.within(rest)
        for i in np.lexsort((others, -values, rows)):
            row, other = rows[i], others[i]
            if lost[row] < 0 and lost[other] < 0:
                lost[row], scores[row] = other, values[i]
        index.add(rest[lost[rest] < 0])
        start = stop
    return lost, scores


def _chunks(weights: Ints, limit: int) -> Iterator[slice]:
    """Cut a sequence into slices of at most about `limit` in weight, at least one item each."""
    total = np.cumsum(weights)
    start = 0
    while start < len(total):
        done = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, done + limit, "right")))
        yield slice(start, stop)
        start = stop


class _Wordings:
    """Rows as sets of shingles, with the MinHash bands in which two or more of them agree."""

    def __init__(self, texts: pl.Series, threshold: float, size: int, num_perm: int) -> None:
        import rensa

        self.threshold = threshold
        count, per_band = bands(threshold, num_perm)
        indices, lengths = [], []
        keys = np.empty((count, len(texts)), np.int64)
        for part in range(0, len(texts), BLOCK):
            # padding makes a text that is shorter than a shingle one shingle
            text = normalise(texts[part : part + BLOCK]).str.pad_end(size, "\0")
            codes = np.frombuffer("".join(text).encode("utf-32-le", "surrogatepass"), np.uint32)
            hashes, many = windows(codes, text.str.len_chars().to_numpy(), size)
            shingles = sets(hashes, many)
            indices.append(shingles.indices)
            lengths.append(np.diff(shingles.indptr))
            signed = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
                shingles.indices.astype(np.uint64),
                shingles.indptr.astype(np.uint64),
                count * per_band,
                1,
            ).to_rows()
            signature = np.array(signed, np.uint32).reshape(-1, per_band)
            agreed, _ = windows(signature.ravel(), np.full(len(signature), per_band), per_band)
            keys[:, part : part + BLOCK] = agreed.reshape(-1, count).T
        self.sizes = np.concatenate(lengths) if lengths else np.empty(0, np.int64)
        self.sets = sets(np.concatenate(indices) if indices else self.sizes, self.sizes)
        groups, members, first = [], [], 0
        for key in keys:
            order = np.argsort(key, kind="stable")
            new = np.diff(key[order], prepend=-1) != 0
            group = np.cumsum(new) - 1
            shared = (np.bincount(group) > 1)[group] if len(group) else new
            groups.append(group[shared].astype(np.int64) + first)
            members.append(order[shared].astype(np.int32))
            first += len(group)
        self.groups, self.members = np.concatenate(groups), np.concatenate(members)
        self.kept = np.zeros(len(texts), bool)

    def add(self, rows: Ints) -> None:
        self.kept[rows] = True

    def near(self, rows: Ints) -> Pairs:
        return self._pairs(rows, self.kept)

    def within(self, rows: Ints) -> Pairs:
        these = np.zeros(len(self.kept), bool)
        these[rows] = True
        return self._pairs(rows, these)

    def _pairs(self, rows: Ints, against: npt.NDArray[np.bool_]) -> Pairs:
        these = np.zeros(len(self.kept), bool)
        these[rows] = True
        here, there = these[self.members], against[self.members]
        row, group = self.members[here].astype(np.int64), self.groups[here]
        others, groups = self.members[there].astype(np.int64), self.groups[there]
        low, high = np.searchsorted(groups, group), np.searchsorted(groups, group, "right")
        found: list[Pairs] = []
        first = np.flatnonzero(np.diff(group, prepend=-1))
        many = np.diff(first, append=len(group))
        crowded = many * (high - low)[first] > CROWD
        for start, count in zip(first[crowded], many[crowded], strict=True):
            theirs = others[low[start] : high[start]]
            found += self._verify_all(row[start : start + count], theirs)
        rest = ~np.repeat(crowded, many)
        row, low, high = row[rest], low[rest], high[rest]
        # a pair that several bands found is verified once: its two rows are in one part
        by_row = np.argsort(row, kind="stable")
        row, low, high = row[by_row], low[by_row], high[by_row]
        for part in _chunks(high - low, 4_000_000):
            counts = (high - low)[part]
            left = np.repeat(row[part], counts)
            start = np.repeat(low[part] - np.cumsum(counts) + counts, counts)
            right = others[start + np.arange(len(start))]
            both = np.unique((left * len(self.kept) + right)[right < left])
            found.append(self._verify(*np.divmod(both, max(len(self.kept), 1))))
        return _join(found)

    def _verify_all(self, rows: Ints, others: Ints) -> list[Pairs]:
        """Compare each row with each other one, as texts of one template ask for.

        Shingles that many of them have are counted by a dense product, the others by a sparse one.
        """
        theirs = self.sets[others]
        shingles, column, many = np.unique(theirs.indices, return_inverse=True, return_counts=True)
        most = 50_000_000 // len(others)  # columns of a dense block of 200 MB
        least = np.partition(many, -most)[-most] if len(many) > most else 0
        common = many > max(least, 1 + len(others) // 32)
        place = np.where(common, np.cumsum(common) - 1, -1)
        width = len(shingles)

        def split(found: sp.csr_array, column: Ints) -> tuple[sp.csr_array, Floats]:
            row = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
            dense = np.zeros((found.shape[0], int(common.sum())), np.float32)
            these = common[column]
            dense[row[these], place[column[these]]] = 1
            rare = np.bincount(row[~these], minlength=found.shape[0])
            return sets(column[~these], rare, width), dense

        rare, dense = split(theirs, column)
        found: list[Pairs] = []
        for part in _chunks(np.full(len(rows), max(dense.shape)), 8_000_000):
            these = self.sets[rows[part]]
            at = np.minimum(np.searchsorted(shingles, these.indices), width - 1)
            hit = shingles[at] == these.indices
            row = np.repeat(np.arange(these.shape[0]), np.diff(these.indptr))[hit]
            held = sets(at[hit], np.bincount(row, minlength=these.shape[0]), width)
            own_rare, own_dense = split(held, held.indices)
            shared = own_dense @ dense.T
            few = (own_rare @ rare.T).tocoo()
            shared[few.coords] += few.data
            size = self.sizes[rows[part]][:, None] + self.sizes[others].astype(np.float32)
            i, j = np.nonzero(shared * (1 + self.threshold) >= self.threshold * size - 0.5)
            i, j, both = rows[part][i], others[j], shared[i, j].astype(np.int64)
            score = both / (self.sizes[i] + self.sizes[j] - both)
            good = (score >= self.threshold) & (j < i)
            found.append((i[good], j[good], score[good]))
        return found

    def _verify(self, left: Ints, right: Ints) -> Pairs:
        # the sizes alone bound the Jaccard similarity and are much cheaper than the sets
        a, b = self.sizes[left], self.sizes[right]
        possible = np.minimum(a, b) >= self.threshold * np.maximum(a, b)
        left, right = left[possible], right[possible]
        found: list[Pairs] = []
        for part in _chunks(self.sizes[left] + self.sizes[right], 20_000_000):
            i, j = left[part], right[part]
            shared = self.sets[i].multiply(self.sets[j]).sum(axis=1)
            score = shared / (self.sizes[i] + self.sizes[j] - shared)
            good = score >= self.threshold
            found.append((i[good], j[good], score[good]))
        return _join(found)


def _join(found: list[Pairs]) -> Pairs:
    none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    rows, others, scores = zip(none, *found, strict=True)
    return np.concatenate(rows), np.concatenate(others), np.concatenate(scores)


class _Meanings:
    """Rows as unit vectors in a faiss index that grows by the rows that are kept."""

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
        self.index.add(self.vectors[rows])
        self.added = np.concatenate([self.added, rows])

    def near(self, rows: Ints) -> Pairs:
        return self._search(self.index, rows, self.added)

    def within(self, rows: Ints) -> Pairs:
        index = self.flat(self.vectors.shape[1])
        index.add(self.vectors[rows])
        return self._search(index, rows, rows)

    def _search(self, index: Any, rows: Ints, others: Ints) -> Pairs:
        found: list[Pairs] = []
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
            found.append((left[good], right[good], score[good]))
        return _join(found)
