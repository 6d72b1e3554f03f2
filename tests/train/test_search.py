"""Settings are chosen on the development split alone, and a killed search goes on."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from builders import reviews
from conftest import run_snakemake
from mixtura.plan.plan import read_plan
from mixtura.prepare.splits import split_rows
from mixtura.study.base import ConfigError
from mixtura.study.load import load_study
from mixtura.train.encoder import Classifier, train_classifier
from mixtura.train.search import best_fit, settings_to_try
from mixtura.train.settings import EncoderTraining, ProbeSearch, ProbeTraining, Search
from mixtura.train.trainer import Restart

LABELS = ["negative", "positive"]
PROBE = ProbeTraining(kind="probe", embedder="reader", c=2.0)


def test_every_combination_is_tried_in_order() -> None:
    search = Search(learning_rate=[0.1, 0.2], epochs=[1, 3])
    rates = [(trial["learning_rate"], trial["epochs"]) for trial in settings_to_try(search)]
    assert rates == [(0.1, 1), (0.1, 3), (0.2, 1), (0.2, 3)]


class Searched:
    """A search over c whose loss is (c - 3) squared; trained models lie in the folder."""

    def __init__(self, folder: Path | None = None, stop: float | None = None) -> None:
        self.folder, self.stop = folder, stop
        self.fitted: list[float] = []

    def fit(self, settings: ProbeTraining, folder: Path | None) -> float:
        if settings.c == self.stop:
            raise KeyboardInterrupt
        if settings.c > 100:
            raise FloatingPointError("the loss is nan")
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self.fitted.append(settings.c)
        return settings.c

    def run(self, values: list[float], key: str = "rows") -> Any:
        settings = PROBE.model_copy(update={"search": ProbeSearch(c=values)})
        return best_fit(settings, self.fit, lambda c: (c - 3) ** 2, self.folder, key)


def test_the_least_loss_is_taken_and_all_is_told() -> None:
    search = Searched()
    best, tried = search.run([1.0, 2.5, 9.0, 999.0])
    assert best == 2.5 and search.fitted == [1.0, 2.5, 9.0, 2.5]
    assert [trial["loss"] for trial in tried] == [4.0, 0.25, 36.0, None]
    assert [trial["c"] for trial in tried if trial["chosen"]] == [2.5]
    with pytest.raises(FloatingPointError, match=r"diverges with each of .* lower search"):
        search.run([500.0, 999.0])


def test_without_a_search_there_is_one_training() -> None:
    search = Searched()
    assert best_fit(PROBE, search.fit, lambda c: c) == (2.0, [])
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


@pytest.mark.workflow
def test_the_better_of_two_learning_rates_is_found(encoder: Path, tmp_path: Path) -> None:
    rows = pl.DataFrame(reviews(160), ["text", "label"], orient="row")
    train, unseen = rows.head(96), rows.tail(64)
    texts = unseen["text"].to_list()
    training = EncoderTraining(model="reader", steps=24, max_length=32)
    search = Search(learning_rate=[1e-6, 5e-3])
    trained = []

    def fit(settings: EncoderTraining, folder: Path | None) -> Classifier:
        def count(step: int, steps: int, loss: float) -> None:
            trained.append(settings.learning_rate)

        return train_classifier(str(encoder), train, LABELS, settings, 0, count, Restart(folder))

    classifier, tried = best_fit(
        training.model_copy(update={"search": search}),
        fit,
        lambda classifier: classifier.loss(unseen),
        tmp_path,
    )
    assert [trial["chosen"] for trial in tried] == [False, True]
    assert tried[1]["loss"] < 0.5 < tried[0]["loss"]
    assert trained == [1e-6] * 24 + [5e-3] * 24  # the chosen weights are read, not trained again
    alone = training.model_copy(update={"learning_rate": 5e-3})
    other = train_classifier(str(encoder), train, LABELS, alone, 0)
    assert other.steps["loss"].to_list() == classifier.steps["loss"].to_list()
    np.testing.assert_array_equal(classifier.probabilities(texts), other.probabilities(texts))


def test_a_development_split_takes_rows_of_the_pool_alone() -> None:
    rows = pl.DataFrame(
        {"id": [f"r{at}" for at in range(60)], "label": LABELS * 30, "passage": range(60)}
    ).with_columns(pl.col("passage") // 3, text="id")
    without = split_rows(rows, 20, 12, 0)
    split = split_rows(rows, 20, 12, 0, development=6)
    held = split.filter(split="development")
    assert dict(held["label"].value_counts().iter_rows()) == {"negative": 3, "positive": 3}
    assert set(held["id"]) <= set(without.filter(split="pool")["id"])
    same = pl.col("split").is_in(["test", "reference"])
    assert split.filter(same).equals(without.filter(same))
    grouped = split_rows(rows, 9, 6, 0, "passage", development=6).join(rows, on="id")
    assert grouped.filter(split="development").height == 6
    assert grouped.group_by("passage").agg(pl.col("split").n_unique())["split"].max() == 1


@pytest.mark.parametrize(
    ("search", "rows", "message"),
    [
        ({"learning_rate": [1e-3]}, 0, "downstream.reader.search: needs task.development"),
        ({"learning_rate": [1e-3]}, 130, r"30 rows are left for task.reference, 32 needed"),
        ({}, 8, "at least one of learning_rate, steps, epochs"),
        ({"steps": [4], "epochs": [1]}, 8, "steps or epochs, not both"),
        ({"steps": [4, 4]}, 8, "names a value twice"),
        ({"learning_rate": [0.0]}, 8, "greater than 0"),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    tiny: dict[str, Any], search: dict[str, Any], rows: int, message: str
) -> None:
    changed = copy.deepcopy(tiny)
    changed["downstream"]["reader"]["search"] = search
    changed["task"]["development"] = rows
    with pytest.raises(ConfigError, match=message):
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
    assert tried.columns[:4] == ["arm", "model", "replicate", "seed"]
    for (model,), trials in tried.group_by("model"):
        best = trials.sort("loss").row(0, named=True)
        assert trials.height == 2 and trials.filter("chosen").row(0, named=True) == best, model
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
    assert (
        more.count("Fine-tune ") == 2
        and more.count("Fit probe on every arm, replicate 0, seed 1") == 1
    )
    assert "seed 0" not in more and "Embed" not in more
