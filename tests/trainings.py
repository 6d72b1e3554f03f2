"""Short trainings of the tiny models, which several tests of training start from."""

from pathlib import Path
from typing import Any

import polars as pl

from builders import reviews
from mixtura.train.encoder import Classifier, train_classifier
from mixtura.train.runs import Rows, Workplace
from mixtura.train.settings import CausalTraining, EncoderTraining, FinetuneSettings, Mix

LABELS = ["negative", "positive"]
ROWS = pl.DataFrame(reviews(200), ["text", "label"], orient="row")
TRAIN, TEST = ROWS.head(128), ROWS.tail(72)
TEXTS = TEST["text"].to_list()
ENCODER = EncoderTraining(model="reader", steps=32, learning_rate=5e-3, max_length=32)
CAUSAL = CausalTraining(
    kind="causal-lm",
    model="writer",
    steps=30,
    batch_size=16,
    learning_rate=1e-2,
    max_length=64,
    halvings=2,
    loss_bound=50.0,
    max_new_tokens=4,
)


FEW = pl.DataFrame(reviews(60), ["text", "label"], orient="row").with_row_index("id")
FEW = FEW.with_columns(pl.col("id").cast(pl.String))
RUN_ROWS = Rows(
    FEW.head(16).select("id", source=pl.lit("real")),
    FEW.head(16),
    FEW.clear(),
    FEW.tail(24).with_columns(test=pl.lit("test")),
)


def trained(encoder: Path, rows: pl.DataFrame = TRAIN, seed: int = 0, **changes: Any) -> Classifier:
    """The classifier after a training with some settings changed."""
    return train_classifier(str(encoder), rows, LABELS, ENCODER.model_copy(update=changes), seed)


def settings(training: Any) -> FinetuneSettings:
    """The settings of a run on 16 real rows."""
    return FinetuneSettings(
        training=training,
        task="classification",
        labels=LABELS,
        mix=Mix(study_seed=1, n_real=16),
    )


def place(folder: Path, **changes: Any) -> Workplace:
    """Where a run is trained, with some of it changed."""
    own = Workplace(None, str(folder / "own.py"), None, folder / "resume", 10, lambda line: None)
    return own._replace(**changes)
