"""Batches of a training, and its checkpoints on a full disk."""

from pathlib import Path

import pytest

from mixtura.train.encoder import train_classifier
from mixtura.train.trainer import Restart, Trackers, planned_batches, silent
from trainings import ENCODER, LABELS, TRAIN


def test_a_checkpoint_that_finds_the_disk_full_leaves_nothing(
    encoder: Path, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes(2**20 - 2**16))
    restart = Restart(small_disk / "kept", 0.0)
    with pytest.raises(OSError, match="the disk is full"):
        train_classifier(str(encoder), TRAIN, LABELS, ENCODER, 0, silent, restart)
    assert not list(small_disk.glob("kept/*/*"))


def test_every_row_once_an_epoch_in_batches_of_equal_size() -> None:
    batches = planned_batches([9, 1, 8, 2, 7, 3, 6, 4, 5, 5], 4, 6, seed=0)
    for epoch in (batches[:3], batches[3:]):
        assert sorted(len(batch) for batch in epoch) == [3, 3, 4]
        assert sorted(row for batch in epoch for row in batch) == list(range(10))
    assert batches[:3] != batches[3:]


def test_batches_hold_rows_of_like_length() -> None:
    batches = planned_batches(range(64), 8, 8, seed=0)
    assert [max(batch) - min(batch) for batch in batches] == [7] * 8


def test_no_rows_have_no_batches() -> None:
    assert planned_batches([], 8, 0, seed=0) == []


@pytest.mark.parametrize("missing", [("wandb",), ("tensorboard", "trackio")])
def test_a_tracker_that_is_not_installed_is_named(
    missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtura.train.trainer.find_spec", lambda name: name == "tensorboard")
    with pytest.raises(ValueError, match=f"report_to: .* pip install {missing[-1]}"):
        Trackers(missing, "run", "events").arguments()
    assert Trackers().arguments() == {"report_to": "none", "run_name": ""}
