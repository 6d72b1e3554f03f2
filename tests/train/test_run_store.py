"""A run is trained once; whatever its outputs depend on, another value trains it again."""

import json
from pathlib import Path

import polars as pl
import pytest

from mixtura.core.tables import read_table
from mixtura.train.run_store import stored_run
from mixtura.train.runs import Run
from mixtura.train.settings import EncoderTraining, ModuleTraining
from mixtura.train.tables import Predictions
from trainings import ENCODER, RUN_ROWS, place, settings

COUNTED = """
def fit_predict(texts, labels, unseen, words, seed, model=None):
    with open({record!r}, "a") as file:
        file.write(f"{{seed}}\\n")
    return [[0.5, 0.5] for _ in unseen]
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(COUNTED.format(record=str(tmp_path / "record")))
    return tmp_path


def test_a_finished_run_is_trained_once_and_a_changed_one_again(module: Path) -> None:
    own = settings(ModuleTraining(kind="module"))
    first, run = place(module), Run("a", "own", 0, 3)
    outputs, statistics = stored_run(run, RUN_ROWS, own, "code", first, module / "store")
    assert statistics["rows"] == 16 and {file.name for file in outputs.iterdir()} == {
        "mix.parquet",
        "predictions.parquet",
    }
    assert stored_run(run, RUN_ROWS, own, "code", first, module / "store") == (outputs, {})
    model = module / "model"
    model.mkdir()
    (model / "weights").write_text("1")
    read = first._replace(model=str(model))
    assert stored_run(run, RUN_ROWS, own, "code", read, module / "store")[1]
    (model / "weights").write_text("12")
    renamed = own.model_copy(update={"no_label": "none"})
    for changed in (
        (run._replace(seed=4), RUN_ROWS, own, "code", first),
        (run, RUN_ROWS._replace(test=RUN_ROWS.test.head(9)), own, "code", first),
        (run, RUN_ROWS._replace(train=RUN_ROWS.train.reverse()), own, "code", first),
        (run, RUN_ROWS, renamed, "code", first),
        (run, RUN_ROWS, own, "other code", first),
        (run, RUN_ROWS, own, "code", read),
    ):
        assert stored_run(*changed, module / "store")[1]
    assert len((module / "record").read_text().split()) == 8


def test_runs_one_after_the_other_are_those_of_jobs_of_their_own(
    encoder: Path, tmp_path: Path
) -> None:
    own = settings(ENCODER.model_copy(update={"steps": 6}))
    where = place(tmp_path, model=str(encoder), file=None)

    def predictions(seed: int, store: str) -> pl.DataFrame:
        outputs, _ = stored_run(Run("a", "m", 0, seed), RUN_ROWS, own, "", where, tmp_path / store)
        return read_table(outputs / "predictions.parquet", Predictions)

    together = [predictions(seed, "together") for seed in (0, 1)]
    assert not together[0].equals(together[1])
    for seed in (1, 0):
        assert predictions(seed, f"alone-{seed}").equals(together[seed])
    assert not (tmp_path / "resume").exists()


def test_a_kept_model_is_that_of_the_run_or_trained_again(encoder: Path, tmp_path: Path) -> None:
    short = EncoderTraining(model="reader", steps=1, max_length=16)
    kept, store = tmp_path / "kept", tmp_path / "store"
    where = place(tmp_path, model=str(encoder), file=None, tuned_model=str(kept))
    run = Run("a", "m", 0, 0)

    def trained(steps: int = 1) -> bool:
        own = settings(short.model_copy(update={"steps": steps}))
        return bool(stored_run(run, RUN_ROWS, own, "", where, store)[1])

    assert trained() and not trained()
    assert trained(steps=2) and trained()  # the model of two steps took the place
    for file in kept.iterdir():
        file.unlink()
    kept.rmdir()
    assert trained() and json.loads((kept / "config.json").read_text())
