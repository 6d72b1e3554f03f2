"""A training that is spread over two processes (FSDP on gloo) learns as in one process."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from transformers import AutoTokenizer

from mixtura.study.downstream import CausalLM
from mixtura.train.causal import CausalModel, fit
from mixtura.train.runs import Rows, Workplace
from mixtura.train.settings import FinetuneSettings, Mix
from trainings import CAUSAL, LABELS, TEST, TRAIN


def trained(folder: Path, model: Path, processes: int, **changes: object) -> CausalModel:
    training = CAUSAL.model_copy(update={"steps": 8, "sharded": True, **changes})
    settings = FinetuneSettings(
        training=training,
        task="classification",
        labels=LABELS,
        mix=Mix(study_seed=1, n_real=TRAIN.height),
    )
    rows = TRAIN.with_row_index("id").cast({"id": pl.String})
    place = Workplace(
        *(str(model), None, None, folder / "resume", 10, lambda line: None), processes=processes
    )
    mix = rows.select("id", source=pl.lit("real"))
    learnt, _ = fit(settings, Rows(mix, rows, rows.clear(), rows.clear()), 3, place)
    return learnt


def test_two_processes_learn_what_one_does(generator: Path, tmp_path: Path) -> None:
    whole = trained(tmp_path, generator, 1, accumulate=2)  # parts of equal size
    spread = trained(tmp_path, generator, 2)
    columns = ("step", "tokens")
    assert spread.steps.select(columns).equals(whole.steps.select(columns))
    np.testing.assert_allclose(spread.steps["loss"], whole.steps["loss"], rtol=1e-3)
    assert whole.steps["loss"][-1] < 0.9 * whole.steps["loss"][0]
    unseen = TEST.with_row_index("id").cast({"id": pl.String}).with_columns(test=pl.lit("test"))
    shares = [model.predict(unseen)["p_positive"].to_numpy() for model in (whole, spread)]
    np.testing.assert_allclose(*shares, atol=0.02)
    assert not (tmp_path / "resume/sharded").exists()


def test_a_batch_has_a_row_for_each_process(
    generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = type("M", (), {"config": None}), AutoTokenizer.from_pretrained(generator)
    monkeypatch.setattr(CausalModel, "_fresh_model", lambda self: fresh)
    monkeypatch.setenv("WORLD_SIZE", "64")
    with pytest.raises(ValueError, match="batch_size: 16 rows for 64 processes; raise it"):
        trained(tmp_path, generator, 1)


def test_adapters_are_not_spread() -> None:
    with pytest.raises(ValueError, match="sharded: of all weights; leave it out, or lora"):
        CausalLM(kind="causal-lm", model="writer", sharded=True, lora={})
