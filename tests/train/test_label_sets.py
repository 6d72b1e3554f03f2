"""Models that learn several labels a row."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mixtura.train.completions import labels_in, row_completions, row_prompts
from mixtura.train.encoder import train_classifier
from mixtura.train.label_sets import (
    best_threshold,
    binary_log_loss,
    label_set_predictions,
    multi_hot,
)
from mixtura.train.probe import fit_label_probes
from mixtura.train.settings import EncoderTraining

LABELS = ["anger", "joy"]


def test_labels_are_columns_of_0_and_1() -> None:
    sets = pl.Series([["joy"], [], None, ["anger", "joy"]], dtype=pl.List(pl.String))
    assert multi_hot(sets, LABELS).tolist() == [[0, 1], [0, 0], [0, 0], [1, 1]]
    with pytest.raises(ValueError, match=r"\['love'\] are not of the task"):
        multi_hot(pl.Series([["love"]]), LABELS)


def test_the_threshold_is_that_of_the_best_micro_f1() -> None:
    gold = np.array([[1, 0], [1, 0], [0, 1]])
    low = np.array([[0.32, 0.1], [0.33, 0.2], [0.28, 0.4]])
    assert best_threshold(low, gold) == pytest.approx(0.3)
    assert best_threshold(gold.astype(float), gold) == 0.5  # of equals
    assert best_threshold(low[:0], gold[:0]) == 0.5


def test_loss_and_predictions_of_several_labels() -> None:
    probabilities = np.array([[0.5, 0.9], [0.25, 0.1]])
    gold = np.array([[1, 1], [0, 0]])
    expected = -np.log([0.5, 0.9, 0.75, 0.9]).mean()
    assert binary_log_loss(probabilities, gold) == pytest.approx(expected)
    rows = pl.DataFrame({"test": ["test"] * 2, "id": ["a", "b"], "labels": [LABELS, []]})
    table = label_set_predictions(rows, probabilities, LABELS)
    assert table["gold"].to_list() == [LABELS, []]
    assert table["predicted"].to_list() == [["anger", "joy"], []]
    assert table["p_joy"].to_list() == [0.9, 0.1]


def test_a_probe_learns_each_label_by_itself(rng: np.random.Generator) -> None:
    points = rng.normal(size=(200, 2))
    hot = (points > 0).astype(np.float32)
    unseen = np.array([[2.0, 2.0], [2.0, -2.0], [-2.0, -2.0]])
    predicted = fit_label_probes(points, np.c_[hot, np.ones(200)], unseen, 10.0) > 0.5
    assert predicted.tolist() == [[True, True, True], [True, False, True], [False, False, True]]


@pytest.mark.workflow
def test_an_encoder_learns_several_labels(encoder: Path) -> None:
    rows = pl.DataFrame(
        {
            "text": ["awful noisy film", "superb witty film", "awful superb film", "a film"] * 8,
            "labels": [["anger"], ["joy"], ["anger", "joy"], []] * 8,
        }
    )
    settings = EncoderTraining(model="reader", steps=600, batch_size=16, learning_rate=2e-3)
    model = train_classifier(str(encoder), rows, LABELS, settings, 0, several=True)
    test = rows.head(4).with_columns(id=pl.Series(list("abcd")), test=pl.lit("test"))
    assert model.predict(test)["predicted"].to_list() == test["labels"].to_list()
    assert model.loss(test) < 0.3
    # a threshold above all probabilities of one label loses what it would find
    assert model.with_threshold(test).threshold == pytest.approx(0.5, abs=0.46)
    assert model.with_threshold(test.clear()).threshold == 0.5


def test_an_answer_names_its_labels() -> None:
    labels = ["food", "food, drink", "joy"]
    assert labels_in(" Joy, food\nmore", labels) == ["food", "joy"]
    assert labels_in("food, drink, joy", labels) == ["food, drink", "joy"]
    assert labels_in("joyful", labels) == labels_in("neutral", labels) == []
    rows = pl.DataFrame({"text": ["so", "no"], "labels": [["food", "joy"], []]})
    assert row_prompts("multilabel", rows) == ["so\nLabels:", "no\nLabels:"]
    assert row_completions("multilabel", rows, "neutral") == [" food, joy", " neutral"]
