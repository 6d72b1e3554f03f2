"""LLM cluster score."""

import pytest

from mixtura.measure.diversity import llm_cluster_score

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log!",
    "A bird flew over the old house, and the cat saw it.",
    "The cat sat on the old mat and the dog saw it.",
]


def test_llm_cluster_score():
    texts = [f"topic {i % 5}" for i in range(50)]
    assert llm_cluster_score(texts, lambda some: some[:1] * 10) == pytest.approx(0.1)
    assert llm_cluster_score(texts, lambda some: list(range(10))) == pytest.approx(10)
    # Five clusters of two: 5 / 2.
    assert llm_cluster_score(texts, lambda some: [i // 2 for i in range(10)]) == 2.5
    with pytest.raises(ValueError, match="3 labels for 10"):
        llm_cluster_score(texts, lambda some: [1, 2, 3])
    with pytest.raises(ValueError, match="the 4 texts"):
        llm_cluster_score(TEXTS, len)
