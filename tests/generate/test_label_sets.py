"""Prompts that ask for several labels, as real rows have them."""

from collections import Counter

import polars as pl
import pytest

from mixtura.generate.backends.base import Completion
from mixtura.generate.batches import columns, complete_batch
from mixtura.generate.dials.topic import TopicLevel, specify
from mixtura.generate.settings import GenerateSettings
from mixtura.generate.shard import dial_material, label_sets

EXAMPLES = pl.DataFrame(
    {
        "id": list("abcd"),
        "text": ["good soup", "bad bus", "fine day", "no plan"],
        "label": ["multilabel"] * 4,
        "labels": [["joy"], ["anger", "love"], ["joy"], []],
    }
)


@pytest.fixture
def settings() -> GenerateSettings:
    return GenerateSettings.model_construct(
        kind="multilabel",
        labels=["multilabel"],
        no_label="neutral",
        generator=type("Model", (), {"shots": 2})(),
        stream=("a", 0),
        dial=type("Dial", (), {"personas": None})(),
        language="en",
    )


def test_prompts_ask_for_the_label_sets_of_the_examples_as_often_as_they_occur(settings) -> None:
    material = dial_material(settings, EXAMPLES, None)
    prompts = specify(TopicLevel(topics=2), material, range(8))
    assert Counter(p.label for p in prompts) == {"joy": 4, "anger, love": 2, "neutral": 2}
    texts = dict(EXAMPLES.select("id", "labels").iter_rows())
    sets = label_sets(settings, EXAMPLES)
    assert all(texts[row] == sets[p.label] for p in prompts for row, _ in p.examples)


def test_rows_have_the_labels_that_their_prompt_meant(settings) -> None:
    prompts = specify(TopicLevel(topics=2), dial_material(settings, EXAMPLES, None), range(4))
    answers = [Completion("a new text", "stop", 1, 1)] * 4
    rows = complete_batch(
        prompts,
        ["prompt"] * 4,
        [1] * 4,
        lambda texts, seeds: answers,
        "origin",
        "multilabel",
        sets=label_sets(settings, EXAMPLES),
    )
    assert rows.columns == list(columns("multilabel"))
    assert rows["labels"].to_list() == EXAMPLES["labels"].to_list()
    assert set(rows["label"]) == {"multilabel"}
