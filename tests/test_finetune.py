"""Fine-tuning learns what can be learnt, repeats itself, and stops loudly."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import reviews
from mixtura.finetune import (
    endless_batches,
    freeze_layers,
    learning_rate_factor,
    predict,
    train_classifier,
)

SETTINGS: dict[str, Any] = {
    "labels": ["negative", "positive"],
    "steps": 32,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "max_length": 32,
    "freeze": 0,
}
TRAIN, TEST = reviews(200)[:128], reviews(200)[128:]


def trained(
    encoder: Path, rows: list[tuple[str, str]] = TRAIN, seed: int = 0, **changed: Any
) -> Any:
    texts, labels = zip(*rows, strict=True)
    return train_classifier(str(encoder), texts, labels, {**SETTINGS, **changed}, seed)


def test_it_learns_and_predicts_rows_in_their_order(encoder: Path) -> None:
    model, tokenizer, steps = trained(encoder)
    found = predict(model, tokenizer, [text for text, _ in TEST], SETTINGS, batch_size=7)
    right = found.argmax(axis=1) == [SETTINGS["labels"].index(label) for _, label in TEST]
    assert right.mean() > 0.9
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert steps["loss"].tail(5).mean() < steps["loss"].head(5).mean()
    assert steps.height == 32


def test_the_seed_decides_the_weights(encoder: Path) -> None:
    texts = [text for text, _ in TEST]
    runs = [trained(encoder, seed=seed, steps=8) for seed in (0, 0, 1)]
    first, again, other = (predict(model, tok, texts, SETTINGS) for model, tok, _ in runs)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_frozen_layers_stay_and_the_rest_moves(encoder: Path) -> None:
    from transformers import AutoModel

    start = AutoModel.from_pretrained(encoder)
    model, _, _ = trained(encoder, freeze=1, steps=8)
    end = model.base_model

    def same(a: Any, b: Any) -> bool:
        pairs = zip(a.parameters(), b.parameters(), strict=True)
        return all(bool((x == y).all()) for x, y in pairs)

    assert same(start.embeddings, end.embeddings)
    assert same(start.encoder.layer[0], end.encoder.layer[0])
    assert not same(start.encoder.layer[1], end.encoder.layer[1])
    with pytest.raises(ValueError, match="freeze: 3 layers, but the model has 2"):
        freeze_layers(model, 3)


def test_a_label_outside_the_task_is_named(encoder: Path) -> None:
    with pytest.raises(ValueError, match=r"labels \['mixed'\] are not of the task"):
        trained(encoder, rows=[("a film", "mixed")])


def test_divergence_is_an_error(encoder: Path) -> None:
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        trained(encoder, learning_rate=1e30)


def test_every_row_once_an_epoch() -> None:
    texts = ["x" * length for length in (9, 1, 8, 2, 7, 3, 6, 4, 5, 5)]
    made = list(islice(endless_batches(texts, 4, seed=0), 6))
    for epoch in (made[:3], made[3:]):
        assert sorted(len(batch) for batch in epoch) == [2, 4, 4]
        assert sorted(row for batch in epoch for row in batch) == list(range(10))
    assert made[:3] != made[3:]


def test_batches_hold_rows_of_like_length() -> None:
    texts = ["x" * length for length in range(64)]
    made = islice(endless_batches(texts, 8, seed=0), 8)
    assert [max(batch) - min(batch) for batch in made] == [7] * 8


def test_the_rate_warms_up_and_decays() -> None:
    rates = [learning_rate_factor(step, 10, 2.0) for step in range(1, 11)]
    assert rates[0] == 0.5 and max(rates) == rates[1] == 0.9 and rates[-1] == pytest.approx(0.1)
    assert learning_rate_factor(1, 4, 0.0) == 1.0
