"""A run of a downstream model of any kind: draw the mix, train, predict, write."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import polars as pl

from mixtura.core.digest import digest
from mixtura.core.files import whole
from mixtura.core.precision import Dtype
from mixtura.core.settings import Settings
from mixtura.core.streams import stream_seed
from mixtura.core.tables import read_table, write_table
from mixtura.curate.tables import Curated
from mixtura.prepare.tables import Shifted, Splits, read_texts, with_generated
from mixtura.train.mix import mix_rows
from mixtura.train.predictions import items_to_predict, of_run
from mixtura.train.search import Trial, best_fit
from mixtura.train.settings import Mix, Training
from mixtura.train.tables import Mix as MixTable
from mixtura.train.tables import Predictions, Steps

S = TypeVar("S", bound=Training)


class Rows(NamedTuple):
    """The rows of a run."""

    mix: pl.DataFrame  # id, source
    train: pl.DataFrame  # canonical rows of the mix
    development: pl.DataFrame  # canonical rows of this split
    test: pl.DataFrame  # canonical rows of every test set, and `test`: its name


class Run(NamedTuple):
    """The name of a run: one training of one arm."""

    arm: str
    model: str
    replicate: int
    seed: int

    def training_seed(self, study_seed: int) -> int:
        """Seed of weights and batches: the same for all arms and models of a replicate and seed."""
        return stream_seed(study_seed, "train", self.replicate, self.seed) % 2**32


class Workplace(NamedTuple):
    """Where and how a run is trained: nothing that its predictions depend on beside the inputs."""

    model: str | None  # folder of the untrained model; a model of the user's own need not have any
    file: str | None  # Python file of a model of the user's own
    tuned_model: str | None  # folder that keeps the tuned model
    resume: Path  # folder of the checkpoint
    minutes: float  # between two checkpoints
    say: Callable[[str], None]  # writes a line to the log
    report_to: tuple[str, ...] = ()  # trackers that follow the training
    processes: int = 1  # of a training that is spread over several
    events: str = ""  # name of the run in them, and folder of what tensorboard shows

    @property
    def folder(self) -> str:
        """Folder of the untrained model. Raises ValueError where there is none."""
        if self.model is None:
            raise ValueError("this kind of model needs the folder of a model")
        return self.model


class Predictor(Protocol):
    """A downstream model of any kind, after its training."""

    @property
    def steps(self) -> pl.DataFrame | None:
        """The optimiser steps of the training (`mixtura.train.tables.Steps`), if it has any."""

    @property
    def dtype(self) -> Dtype | None:
        """The type of the products in the model, if they are ours to say."""

    @property
    def cut(self) -> Mapping[str, float]:
        """Share of the training texts and of the test texts whose end it does not read."""

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Predictions for canonical rows with a column test: test, id, gold, predicted, ..."""


class Trained(Predictor, Protocol):
    """A downstream model of a kind that is fine-tuned, after its training."""

    def loss(self, rows: pl.DataFrame) -> float:
        """Loss on canonical rows, nats."""

    def save(self, folder: Path) -> None:
        """Write the model to a new folder."""


M = TypeVar("M", bound=Trained)


def draw_rows(
    data: str, splits: str, generated: Sequence[str], shifted: Sequence[str], mix: Mix, run: Run
) -> Rows:
    """The rows of a run, from the files of the real rows, splits, sets and other test sets."""
    rows, sides = read_texts(data), read_table(splits, Splits)
    sets = [read_table(file, Curated) for file in generated]
    drawn = mix_rows(sides, pl.concat(sets) if sets else None, mix, run.replicate, run.seed)
    return Rows(
        drawn,
        drawn.join(with_generated(rows, sets), on="id", maintain_order="left"),
        rows.join(sides.filter(split="development"), on="id", how="semi"),
        test_rows(sides, rows, {Path(file).stem: read_table(file, Shifted) for file in shifted}),
    )


def test_rows(
    splits: pl.DataFrame, rows: pl.DataFrame, shifted: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Those of `rows` that are in the test split, and the rows of the other test sets."""
    test = splits.filter(split="test").select("id").join(rows, on="id", maintain_order="left")
    return items_to_predict(test, shifted)


def train_run(
    settings: S, train: Callable[[S, Path | None], M], rows: Rows, place: Workplace
) -> tuple[M, list[Trial]]:
    """The model of a run, and the trials of its search; without a mix the model stays untrained.

    `train(settings, folder)` trains on the rows of the mix and goes on from a folder. The model is
    saved where the study keeps it.
    """
    if rows.mix.is_empty():  # the arm "zero-shot"
        settings = settings.untrained()
    # The development losses depend on the settings, for which the folder is, and on these rows.
    key = digest([rows.train["id"].to_list(), rows.development["id"].to_list()])
    model, trials = best_fit(
        settings, train, lambda model: model.loss(rows.development), place.resume, key
    )
    keep_model(place.tuned_model, model)
    return model, trials


def keep_model(folder: str | None, model: Trained) -> None:
    """Save a tuned model in the folder where the study keeps it, if it keeps it."""
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
        with whole(folder) as beside:
            model.save(beside)


def write_run(
    run: Run,
    model: Predictor,
    rows: Rows,
    folder: Path,
    settings: Settings,
    trials: Sequence[Trial] = (),
) -> dict[str, Any]:
    """Predict the test rows and write mix, predictions and steps; returns statistics of the run.

    The new `folder` has all of them or is not there. Settings, trials, the type of the products and
    the shares of cut texts go into the metadata of the predictions, where the rule evaluate reads
    them.
    """
    predictions = of_run(model.predict(rows.test), *run)
    about = {"tried": list(trials), "dtype": model.dtype, "cut": dict(model.cut)}
    with whole(folder) as beside:
        beside.mkdir()
        write_table(rows.mix, beside / "mix.parquet", MixTable, empty=True)
        metadata = settings.model_dump(mode="json") | about
        write_table(predictions, beside / "predictions.parquet", Predictions, **metadata)
        if model.steps is not None:
            write_table(model.steps, beside / "steps.parquet", Steps, empty=True)
    statistics = {"rows": rows.mix.height, "cut": dict(model.cut)}
    if model.steps is None:
        return statistics
    return {**statistics, "tried": list(trials), **step_statistics(model.steps)}


def step_statistics(steps: pl.DataFrame) -> dict[str, Any]:
    """Number of the steps of a training, their speed, and the smallest part of a batch."""
    return {
        "steps": steps.height,
        "tokens_per_second": steps["tokens_per_second"].median(),
        "micro_batch": steps["micro_batch"].min(),
    }
