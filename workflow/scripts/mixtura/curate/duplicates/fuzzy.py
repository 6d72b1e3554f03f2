"""Rows that are similar in wording: MinHash finds candidates, their Jaccard similarity decides."""

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from mixtura.core.text import normalise, sets, windows
from mixtura.curate.duplicates.greedy import (
    Floats,
    Ints,
    Pairs,
    check_threshold,
    greedy,
    in_order,
    join_pairs,
    slices,
    split_lost,
)

BLOCK = 32_768  # texts whose shingles are hashed at a time
CROWD = 600  # pairs from which a group is compared as a whole: the same result, sooner


def fuzzy(
    frame: pl.DataFrame,
    threshold: float = 0.7,
    *,
    reference: pl.DataFrame | None = None,
    size: int = 5,
    num_perm: int = 128,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Remove rows whose wording has Jaccard similarity >= `threshold` with a remaining row.

    A text is the set of its runs of `size` characters, normalised: short texts have enough of them,
    inflection and typing errors cost little, and languages without spaces work. A shorter text is
    one shingle. MinHash (Broder 1997) with bands finds candidates, missing fewer than 1 in 1000 at
    the threshold; the true Jaccard similarity of every candidate decides. Takes about 10 bytes of
    memory per character. Time is linear in near-identical texts, but m texts of one template that
    are alike and yet below the threshold have to be compared pair by pair.

    `frame` and `reference` have the columns id and text. Returns (remaining rows, receipts of the
    removed ones), both sorted by id. Raises ValueError on a setting out of range.
    """
    check_threshold(threshold)
    if size < 1 or num_perm < 1:
        raise ValueError(f"size {size} and num_perm {num_perm} must be at least 1")
    rows, references = in_order(frame, reference)
    wordings = Wordings(rows["text"], threshold, size, num_perm)
    winners, scores = greedy(wordings, len(rows), references)
    reason = f"Jaccard similarity >= {threshold:g}"
    return split_lost(frame, rows, winners, scores, "fuzzy", reason)


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


class Wordings:
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
        self.remaining = np.zeros(len(texts), bool)

    def add(self, rows: Ints) -> None:
        """Add rows that remain, with which later rows are compared."""
        self.remaining[rows] = True

    def near(self, rows: Ints) -> Pairs:
        """Pairs of these rows with the rows added so far."""
        return self._pairs(rows, self.remaining)

    def within(self, rows: Ints) -> Pairs:
        """Pairs among these rows, the other before the row."""
        among = np.zeros(len(self.remaining), bool)
        among[rows] = True
        return self._pairs(rows, among)

    def _pairs(self, rows: Ints, against: npt.NDArray[np.bool_]) -> Pairs:
        these = np.zeros(len(self.remaining), bool)
        these[rows] = True
        here, there = these[self.members], against[self.members]
        row, group = self.members[here].astype(np.int64), self.groups[here]
        others, groups = self.members[there].astype(np.int64), self.groups[there]
        low, high = np.searchsorted(groups, group), np.searchsorted(groups, group, "right")
        pairs: list[Pairs] = []
        first = np.flatnonzero(np.diff(group, prepend=-1))
        many = np.diff(first, append=len(group))
        crowded = many * (high - low)[first] > CROWD
        for start, count in zip(first[crowded], many[crowded], strict=True):
            opposite = others[low[start] : high[start]]
            pairs += self._verify_all(row[start : start + count], opposite)
        rest = ~np.repeat(crowded, many)
        row, low, high = row[rest], low[rest], high[rest]
        # a pair that shares several bands is verified once: its two rows are in one part
        by_row = np.argsort(row, kind="stable")
        row, low, high = row[by_row], low[by_row], high[by_row]
        for part in slices(high - low, 4_000_000):
            counts = (high - low)[part]
            left = np.repeat(row[part], counts)
            start = np.repeat(low[part] - np.cumsum(counts) + counts, counts)
            right = others[start + np.arange(len(start))]
            both = np.unique((left * len(self.remaining) + right)[right < left])
            pairs.append(self._verify(*np.divmod(both, max(len(self.remaining), 1))))
        return join_pairs(pairs)

    def _verify_all(self, rows: Ints, others: Ints) -> list[Pairs]:
        """Compare each row with each other one, as texts of one template ask for.

        Shingles that many of them have are counted by a dense product, the others by a sparse one.
        """
        other_sets = self.sets[others]
        shingles, column, many = np.unique(
            other_sets.indices, return_inverse=True, return_counts=True
        )
        most = 50_000_000 // len(others)  # columns of a dense block of 200 MB
        least = np.partition(many, -most)[-most] if len(many) > most else 0
        common = many > max(least, 1 + len(others) // 32)
        place = np.where(common, np.cumsum(common) - 1, -1)
        width = len(shingles)

        def split(texts: sp.csr_array, column: Ints) -> tuple[sp.csr_array, Floats]:
            row = np.repeat(np.arange(texts.shape[0]), np.diff(texts.indptr))
            dense = np.zeros((texts.shape[0], int(common.sum())), np.float32)
            these = common[column]
            dense[row[these], place[column[these]]] = 1
            rare = np.bincount(row[~these], minlength=texts.shape[0])
            return sets(column[~these], rare, width), dense

        rare, dense = split(other_sets, column)
        pairs: list[Pairs] = []
        for part in slices(np.full(len(rows), max(dense.shape)), 8_000_000):
            these = self.sets[rows[part]]
            at = np.minimum(np.searchsorted(shingles, these.indices), width - 1)
            hit = shingles[at] == these.indices
            row = np.repeat(np.arange(these.shape[0]), np.diff(these.indptr))[hit]
            common_sets = sets(at[hit], np.bincount(row, minlength=these.shape[0]), width)
            row_rare, row_dense = split(common_sets, common_sets.indices)
            shared = row_dense @ dense.T
            few = (row_rare @ rare.T).tocoo()
            shared[few.coords] += few.data
            size = self.sizes[rows[part]][:, None] + self.sizes[others].astype(np.float32)
            i, j = np.nonzero(shared * (1 + self.threshold) >= self.threshold * size - 0.5)
            i, j, both = rows[part][i], others[j], shared[i, j].astype(np.int64)
            score = both / (self.sizes[i] + self.sizes[j] - both)
            good = (score >= self.threshold) & (j < i)
            pairs.append((i[good], j[good], score[good]))
        return pairs

    def _verify(self, left: Ints, right: Ints) -> Pairs:
        # the sizes alone bound the Jaccard similarity and are much cheaper than the sets
        a, b = self.sizes[left], self.sizes[right]
        possible = np.minimum(a, b) >= self.threshold * np.maximum(a, b)
        left, right = left[possible], right[possible]
        pairs: list[Pairs] = []
        for part in slices(self.sizes[left] + self.sizes[right], 20_000_000):
            i, j = left[part], right[part]
            shared = self.sets[i].multiply(self.sets[j]).sum(axis=1)
            score = shared / (self.sizes[i] + self.sizes[j] - shared)
            good = score >= self.threshold
            pairs.append((i[good], j[good], score[good]))
        return join_pairs(pairs)
