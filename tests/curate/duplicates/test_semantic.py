"""Rows of similar meaning."""

import faiss
import numpy as np
import pytest
from polars.testing import assert_frame_equal

from duplicate_texts import frame_of, random_texts, sequential
from mixtura.curate.duplicates.semantic import semantic


def test_threads_change_nothing():
    frame = frame_of(random_texts(600))
    vectors = np.random.default_rng(3).normal(size=(600, 4))
    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(1)
        first = semantic(frame, vectors, 0.97)
        faiss.omp_set_num_threads(4)
        four = semantic(frame, vectors, 0.97)
    finally:
        faiss.omp_set_num_threads(before)
    assert len(first[1]) > 50
    for a, b in zip(first, four, strict=True):
        assert_frame_equal(a, b)


@pytest.mark.parametrize("exhaustive_to", [10_000, 100])
def test_semantic_is_the_exhaustive_greedy_result(exhaustive_to):
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(500, 16))
    vectors[300:] = vectors[:200] + rng.normal(scale=0.3, size=(200, 16))
    vectors *= rng.uniform(0.1, 10, size=(500, 1))
    frame = frame_of(random_texts(500))
    remaining, removed = semantic(frame, vectors, 0.95, exhaustive_to=exhaustive_to)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    assert remaining["id"].to_list() == sequential(frame, lambda i, j: cosine[i, j] >= 0.95)
    assert 50 < len(removed) < 200
    for row in removed.iter_rows(named=True):
        assert row["score"] == pytest.approx(cosine[int(row["id"][1:]), int(row["kept_id"][1:])])


def test_semantic_against_a_reference():
    vectors = np.eye(4)
    generated, real = frame_of(["a", "b"], "g"), frame_of(["c", "d"], "real")
    remaining, removed = semantic(
        generated, vectors[:2], reference=real, reference_embeddings=vectors[[3, 1]] * 5
    )
    assert remaining["id"].to_list() == ["g0"]
    assert removed["kept_id"].to_list() == ["real1"]
