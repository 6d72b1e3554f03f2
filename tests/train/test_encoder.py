"""Fine-tuning of an encoder learns what can be learnt, repeats itself, and stops loudly."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from mixtura.train.encoder import _weighted_loss, train_classifier
from mixtura.train.families import freeze_layers
from mixtura.train.trainer import Restart
from trainings import ENCODER, LABELS, TEST, TEXTS, TRAIN, trained


@pytest.mark.workflow
def test_it_learns_and_predicts_rows_in_their_order(encoder: Path) -> None:
    classifier = trained(encoder)
    steps = classifier.steps
    probabilities = classifier.probabilities(TEXTS, batch_size=7)
    right = probabilities.argmax(axis=1) == [LABELS.index(label) for label in TEST["label"]]
    assert right.mean() > 0.9
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert steps["loss"].tail(5).mean() < steps["loss"].head(5).mean()
    assert steps.height == 32


def test_the_seed_decides_the_weights(encoder: Path) -> None:
    runs = [trained(encoder, seed=seed, steps=8) for seed in (0, 0, 1)]
    first, again, other = (classifier.probabilities(TEXTS) for classifier in runs)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_frozen_layers_stay_and_the_rest_moves(encoder: Path) -> None:
    from transformers import AutoModel

    start = AutoModel.from_pretrained(encoder)
    model = trained(encoder, freeze=1, steps=8).model
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
        trained(encoder, rows=pl.DataFrame({"text": ["a film"], "label": ["mixed"]}))


def test_an_empty_mix_is_an_error_unless_the_model_stays_untrained(encoder: Path) -> None:
    with pytest.raises(ValueError, match="an empty mix"):
        trained(encoder, TRAIN.clear())
    classifier = train_classifier(str(encoder), TRAIN.clear(), LABELS, ENCODER.untrained(), 0)
    assert classifier.steps.is_empty()
    assert classifier.probabilities(["a film"]).shape == (1, 2)


def test_divergence_is_an_error(encoder: Path) -> None:
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        trained(encoder, learning_rate=1e30)
    with pytest.raises(FloatingPointError, match=r"at step 1 \(loss_bound 0.1\)"):
        trained(encoder, loss_bound=0.1)


def test_with_weights_each_class_counts_as_much() -> None:
    loss = _weighted_loss([0, 0, 0, 1], 3)  # the third class has no rows
    logits = torch.tensor([[2.0, 1.0, 0.0]] * 4)
    labels = torch.tensor([0, 0, 0, 1])
    weight = torch.tensor([4 / 2 / 3, 4 / 2 / 1, 1.0])
    each = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    expected = (each * weight[labels]).mean()
    outputs = SimpleNamespace(logits=logits)
    assert float(loss(outputs, labels)) == pytest.approx(float(expected))
    halves = [loss(SimpleNamespace(logits=logits[at]), labels[at], 4) for at in ([0, 1], [2, 3])]
    assert float(sum(halves)) == pytest.approx(float(expected))


def test_a_text_longer_than_the_model_can_see_is_an_error(encoder: Path) -> None:
    with pytest.raises(ValueError, match="max_length: 65 is more than the 64 tokens"):
        trained(encoder, max_length=65)


def killed_at(encoder: Path, folder: Path, step: int, how: str) -> None:
    """Train in a process of its own that a signal ends at `step`."""
    script = f"""
import os, signal, sys
from pathlib import Path
sys.path = {sys.path!r}
from trainings import ENCODER, LABELS, TRAIN
from mixtura.train.encoder import train_classifier
from mixtura.train.trainer import Restart
def hit(step, steps, loss):
    if step == {step}:
        os.kill(os.getpid(), signal.{how})
settings = ENCODER.model_copy(update={{"steps": 8}})
restart = Restart(Path({str(folder)!r}), {1e-9 if how == "SIGKILL" else 60})
train_classifier({str(encoder)!r}, TRAIN, LABELS, settings, 0, hit, restart)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300
    )
    assert run.returncode != 0 and list(folder.glob("*/checkpoint-*/complete")), run.stderr
    if how != "SIGKILL":
        assert f"stopped by {how}; a checkpoint is kept" in run.stderr


@pytest.mark.workflow
@pytest.mark.parametrize("how", ["SIGTERM", "SIGUSR1", "SIGKILL"])
def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    encoder: Path, tmp_path: Path, how: str
) -> None:
    seen: list[int] = []
    settings = ENCODER.model_copy(update={"steps": 8})
    whole = train_classifier(str(encoder), TRAIN, LABELS, settings, 0)
    killed_at(encoder, tmp_path, 5, how)
    again = train_classifier(
        *(str(encoder), TRAIN, LABELS, settings, 0),
        lambda step, steps, loss: seen.append(step),
        Restart(tmp_path),
    )
    # SIGKILL comes before the checkpoint of its own step.
    assert seen == ([5, 6, 7, 8] if how == "SIGKILL" else [6, 7, 8])
    assert again.steps["loss"].to_list() == whole.steps["loss"].to_list()
    weights = zip(whole.model.parameters(), again.model.parameters(), strict=True)
    assert all(bool((weight == same).all()) for weight, same in weights)


def test_a_checkpoint_of_another_run_is_not_read(encoder: Path, tmp_path: Path) -> None:
    settings = ENCODER.model_copy(update={"steps": 2})
    train_classifier(str(encoder), TRAIN, LABELS, settings, 0, restart=Restart(tmp_path, 1e-9))
    seen: list[int] = []
    train_classifier(
        *(str(encoder), TRAIN, LABELS, settings, 1),
        lambda step, steps, loss: seen.append(step),
        Restart(tmp_path),
    )
    assert seen == [1, 2]


def test_a_full_gpu_halves_the_batch_to_a_limit_and_records_it(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    changes = {"steps": 3, "halvings": 2}
    from transformers import BertForSequenceClassification as Bert

    forward = Bert.forward
    whole = trained(encoder, **changes).steps

    def short_of_memory(self: Any, **inputs: Any) -> Any:
        if len(inputs["input_ids"]) > room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, **inputs)

    monkeypatch.setattr(Bert, "forward", short_of_memory)
    room = 4
    cut = trained(encoder, **changes).steps
    assert whole["micro_batch"].to_list() == [16] * 3 and cut["micro_batch"].to_list() == [4] * 3
    room = 2
    with pytest.raises(MemoryError, match=r"no room for 4 rows .* raise halvings"):
        trained(encoder, **changes)
