"""Scores of several labels a row, beside scikit-learn's."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score

from mixtura.infer.findings import findings
from mixtura.infer.label_gains import label_gains
from studies import TWO_ARMS

LABELS = ["a", "b", "c"]


def study(rng: np.random.Generator, items: int = 120) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions of two arms, the second nearer to the truth."""
    gold = rng.random((items, 3)) < [0.5, 0.3, 0.1]
    frames = []
    for arm, wrong in (("real", 0.4), ("mix", 0.1)):
        for seed in range(2):
            named = gold ^ (rng.random(gold.shape) < wrong)
            frames.append(
                pl.DataFrame(
                    {
                        "arm": arm,
                        "model": "m",
                        "seed": seed,
                        "id": [f"{item:03}" for item in range(items)],
                        "gold": sets(gold),
                        "predicted": sets(named),
                    }
                )
            )
    return pl.concat(frames), TWO_ARMS


def sets(hot: np.ndarray) -> pl.Series:
    rows = [[label for label, has in zip(LABELS, row, strict=True) if has] for row in hot]
    return pl.Series(rows, dtype=pl.List(pl.String))


def hot(rows: pl.Series) -> np.ndarray:
    return np.array([[label in row for label in LABELS] for row in rows])


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_f1_of_label_sets_is_that_of_scikit_learn(average: str, rng: np.random.Generator) -> None:
    predictions, arms = study(rng)
    table = findings(predictions, arms, [f"{average}_f1"])
    for arm, value in table.select("arm", "value").iter_rows():
        runs = predictions.filter(arm=arm).partition_by("seed")
        right = [f1_score(hot(r["gold"]), hot(r["predicted"]), average=average) for r in runs]
        assert value == pytest.approx(np.mean(right))
    (gain,) = table.filter(arm="mix")["difference"]
    assert gain > 0.1 and table.filter(arm="mix")["difference_low"][0] > 0


def test_the_recall_of_each_label_counts_rows_that_have_it(rng: np.random.Generator) -> None:
    predictions, arms = study(rng)
    table = label_gains(predictions, arms, LABELS)
    for row in table.iter_rows(named=True):
        part = predictions.filter(
            pl.col("gold").list.contains(row["label"]), pl.col("arm") == row["arm"]
        )
        assert row["n"] == part["id"].n_unique()
        assert row["value"] == pytest.approx(part["predicted"].list.contains(row["label"]).mean())


def test_one_item_of_many_labels_counts_more_in_micro_than_in_macro() -> None:
    frame = pl.DataFrame(
        {
            "arm": "real",
            "model": "m",
            "seed": 0,
            "id": ["x", "y"],
            "gold": [["a", "b"], ["a"]],
            "predicted": [["a"], []],
        }
    )
    _, arms = study(np.random.default_rng(0))
    values = {
        name: findings(frame, arms.head(1), [name])["value"][0] for name in ("micro_f1", "macro_f1")
    }
    # a: 1 hit, 2 gold, 1 predicted; b: 0, 1, 0
    assert values == pytest.approx({"micro_f1": 2 / 4, "macro_f1": (2 / 3 + 0) / 2})
