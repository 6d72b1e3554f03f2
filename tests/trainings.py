"""Short trainings of the tiny models, which several tests of training start from."""

from pathlib import Path
from typing import Any

import polars as pl

from builders import reviews
from mixtura.train.encoder import Classifier, train_classifier
from mixtura.train.settings import CausalTraining, EncoderTraining

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


def trained(encoder: Path, rows: pl.DataFrame = TRAIN, seed: int = 0, **changes: Any) -> Classifier:
    """The classifier after a training with some settings changed."""
    return train_classifier(str(encoder), rows, LABELS, ENCODER.model_copy(update=changes), seed)
