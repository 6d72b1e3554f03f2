"""Fine-tuning learns what can be learnt, repeats itself, and stops loudly."""

import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from builders import reviews
from mixtura.config import Encoder
from mixtura.finetune import freeze_layers, predict, too_long, train_classifier
from mixtura.training import endless_batches, learning_rate_factor, optimiser_steps

SETTINGS: dict[str, Any] = {
    **Encoder(model="reader", steps=32, learning_rate=5e-3, max_length=32).model_dump(),
    "labels": ["negative", "positive"],
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


def test_an_empty_mix_is_an_error_unless_the_model_stays_untrained(encoder: Path) -> None:
    with pytest.raises(ValueError, match="an empty mix"):
        train_classifier(str(encoder), [], [], SETTINGS, 0)
    model, tokenizer, steps = train_classifier(str(encoder), [], [], {**SETTINGS, "steps": 0}, 0)
    assert steps.is_empty()
    assert predict(model, tokenizer, ["a film"], SETTINGS).shape == (1, 2)


def test_divergence_is_an_error(encoder: Path) -> None:
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        trained(encoder, learning_rate=1e30)
    with pytest.raises(FloatingPointError, match=r"at step 1 \(loss_bound 0.1\)"):
        trained(encoder, loss_bound=0.1)


def test_a_text_longer_than_the_model_can_see_is_an_error(encoder: Path) -> None:
    with pytest.raises(ValueError, match="max_length: 65 is more than the 64 tokens"):
        trained(encoder, max_length=65)


def test_epochs_are_as_many_steps_as_the_rows_need() -> None:
    told = {"steps": 200, "epochs": 3, "batch_size": 16}
    assert optimiser_steps(told, 33) == 9
    assert optimiser_steps({**told, "epochs": None}, 33) == 200


def killed_at(encoder: Path, folder: Path, step: int, how: str) -> None:
    """Train in a process of its own that a signal ends at `step`."""
    script = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_finetune import SETTINGS, TRAIN
from mixtura.finetune import train_classifier
texts, labels = zip(*TRAIN)
def hit(step, steps, loss):
    if step == {step}:
        os.kill(os.getpid(), signal.{how})
train_classifier({str(encoder)!r}, texts, labels, {{**SETTINGS, "steps": 8}}, 0, hit,
                 Path({str(folder)!r}), {1e-9 if how == "SIGKILL" else 60})
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300
    )
    assert run.returncode != 0 and (folder / "checkpoint.safetensors").exists(), run.stderr
    if how != "SIGKILL":
        assert f"stopped by {how}; a checkpoint is kept" in run.stderr


@pytest.mark.parametrize("how", ["SIGTERM", "SIGUSR1", "SIGKILL"])
def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    encoder: Path, tmp_path: Path, how: str
) -> None:
    texts, labels = zip(*TRAIN, strict=True)
    seen: list[int] = []
    told = {**SETTINGS, "steps": 8}
    whole, _, steps = train_classifier(str(encoder), texts, labels, told, 0)
    killed_at(encoder, tmp_path, 5, how)
    model, _, again = train_classifier(
        *(str(encoder), texts, labels, told, 0),
        lambda step, steps, loss: seen.append(step),
        tmp_path,
    )
    # SIGKILL comes before the checkpoint of its own step.
    assert seen == ([5, 6, 7, 8] if how == "SIGKILL" else [6, 7, 8])
    assert again["loss"].to_list() == steps["loss"].to_list()
    for one, other in zip(whole.parameters(), model.parameters(), strict=True):
        assert bool((one == other).all())


def test_a_checkpoint_of_another_run_is_not_read(encoder: Path, tmp_path: Path) -> None:
    texts, labels = zip(*TRAIN, strict=True)
    told = {**SETTINGS, "steps": 2}
    train_classifier(str(encoder), texts, labels, told, 0, resume=tmp_path, minutes=1e-9)
    seen: list[int] = []
    train_classifier(
        *(str(encoder), texts, labels, told, 1),
        lambda step, steps, loss: seen.append(step),
        tmp_path,
    )
    assert seen == [1, 2]


def test_a_full_gpu_halves_the_batch_to_a_limit_and_records_it(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    told = {"steps": 3, "halvings": 2}
    from transformers import BertForSequenceClassification as Bert

    forward = Bert.forward
    _, _, whole = trained(encoder, **told)

    def short_of_memory(self: Any, *given: Any, **named: Any) -> Any:
        if len(named["input_ids"]) > room:
            raise torch.OutOfMemoryError("a full GPU")
        return forward(self, *given, **named)

    monkeypatch.setattr(Bert, "forward", short_of_memory)
    room = 4
    _, _, cut = trained(encoder, **told)
    assert whole["micro_batch"].to_list() == [16] * 3 and cut["micro_batch"].to_list() == [4] * 3
    room = 2
    with pytest.raises(MemoryError, match=r"no room for 4 rows .* raise halvings"):
        trained(encoder, **told)


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


def test_a_kept_model_predicts_the_same_and_replaces_an_older_one(
    encoder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from runs import keep_model

    folder, texts = tmp_path / "kept", [text for text, _ in TEST]
    folder.mkdir()
    (folder / "older").touch()
    model, tokenizer, _ = trained(encoder, steps=4)
    keep_model(str(folder), model, tokenizer)
    keep_model(None, model, tokenizer)
    assert sorted(tmp_path.iterdir()) == [folder] and not (folder / "older").exists()
    again = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    np.testing.assert_array_equal(
        predict(again, AutoTokenizer.from_pretrained(folder), texts, SETTINGS),
        predict(model, tokenizer, texts, SETTINGS),
    )


def test_texts_that_a_model_does_not_read_whole_are_counted(encoder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    texts = ["a film", "a film " * 31, "a film " * 32]
    assert too_long(tokenizer, texts, 64) == 1 and too_long(tokenizer, [], 64) == 0
