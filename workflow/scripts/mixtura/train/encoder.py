"""Fine-tuning of an encoder as a classifier, and its predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.core.digest import digest
from mixtura.core.precision import Dtype, autocast, dtype_of
from mixtura.train.cuts import cut_shares
from mixtura.train.families import freeze_layers, longest_text, read_classifier
from mixtura.train.label_sets import (
    THRESHOLD,
    best_threshold,
    binary_log_loss,
    label_set_predictions,
    multi_hot,
)
from mixtura.train.predictions import log_loss, predictions_of
from mixtura.train.runs import Rows, Workplace, train_run
from mixtura.train.search import Trial
from mixtura.train.settings import EncoderTraining, FinetuneSettings, optimiser_steps
from mixtura.train.tables import Steps
from mixtura.train.trainer import (
    PlannedTrainer,
    Progress,
    Restart,
    Trackers,
    planned_batches,
    progress_lines,
    silent,
    train,
)


@dataclass(frozen=True)
class Classifier:
    """A fine-tuned encoder with its tokenizer, and the steps of its training."""

    model: Any
    tokenizer: Any
    labels: list[str]  # label words in the order of the classes
    max_length: int  # tokens of a text that are read
    steps: pl.DataFrame  # `mixtura.train.tables.Steps`
    dtype: Dtype = "float32"  # of the products
    cut: Mapping[str, float] = field(default_factory=dict)  # shares of texts, by training and test
    several: bool = False  # whether a row may have several labels
    threshold: float = THRESHOLD  # of several labels: a more probable one is predicted

    def probabilities(self, texts: Sequence[str], batch_size: int = 32) -> NDArray[np.float32]:
        """(n, classes) probabilities of the classes for each text, of several labels of each."""
        import torch
        from transformers import DataCollatorWithPadding

        rows = _encode(self.tokenizer, texts, self.max_length)
        order = sorted(range(len(texts)), key=lambda row: len(rows[row]["input_ids"]))
        result = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        device, collate = self.model.device, DataCollatorWithPadding(self.tokenizer)
        with torch.inference_mode(), autocast(device.type, self.dtype):
            for start in range(0, len(order), batch_size):
                places = order[start : start + batch_size]
                batch = collate([rows[place] for place in places]).to(device)
                logits = self.model(**batch).logits.float()
                shares = logits.sigmoid() if self.several else logits.softmax(dim=-1)
                result[places] = shares.cpu().numpy()
        return result

    def loss(self, rows: pl.DataFrame) -> float:
        """Mean log loss of canonical rows, nats."""
        probabilities = self.probabilities(rows["text"].to_list())
        if self.several:
            return binary_log_loss(probabilities, multi_hot(rows["labels"], self.labels))
        return log_loss(probabilities, rows["label"].to_list(), self.labels)

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Predictions for canonical rows with a column test, as `predictions_of`."""
        probabilities = self.probabilities(rows["text"].to_list())
        if self.several:
            return label_set_predictions(rows, probabilities, self.labels, self.threshold)
        return predictions_of(rows, probabilities, self.labels)

    def with_threshold(self, rows: pl.DataFrame) -> "Classifier":
        """The same with the threshold that is best on development rows, of several labels."""
        if not self.several or rows.is_empty():
            return self
        gold = multi_hot(rows["labels"], self.labels)
        probabilities = self.probabilities(rows["text"].to_list())
        return replace(self, threshold=best_threshold(probabilities, gold))

    def save(self, folder: Path) -> None:
        """Write model and tokenizer to a new folder."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def fit(
    settings: FinetuneSettings, rows: Rows, seed: int, place: Workplace
) -> tuple[Classifier, list[Trial]]:
    """The encoder of a run, and the trials of its search; texts that it cuts are logged."""
    assert isinstance(settings.training, EncoderTraining)

    def trained(training: EncoderTraining, folder: Path | None) -> Classifier:
        data, say = (place.folder, rows.train, settings.labels), progress_lines(place.say)
        trackers = Trackers(place.report_to, place.events, place.events)
        restart = Restart(folder, place.minutes, trackers)
        weighted, several = settings.mix.weighted, settings.task == "multilabel"
        return train_classifier(*data, training, seed, say, restart, weighted, several)

    classifier, trials = train_run(settings.training, trained, rows, place)
    cut = cut_shares(classifier.tokenizer, classifier.max_length, rows, place.say)
    return replace(classifier, cut=cut).with_threshold(rows.development), trials


def train_classifier(
    folder: str,
    rows: pl.DataFrame,
    labels: list[str],
    settings: EncoderTraining,
    seed: int,
    progress: Progress = silent,
    restart: Restart = Restart(),  # noqa: B008  (immutable)
    weighted: bool = False,
    several: bool = False,
) -> Classifier:
    """Train the encoder in `folder` on rows (text, label) to tell the labels apart.

    With `several` a row has any number of `labels`, each with a loss of its own.

    `labels` are the label words in the order of the classes. With 0 steps the model stays as it
    is, its head new. With `weighted` all classes count as much in the loss. Raises ValueError for
    no rows, a label that is not in `labels`, or a max_length that the model cannot read, and as
    `mixtura.train.trainer.train`.
    """
    import torch
    from transformers import DataCollatorWithPadding, TrainingArguments

    texts, words = rows["text"].to_list(), rows["labels" if several else "label"].to_list()
    if not several and (unknown := set(words) - set(labels)):
        raise ValueError(f"labels {sorted(unknown)} are not of the task {labels}")
    steps = optimiser_steps(settings, len(texts))
    if steps and not texts:
        raise ValueError("an empty mix: there is nothing to train on")

    def fresh() -> tuple[Any, Any]:
        model, tokenizer = read_classifier(folder, labels, seed, several)
        freeze_layers(model, settings.freeze)
        return model, tokenizer

    model, tokenizer = fresh()
    longest = longest_text(model)
    if longest and settings.max_length > longest:
        raise ValueError(
            f"max_length: {settings.max_length} is more than the {longest} tokens that the model "
            "can see"
        )
    dtype = dtype_of(settings.precision)
    if not steps:
        model.to("cuda" if torch.cuda.is_available() else "cpu")
        table: pl.DataFrame = Steps.create_empty()
        ready = (model.eval(), tokenizer, labels, settings.max_length, table, dtype)
        return Classifier(*ready, several=several)
    encoded = _encode(tokenizer, texts, settings.max_length)
    classes: list[Any] = (
        multi_hot(rows["labels"], labels).tolist()
        if several
        else [labels.index(word) for word in words]
    )
    data = [{**row, "labels": place} for row, place in zip(encoded, classes, strict=True)]
    models = [model]

    def trainer_of(arguments: dict[str, Any]) -> PlannedTrainer:
        nonlocal model
        model = models.pop() if models else fresh()[0]
        return PlannedTrainer(
            model,
            TrainingArguments(**arguments),
            data_collator=DataCollatorWithPadding(tokenizer),
            train_dataset=data,
            compute_loss_func=_weighted_loss(classes, len(labels)) if weighted else None,
        )

    lengths = [len(row["input_ids"]) for row in encoded]
    table = train(
        trainer_of,
        planned_batches(lengths, settings.batch_size, steps, seed),
        lengths,
        settings,
        seed,
        dtype,
        digest([folder, seed, settings.to_json(), labels, texts, words, weighted], 16),
        restart,
        progress,
    )
    ready = (model.eval(), tokenizer, labels, settings.max_length, table, dtype)
    return Classifier(*ready, several=several)


def _weighted_loss(classes: Sequence[int], count: int) -> Any:
    """Cross-entropy in which each of `count` classes has the weight rows / classes / its rows."""
    import torch

    rows = torch.bincount(torch.tensor(classes), minlength=count)
    weights = len(classes) / (rows > 0).sum() / rows.clamp(min=1)

    def loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        each = torch.nn.functional.cross_entropy(outputs.logits.float(), labels, reduction="none")
        # so that parts of a batch add up to its mean, as losses of transformers do
        items = labels.numel() if num_items_in_batch is None else num_items_in_batch
        return (each * weights.to(each.device)[labels]).sum() / items

    return loss


def _encode(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[dict[str, list[int]]]:
    """The inputs of the model for each text."""
    if not texts:
        return []
    encoded = tokenizer(list(texts), truncation=True, max_length=max_length)
    return [
        dict(zip(encoded, values, strict=True)) for values in zip(*encoded.values(), strict=True)
    ]
