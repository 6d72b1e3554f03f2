import itertools
import os
import subprocess
import sys

import faiss
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mixtura import dedup
from mixtura.dedup import bands, deduplicate, exact, fuzzy, row_ids, semantic
from mixtura.text import RECEIPT, normalise

WORDS = (
    *("film", "story", "actor", "scene", "plot", "music", "camera", "director", "slow", "warm"),
    *("dull", "bright", "brave", "clever", "heart", "laugh", "tears", "summer", "winter", "city"),
    *("road", "night", "child", "mother", "father", "dream", "war", "love", "loss", "hope"),
)


THREADS = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS")


def frame_of(texts, prefix="r"):
    return pl.DataFrame(
        {"id": [f"{prefix}{i}" for i in range(len(texts))], "text": texts},
        schema={"id": pl.String, "text": pl.String},
    )


def random_texts(n, seed=0, words=12):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, words)) for _ in range(n)]


def shingles(texts, size=5):
    padded = [text.ljust(size, "\0") for text in normalise(pl.Series(texts))]
    return [{text[i : i + size] for i in range(len(text) - size + 1)} for text in padded]


def jaccard(a, b):
    return len(a & b) / len(a | b)


def sequential(frame, similar):
    """The definition of the greedy result, one pair at a time."""
    kept = []
    for i in dedup._order(frame["id"]):
        if not any(similar(i, j) for j in kept):
            kept.append(i)
    return sorted(frame["id"][int(i)] for i in kept)


def test_equal_texts_keep_one_and_say_which():
    frame = frame_of(["A fine film.", "a fine  FILM", "another", "A fine film!"])
    kept, removed = exact(frame)
    assert len(kept) == 2 and "r2" in kept["id"].to_list()
    (winner,) = set(kept["id"]) - {"r2"}
    assert removed["kept_id"].to_list() == [winner] * 2
    assert removed.schema == RECEIPT
    assert set(removed["stage"]) == {"exact"}


def test_reference_rows_win_and_stay_out_of_the_result():
    real = frame_of(["A fine film", "real only", "the camera loves this actor in every scene"], "z")
    made = frame_of(["a fine film!", "the camera loves this actor in every scenes", "new"], "a")
    kept, removed = deduplicate(made, 0.7, reference=real)
    assert kept["id"].to_list() == ["a2"]
    assert removed.select("id", "stage", "kept_id").rows() == [
        ("a0", "exact", "z0"),
        ("a1", "fuzzy", "z2"),
    ]


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_fuzzy_is_the_exhaustive_greedy_result(threshold):
    rng = np.random.default_rng(1)
    texts = random_texts(120)
    for text in texts[:80]:
        words = text.split()
        for at in rng.choice(12, rng.integers(1, 4), replace=False):
            words[at] = str(rng.choice(WORDS))
        texts.append(" ".join(words))
    frame = frame_of(texts)
    kept, removed = fuzzy(frame, threshold)
    assert len(removed) > (2 if threshold == 0.9 else 10)
    sets = shingles(texts)
    expected = sequential(frame, lambda i, j: jaccard(sets[i], sets[j]) >= threshold)
    # MinHash may miss one pair in a thousand at the threshold
    assert len(set(expected) ^ set(kept["id"])) <= 2
    of = dict(zip(frame["id"], sets, strict=True))
    for row in removed.iter_rows(named=True):
        assert row["score"] == pytest.approx(jaccard(of[row["id"]], of[row["kept_id"]]))
        assert row["score"] >= threshold
        assert row["kept_id"] in set(kept["id"])


def test_no_two_kept_rows_are_similar():
    frame = frame_of(random_texts(200, words=3))
    kept, removed = fuzzy(frame, 0.5)
    assert len(removed) > 5
    pairs = itertools.combinations(shingles(kept["text"]), 2)
    assert sum(jaccard(a, b) >= 0.5 for a, b in pairs) <= 1


def test_texts_shorter_than_a_shingle():
    kept, removed = fuzzy(frame_of(["no", "No!", "yes", "好", "好。", "x"]), 0.7)
    assert sorted(normalise(kept["text"])) == ["no", "x", "yes", "好"]
    assert removed["score"].to_list() == [1.0, 1.0]


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.7, 0.8, 0.95, 1.0])
def test_bands_fit_and_miss_little(threshold):
    count, rows = bands(threshold)
    assert count * rows <= 128
    if threshold >= 0.3:
        assert (1 - threshold**rows) ** count <= 1e-3


@given(st.permutations(range(40)), st.sampled_from([1, 2, 8]))
@settings(max_examples=15, deadline=None)
def test_order_and_shards_change_nothing(order, shards):
    texts = random_texts(25, words=4) + ["same text"] * 5 + random_texts(10, words=4)
    frame = frame_of(texts)
    vectors = np.random.default_rng(2).normal(size=(40, 3))
    expected = deduplicate(frame, 0.6, embeddings=vectors, semantic_threshold=0.9)
    assert {"exact", "semantic"} <= set(expected[1]["stage"])
    shuffled = frame[list(order)]
    parts = [shuffled[part.tolist()] for part in np.array_split(np.arange(40), shards)]
    got = deduplicate(
        pl.concat(parts), 0.6, embeddings=vectors[list(order)], semantic_threshold=0.9
    )
    for a, b in zip(expected, got, strict=True):
        assert a.write_csv() == b.write_csv()


def test_block_size_changes_nothing(monkeypatch):
    frame = frame_of(random_texts(1500, words=3))
    expected = fuzzy(frame, 0.6)
    assert len(expected[1]) > 50
    monkeypatch.setattr(dedup, "BLOCK", 256)
    for a, b in zip(expected, fuzzy(frame, 0.6), strict=True):
        assert_frame_equal(a, b)


@pytest.mark.parametrize("threshold", [0.6, 0.75])
def test_comparing_a_group_as_a_whole_changes_nothing(threshold, monkeypatch):
    """Texts of one template, some above the threshold and most below it."""
    frame = frame_of(
        [
            f"everybody in the family said that the {text} was fine"
            for text in random_texts(300, 3, 3)
        ]
        + random_texts(300, 4, 5)
    )
    monkeypatch.setattr(dedup, "CROWD", 10**9)
    expected = fuzzy(frame, threshold)
    assert 5 < len(expected[1]) < 500
    for crowd in (0, 50):
        monkeypatch.setattr(dedup, "CROWD", crowd)
        for a, b in zip(expected, fuzzy(frame, threshold), strict=True):
            assert_frame_equal(a, b)


def test_threads_change_nothing():
    frame = frame_of(random_texts(600))
    vectors = np.random.default_rng(3).normal(size=(600, 4))
    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(1)
        one = semantic(frame, vectors, 0.97)
        faiss.omp_set_num_threads(4)
        four = semantic(frame, vectors, 0.97)
    finally:
        faiss.omp_set_num_threads(before)
    assert len(one[1]) > 50
    for a, b in zip(one, four, strict=True):
        assert_frame_equal(a, b)


def test_threads_of_the_libraries_change_nothing():
    """Polars, rensa and faiss take their threads from the environment when they start."""
    code = """
import numpy as np, polars as pl
from mixtura.dedup import deduplicate
rng = np.random.default_rng(0)
texts = [" ".join(rng.choice(list("abc"), 7)) for _ in range(3000)]
frame = pl.DataFrame({"id": [str(i) for i in range(3000)], "text": texts})
kept, gone = deduplicate(frame, 0.6, embeddings=rng.normal(size=(3000, 5)), semantic_threshold=0.98)
print(kept.write_csv(), gone.write_csv())
"""
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **dict.fromkeys(THREADS, count)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for count in ("1", "4")
    ]
    assert all(stage in printed[0] for stage in (",exact,", ",fuzzy,", ",semantic,"))
    assert printed[0] == printed[1]


@pytest.mark.parametrize("exhaustive_to", [10_000, 100])
def test_semantic_is_the_exhaustive_greedy_result(exhaustive_to):
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(500, 16))
    vectors[300:] = vectors[:200] + rng.normal(scale=0.3, size=(200, 16))
    vectors *= rng.uniform(0.1, 10, size=(500, 1))
    frame = frame_of(random_texts(500))
    kept, removed = semantic(frame, vectors, 0.95, exhaustive_to=exhaustive_to)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    assert kept["id"].to_list() == sequential(frame, lambda i, j: cosine[i, j] >= 0.95)
    assert 50 < len(removed) < 200
    for row in removed.iter_rows(named=True):
        assert row["score"] == pytest.approx(cosine[int(row["id"][1:]), int(row["kept_id"][1:])])


def test_semantic_against_a_reference():
    vectors = np.eye(4)
    made, real = frame_of(["a", "b"], "g"), frame_of(["c", "d"], "real")
    kept, removed = semantic(
        made, vectors[:2], reference=real, reference_embeddings=vectors[[3, 1]] * 5
    )
    assert kept["id"].to_list() == ["g0"]
    assert removed["kept_id"].to_list() == ["real1"]


def test_broken_rows_go_and_the_others_are_treated_as_ever():
    texts = [None, "", " \t", "x" * 1_000_000, "bad \ufffd", "good text here", "good text here!"]
    kept, removed = deduplicate(frame_of(texts))
    assert len(kept) == 1
    assert removed["stage"].to_list().count("broken") == 5


@pytest.mark.parametrize("n", [0, 1])
def test_tiny_input(n):
    frame = frame_of(["only"] * n)
    kept, removed = deduplicate(frame, embeddings=np.ones((n, 3)))
    assert_frame_equal(kept, frame)
    assert removed.schema == RECEIPT and not len(removed)


def test_large_cluster_is_not_quadratic():
    texts = [f"{' '.join(WORDS)} and so the story ends number {i}" for i in range(8000)]
    calls = []
    verify, verify_all = dedup._Wordings._verify, dedup._Wordings._verify_all
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            dedup._Wordings,
            "_verify",
            lambda self, left, right: calls.append(len(left)) or verify(self, left, right),
        )
        patch.setattr(
            dedup._Wordings,
            "_verify_all",
            lambda self, left, right: (
                calls.append(len(left) * len(right)) or verify_all(self, left, right)
            ),
        )
        kept, _ = fuzzy(frame_of(texts), 0.7)
    assert len(kept) == 1
    # all pairs would be 32 million; a block of 256 is compared with itself, perhaps by all bands
    assert sum(calls) < 256**2 * 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 0.0}, "outside"),
        ({"threshold": 1.2}, "outside"),
        ({"embeddings": np.ones((1, 2))}, "1 embeddings for 2 rows"),
        ({"embeddings": np.zeros((2, 2))}, "zero"),
        ({"embeddings": np.full((2, 2), np.nan)}, "not finite"),
        ({"embeddings": np.ones((2, 2)), "reference": frame_of(["r"])}, "reference_embeddings"),
        (
            {
                "embeddings": np.ones((2, 2)),
                "reference": frame_of(["r"]),
                "reference_embeddings": np.ones((1, 3)),
            },
            "dimension",
        ),
    ],
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        deduplicate(frame_of(["a text of its own", "quite another one"]), **change)


def test_row_ids_depend_on_content_alone():
    frame = pl.DataFrame({"text": ["a", "b", "a", None], "label": [1, 2, 1, 3]})
    ids = row_ids(frame)
    assert ids.n_unique() == 4
    assert sorted(row_ids(frame[[3, 2, 1, 0]])) == sorted(ids)
    assert row_ids(frame[[1]]).to_list() == [ids[1]]


def test_a_table_keeps_its_order_and_columns():
    table = pl.DataFrame({"n": [5, 6, 7, 8], "body": ["same text", "other", None, "Same text!"]})
    kept, removed = dedup.deduplicate_table(table, "body")
    assert kept["n"].to_list() in ([5, 6], [6, 8])
    assert removed.filter(stage="broken")["id"].to_list() == ["3"]
    (lost,) = removed.filter(stage="exact").select("id", "kept_id").rows()
    assert sorted(lost) == ["1", "4"]
    again, _ = dedup.deduplicate_table(table[::-1], "body")
    assert sorted(again["n"]) == sorted(kept["n"])
    _, removed = dedup.deduplicate_table(table.with_columns(id=pl.Series(list("wxyz"))), "body")
    assert removed.filter(stage="broken")["id"].to_list() == ["y"]
    with pytest.raises(ValueError, match="no column 'text'; columns are: n, body"):
        dedup.deduplicate_table(table)
