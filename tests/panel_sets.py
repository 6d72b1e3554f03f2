"""Three sets of texts with embeddings, and a row of a panel: what tests of panels share."""

import json
from typing import Any

import numpy as np
import polars as pl

RANDOM = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(300)]
N = 60
LABELS = ["a", "b", "c"] * 20


def texts(n: int, random: np.random.Generator = RANDOM) -> list[str]:
    """Texts of 6 to 13 words."""
    return [" ".join(random.choice(WORDS, random.integers(6, 14))) for _ in range(n)]


TEXTS, X = texts(N), RANDOM.normal(size=(N, 8)) + 1
REAL_TEXTS, REAL = texts(N), RANDOM.normal(size=(N, 8)) + 1
HELD_TEXTS, HELD = texts(N), RANDOM.normal(size=(N, 8)) + 1


def value(frame: pl.DataFrame, measure: str, **settings: Any) -> dict[str, Any]:
    """The one row of a measure with these settings."""
    rows = [
        row
        for row in frame.filter(measure=measure).iter_rows(named=True)
        if settings.items() <= json.loads(row["settings"]).items()
    ]
    assert len(rows) == 1, rows
    return rows[0]
