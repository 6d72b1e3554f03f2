"""SetFit (Tunstall et al. 2022, arXiv:2209.11055): a strong baseline where labelled rows are few.

A sentence encoder learns which pairs of texts share a label; a logistic regression on its
embeddings tells the labels apart.
"""

import importlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mixtura.train.cuts import cut_shares
from mixtura.train.predictions import even_probabilities, predictions_of
from mixtura.train.runs import Rows, Workplace
from mixtura.train.search import Trial
from mixtura.train.settings import FinetuneSettings, SetFitTraining


class SetFitClassifier:
    """A trained SetFit model; `model` is None where it is untrained, and all classes are alike."""

    steps = None
    dtype = None

    def __init__(
        self, model: Any, labels: list[str], cut: Mapping[str, float] | None = None
    ) -> None:
        self.model, self.labels, self.cut = model, labels, cut or {}

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Predictions for canonical rows with a column test, as `predictions_of`."""
        probabilities = even_probabilities(rows.height, self.labels)
        if self.model is not None:
            probabilities = np.zeros_like(probabilities)  # of a label that the mix lacks
            present = self.model.model_head.classes_
            probabilities[:, present] = self.model.predict_proba(
                rows["text"].to_list(), as_numpy=True, show_progress_bar=False
            )
        return predictions_of(rows, probabilities, self.labels)


def fit(
    settings: FinetuneSettings, rows: Rows, seed: int, place: Workplace
) -> tuple[SetFitClassifier, list[Trial]]:
    """The classifier of a run, which has no search.

    Raises ValueError where the rows of the mix have one label alone: there is no pair to contrast.
    """
    _import_evaluate()
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel, Trainer, TrainingArguments
    from sklearn.linear_model import LogisticRegression
    from transformers import set_seed

    from mixtura.train.fresh import is_small, read_once

    training, labels = settings.training, settings.labels
    assert isinstance(training, SetFitTraining)
    if rows.mix.is_empty():  # the arm "zero-shot", as of a probe
        return SetFitClassifier(None, labels), []
    if rows.train["label"].n_unique() == 1:
        raise ValueError("setfit: the mix has one label alone; give it rows of two labels or more")

    def read() -> Any:
        # Not by SetFitModel.from_pretrained, which reads a pickled head where a folder has one.
        return SentenceTransformer(place.folder, model_kwargs={"use_safetensors": True})

    body = read_once(place.folder, "setfit", read) if is_small(place.folder) else read()
    set_seed(seed % 2**32)
    head = LogisticRegression(C=training.c, max_iter=10_000)
    model = SetFitModel(model_body=body, model_head=head)
    data = {
        "text": rows.train["text"].to_list(),
        "label": [labels.index(label) for label in rows.train["label"]],
    }
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            batch_size=training.batch_size,
            max_steps=training.steps,
            body_learning_rate=training.learning_rate,
            max_length=training.max_length,
            seed=seed % 2**32,  # numpy takes no larger one
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            show_progress_bar=False,
        )
        Trainer(model, arguments, train_dataset=Dataset.from_dict(data)).train()
    length = min(training.max_length, body.get_max_seq_length() or training.max_length)
    cut = cut_shares(body.tokenizer, length, rows, place.say)
    return SetFitClassifier(model, labels, cut), []


def _import_evaluate() -> None:
    """Import the package that SetFit imports, which the script of the rule `evaluate` may hide."""
    paths = sys.path[:]
    sys.path[:] = [path for path in paths if not Path(path, "evaluate.py").is_file()]
    try:
        importlib.import_module("evaluate")
    finally:
        sys.path[:] = paths
