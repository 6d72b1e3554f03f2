"""Scores of ratings, beside scikit-learn's."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from mixtura.infer.findings import findings
from mixtura.infer.scoring import item_scores
from studies import TWO_ARMS

RANKS = {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0}
METRICS = ["mean_absolute_error", "weighted_kappa"]


def ratings(rng: np.random.Generator, items: int = 150) -> pl.DataFrame:
    """Predictions of two arms; the second misses by less."""
    gold = rng.integers(1, 5, items)
    frames = []
    for arm, spread in (("real", 1.5), ("mix", 0.4)):
        named = np.clip(np.round(gold + rng.normal(0, spread, items)), 1, 4).astype(int)
        frames.append(
            pl.DataFrame(
                {
                    "arm": arm,
                    "model": "m",
                    "seed": 0,
                    "id": [f"{item:03}" for item in range(items)],
                    "gold": gold.astype(str),
                    "predicted": named.astype(str),
                    **{f"p_{label}": [0.25] * items for label in RANKS},
                }
            )
        )
    return pl.concat(frames)


def test_error_and_kappa_of_ratings_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    scored = item_scores(ratings(rng), METRICS, "en", RANKS)
    table = findings(scored, TWO_ARMS, METRICS)
    for arm in ("real", "mix"):
        rows = scored.filter(arm=arm)
        gold, named = (rows[name].cast(pl.Int64) for name in ("gold", "predicted"))
        values = dict(table.filter(arm=arm).select("metric", "value").iter_rows())
        assert values["mean_absolute_error"] == pytest.approx(mean_absolute_error(gold, named))
        kappa = cohen_kappa_score(gold, named, weights="quadratic")
        assert values["weighted_kappa"] == pytest.approx(kappa)
    gains = dict(table.filter(arm="mix").select("metric", "difference").iter_rows())
    assert gains["mean_absolute_error"] < -0.5 and gains["weighted_kappa"] > 0.2


def test_one_rating_for_all_rows_has_no_kappa_but_when_it_is_right() -> None:
    frame = pl.DataFrame(
        {
            "arm": "real",
            "model": "m",
            "seed": 0,
            "id": ["a", "b"],
            "gold": ["2", "2"],
            "predicted": ["2", "2"],
            "gold_rank": [2.0, 2.0],
            "predicted_rank": [2.0, 2.0],
        }
    )
    assert findings(frame, TWO_ARMS.head(1), ["weighted_kappa"])["value"].to_list() == [1.0]
