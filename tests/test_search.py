"""Settings are chosen on the development split alone, and a killed search goes on."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from builders import reviews
from conftest import run_snakemake
from mixtura.config import ConfigError, Encoder, load_study
from mixtura.finetune import predict, train_classifier
from mixtura.plan import read_plan
from mixtura.search import best_fit, log_loss, settings_to_try
from mixtura.splits import split_rows

LABELS = ["negative", "positive"]


def test_every_combination_is_tried_in_order() -> None:
    search = {"learning_rate": [0.1, 0.2], "steps": None, "epochs": [1, 3]}
    rates = [(told["learning_rate"], told["epochs"]) for told in settings_to_try(search)]
    assert rates == [(0.1, 1), (0.1, 3), (0.2, 1), (0.2, 3)]


def test_log_loss_is_that_of_the_gold_label() -> None:
    shares = np.array([[0.25, 0.75], [1.0, 0.0]])
    expected = -(np.log(0.25) + np.log(1e-6)) / 2
    assert log_loss(shares, ["negative", "positive"], LABELS) == pytest.approx(expected)


class Searched:
    """A search over c whose loss is (c - 3) squared; trained models lie in the folder."""

    def __init__(self, folder: Path | None = None, stop: float | None = None) -> None:
        self.folder, self.stop, self.fitted = folder, stop, []

    def fit(self, told: dict[str, Any], folder: Path | None) -> float:
        if told["c"] == self.stop:
            raise KeyboardInterrupt
        if told["c"] > 100:
            raise FloatingPointError("the loss is nan")
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self.fitted.append(told["c"])
        return float(told["c"])

    def run(self, values: list[float], key: str = "rows") -> Any:
        told = {"c": 1.0, "search": {"c": values}}
        return best_fit(told, self.fit, lambda c: (c - 3) ** 2, self.folder, key)


def test_the_least_loss_is_taken_and_all_is_told() -> None:
    search = Searched()
    best, tried = search.run([1.0, 2.5, 9.0, 999.0])
    assert best == 2.5 and search.fitted == [1.0, 2.5, 9.0, 2.5]
    assert [one["loss"] for one in tried] == [4.0, 0.25, 36.0, None]
    assert [one["c"] for one in tried if one["chosen"]] == [2.5]
    with pytest.raises(FloatingPointError, match=r"diverges with each of .* lower search"):
        search.run([500.0, 999.0])


def test_without_a_search_there_is_one_training() -> None:
    search = Searched()
    assert best_fit({"c": 2.0}, search.fit, lambda c: c) == (2.0, [])
    assert search.fitted == [2.0]


def test_a_killed_search_goes_on(tmp_path: Path) -> None:
    values = [2.5, 1.0, 9.0, 4.0]
    with pytest.raises(KeyboardInterrupt):
        Searched(tmp_path, stop=9.0).run(values)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0", "tried.json"]
    again = Searched(tmp_path)
    best, tried = again.run(values)
    assert again.fitted == [9.0, 4.0, 2.5]
    assert (best, tried) == Searched().run(values)
    other = Searched(tmp_path)
    other.run(values, "other rows")
    assert other.fitted == [*values, 2.5]


def test_the_better_of_two_learning_rates_is_found(encoder: Path, tmp_path: Path) -> None:
    rows = reviews(160)
    texts, labels = zip(*rows[:96], strict=True)
    unseen, gold = zip(*rows[96:], strict=True)
    told = {
        **Encoder(model="reader", steps=24, max_length=32).model_dump(),
        **{"labels": LABELS, "search": {"learning_rate": [1e-6, 5e-3]}},
    }
    trained = []

    def fit(settings: dict[str, Any], folder: Path | None) -> Any:
        def count(step: int, steps: int, loss: float) -> None:
            trained.append(settings["learning_rate"])

        return train_classifier(str(encoder), texts, labels, settings, 0, count, folder)

    def loss(fitted: Any) -> float:
        return log_loss(predict(*fitted[:2], unseen, told), gold, LABELS)

    (model, tokenizer, steps), tried = best_fit(told, fit, loss, tmp_path)
    assert [one["chosen"] for one in tried] == [False, True]
    assert tried[1]["loss"] < 0.5 < tried[0]["loss"]
    assert trained == [1e-6] * 24 + [5e-3] * 24  # the chosen weights are read, not trained again
    alone = {**told, "learning_rate": 5e-3, "search": None}
    other, _, log = train_classifier(str(encoder), texts, labels, alone, 0)
    assert log["loss"].to_list() == steps["loss"].to_list()
    np.testing.assert_array_equal(
        predict(model, tokenizer, unseen, told), predict(other, tokenizer, unseen, told)
    )


def test_a_development_split_takes_rows_of_the_pool_alone() -> None:
    rows = pl.DataFrame(
        {"id": [f"r{at}" for at in range(60)], "label": LABELS * 30, "passage": range(60)}
    ).with_columns(pl.col("passage") // 3)
    without = split_rows(rows, 20, 12, 8, 0)
    split = split_rows(rows, 20, 12, 8, 0, development=6)
    held = split.filter(split="development")
    assert dict(held["label"].value_counts().iter_rows()) == {"negative": 3, "positive": 3}
    assert set(held["id"]) <= set(without.filter(split="pool")["id"])
    kept = ["test", "reference", "examples"]
    of_kept = pl.col("split").is_in(kept)
    assert split.filter(of_kept).equals(without.filter(of_kept))
    grouped = split_rows(rows, 9, 6, 8, 0, "passage", development=6).join(rows, on="id")
    trained = pl.col("split").is_in(["examples", "pool"])
    sides = grouped.with_columns(pl.when(trained).then(pl.lit("train")).otherwise("split"))
    assert grouped.filter(split="development").height == 6
    assert sides.group_by("passage").agg(pl.col("literal").n_unique())["literal"].max() == 1


@pytest.mark.parametrize(
    ("search", "rows", "told"),
    [
        ({"learning_rate": [1e-3]}, 0, "downstream.reader.search: needs task.development"),
        ({"learning_rate": [1e-3]}, 15, "task.development: 15 is not a multiple of the 2 labels"),
        ({"learning_rate": [1e-3]}, 130, r"task.development \(130\) .* need 109 of each label"),
        ({}, 8, "at least one of learning_rate, steps, epochs"),
        ({"steps": [4], "epochs": [1]}, 8, "steps or epochs, not both"),
        ({"steps": [4, 4]}, 8, "names a value twice"),
        ({"learning_rate": [0.0]}, 8, "greater than 0"),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    tiny: dict[str, Any], search: dict[str, Any], rows: int, told: str
) -> None:
    changed = copy.deepcopy(tiny)
    changed["downstream"]["reader"]["search"] = search
    changed["task"]["development"] = rows
    with pytest.raises(ConfigError, match=told):
        read_plan(changed)


def test_a_search_of_steps_is_not_for_epochs(tiny: dict[str, Any]) -> None:
    changed = copy.deepcopy(tiny)
    model = {"model": "reader", "epochs": 2, "search": {"steps": [4]}}
    changed["task"]["development"], changed["downstream"] = 8, {"reader": model}
    with pytest.raises(ConfigError, match=r"search\.epochs is allowed"):
        load_study(changed)


def searching(tiny: dict[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Real rows alone, all kinds of models with a search."""
    study = copy.deepcopy(tiny)
    study["task"]["development"] = 24
    study["designs"] = {"real": [16], "controls": []}
    study["downstream"] = {
        "reader": {
            **{"model": "reader", "steps": 12},
            "search": {"learning_rate": [1e-6, 5e-3]},
        },
        "writer": {
            **{"kind": "causal-lm", "model": "writer", "learning_rate": 0.01, "max_length": 64},
            "search": {"steps": [1, 8]},
        },
        "probe": {"kind": "probe", "embedder": "reader", "search": {"c": [1e-6, 1.0]}},
    }
    study["seeds"] = seeds
    return study


@pytest.mark.workflow
def test_every_kind_of_model_chooses_and_the_test_split_never_enters(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    root = tmp_path / "results/tiny"
    run = run_snakemake(tmp_path, searching(tiny, [0]), "results/tiny/tables/search.parquet")
    assert run.returncode == 0, run.stdout
    tried = pl.read_parquet(root / "tables/search.parquet")
    assert tried.columns[:3] == ["arm", "model", "seed"]
    for (model,), own in tried.group_by("model"):
        best = own.sort("loss").row(0, named=True)
        assert own.height == 2 and own.filter("chosen").row(0, named=True) == best, model
    chosen = tried.filter("chosen").rows_by_key("model", named=True, unique=True)
    assert chosen["reader"]["learning_rate"] == 5e-3
    assert chosen["writer"]["steps"] == 8 and chosen["probe"]["c"] == 1.0
    splits = pl.read_parquet(root / "data/splits.parquet")
    held = set(splits.filter(split="development")["id"])
    used = pl.read_parquet(root / "tables/predictions.parquet")["id"]
    mixes = [pl.read_parquet(file)["id"] for file in root.glob("runs/**/mix*.parquet")]
    assert len(held) == 24 and not held & set(pl.concat([used, *mixes]))
    assert set(used) == set(splits.filter(split="test")["id"])
    more = run_snakemake(
        *(tmp_path, searching(tiny, [0, 1]), "-n", "results/tiny/tables/search.parquet")
    ).stdout
    assert more.count("Fine-tune ") == 2 and more.count("Fit probe on every arm, seed 1") == 1
    assert "seed 0" not in more and "Embed" not in more
