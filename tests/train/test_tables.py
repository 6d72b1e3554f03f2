"""The tables of every kind of run are as their schemas say."""

from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from mixtura.core.tables import check
from mixtura.train.causal import CausalModel
from mixtura.train.predictions import of_run
from mixtura.train.settings import Kind
from mixtura.train.tables import Predictions, Steps
from trainings import CAUSAL

ROWS = pl.DataFrame(
    {
        "test": "test",
        "id": ["a", "b"],
        "text": ["a film", "the plot"],
        "label": ["negative", "positive"],
        "labels": [["negative", "positive"], []],
        "context": ["Rome is old", "a film"],
        "question": ["what is old", "what is it"],
        "answers": [["Rome", "a city"], ["film"]],
        "prompt": ["say this", "say that"],
        "response": ["this", "that"],
    }
)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_predictions_of_every_kind_of_task_fit_the_schema(generator: Path, kind: Kind) -> None:
    settings = CAUSAL.model_copy(update={"steps": 1, "max_length": 512})
    model = CausalModel(str(generator), kind, ["negative", "positive"], settings, 0)
    check(model.train(ROWS), "steps.parquet", Steps)
    check(of_run(model.predict(ROWS), "arm", "model", 0, 0), "predictions.parquet", Predictions)


def test_golds_that_are_neither_answer_nor_answers_are_named() -> None:
    run = {"arm": "a", "model": "m", "replicate": 0, "seed": 0, "test": "test", "id": "1"}
    rows = pl.DataFrame({**run, "gold": 1, "predicted": "yes"})
    with pytest.raises(ValueError, match="column 'gold' holds Int64, not String"):
        check(rows, "predictions.parquet", Predictions)
