"""Texts for the tests of deduplication, and the definition of its result."""

import numpy as np
import polars as pl

from mixtura.core.text import normalise
from mixtura.curate.duplicates import greedy

WORDS = (
    *("film", "story", "actor", "scene", "plot", "music", "camera", "director", "slow", "warm"),
    *("dull", "bright", "brave", "clever", "heart", "laugh", "tears", "summer", "winter", "city"),
    *("road", "night", "child", "mother", "father", "dream", "war", "love", "loss", "hope"),
)


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
    remaining = []
    for i in greedy.stable_order(frame["id"]):
        if not any(similar(i, j) for j in remaining):
            remaining.append(i)
    return sorted(frame["id"][int(i)] for i in remaining)
