"""The three steps together."""

import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from duplicate_texts import frame_of, random_texts
from mixtura.curate import deduplicate
from mixtura.curate.receipts import RECEIPT

THREADS = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS")


def test_reference_rows_win_and_stay_out_of_the_result():
    real = frame_of(["A fine film", "real only", "the camera loves this actor in every scene"], "z")
    generated = frame_of(
        ["a fine film!", "the camera loves this actor in every scenes", "new"], "a"
    )
    remaining, removed = deduplicate(generated, 0.7, reference=real)
    assert remaining["id"].to_list() == ["a2"]
    assert removed.select("id", "stage", "kept_id").rows() == [
        ("a0", "exact", "z0"),
        ("a1", "fuzzy", "z2"),
    ]


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
    result = deduplicate(
        pl.concat(parts), 0.6, embeddings=vectors[list(order)], semantic_threshold=0.9
    )
    for a, b in zip(expected, result, strict=True):
        assert a.write_csv() == b.write_csv()


@pytest.mark.workflow
def test_threads_of_the_libraries_change_nothing():
    """Polars, rensa and faiss take their threads from the environment when they start."""
    code = """
import numpy as np, polars as pl
from mixtura.curate import deduplicate
rng = np.random.default_rng(0)
texts = [" ".join(rng.choice(list("abc"), 7)) for _ in range(3000)]
frame = pl.DataFrame({"id": [str(i) for i in range(3000)], "text": texts})
vectors = rng.normal(size=(3000, 5))
remaining, removed = deduplicate(frame, 0.6, embeddings=vectors, semantic_threshold=0.98)
print(remaining.write_csv(), removed.write_csv())
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


def test_broken_rows_go_and_the_others_are_treated_as_ever():
    texts = [None, "", " \t", "x" * 1_000_000, "bad \ufffd", "good text here", "good text here!"]
    remaining, removed = deduplicate(frame_of(texts))
    assert len(remaining) == 1
    assert removed["stage"].to_list().count("broken") == 5


@pytest.mark.parametrize("n", [0, 1])
def test_tiny_input(n):
    frame = frame_of(["only"] * n)
    remaining, removed = deduplicate(frame, embeddings=np.ones((n, 3)))
    assert_frame_equal(remaining, frame)
    assert removed.schema == RECEIPT and not len(removed)


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
