"""Downstream models of the user's own: a Python file with a function `fit_predict`."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import polars as pl

from mixtura.core.modules import load_own
from mixtura.prepare.settings import Kind
from mixtura.train.predictions import checked_probabilities, even_probabilities, predictions_of
from mixtura.train.runs import Rows, Workplace
from mixtura.train.search import Trial
from mixtura.train.settings import FinetuneSettings, ModuleTraining

# Of a task without labels: what a model predicts for a row, and what it must not see of it.
PREDICTED: dict[Kind, dict[str, type]] = {
    "qa": {"predicted": str},
    "instruction": {"predicted": str, "nll": float, "tokens": int},
    "text": {"nll": float, "tokens": int},
}
ALLOWED = {str: str, float: Real, int: Integral}  # numbers of NumPy too
HIDDEN = {"qa": "answers"}
GOLD = {"qa": pl.col("answers"), "instruction": pl.col("response"), "text": pl.lit("")}


class ModuleModel:
    """A model of the user's own, which is fitted when it predicts.

    `file` is the Python file, `folder` that of the model which it reads, if any, `rows` are those
    of the mix, and `options` keyword arguments of its function. Raises ValueError where the file
    has no function `fit_predict`.
    """

    steps = None
    dtype = None
    cut: Mapping[str, float] = {}

    def __init__(
        self,
        file: str,
        folder: str | None,
        rows: pl.DataFrame,
        kind: Kind,
        labels: list[str],
        options: dict[str, Any],
        seed: int,
    ) -> None:
        self.module = load_own(file, "fit_predict", "a downstream model")
        self.file, self.rows, self.kind, self.labels, self.seed = file, rows, kind, labels, seed
        self.options = {**({"model": folder} if folder else {}), **options}

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Predictions for canonical rows with a column test; without a mix all classes are alike.

        Raises ValueError where the function returns no probabilities of the labels, or of a task
        without labels no such dictionaries as `PREDICTED` says.
        """
        if self.kind != "classification":
            return self._answers(rows)
        if self.rows.is_empty():  # the arm "zero-shot", as of a probe
            return predictions_of(rows, even_probabilities(rows.height, self.labels), self.labels)
        unseen = rows["text"].to_list()
        values = self.module.fit_predict(
            self.rows["text"].to_list(),
            self.rows["label"].to_list(),
            unseen,
            self.labels,
            self.seed,
            **self.options,
        )
        probabilities = checked_probabilities(values, len(unseen), self.labels, self.file)
        return predictions_of(rows, probabilities, self.labels)

    def _answers(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Predictions for a task without labels."""
        unseen = rows.drop("test", HIDDEN.get(self.kind, []))
        values = self.module.fit_predict(
            self.rows.to_dicts(), unseen.to_dicts(), self.seed, **self.options
        )
        answers = checked_answers(values, rows.height, PREDICTED[self.kind], self.file)
        if "predicted" not in answers.columns:
            answers = answers.select(pl.lit("").alias("predicted"), pl.all())
        gold = rows.select("test", "id", GOLD[self.kind].alias("gold"))
        return pl.concat([gold, answers], how="horizontal")


def checked_answers(
    values: Sequence[Mapping[str, Any]], items: int, columns: Mapping[str, type], file: str
) -> pl.DataFrame:
    """The answers of a model of the user's own, a row of `columns` for each of its `items`.

    Raises ValueError with the `file` of the model, and the first row that is wrong.
    """
    names = ", ".join(f"{name} ({kind.__name__})" for name, kind in columns.items())
    if len(values) != items:
        raise ValueError(
            f"{file}: fit_predict returned {len(values)} answers; allowed: {items}, a dictionary "
            f"of {names} for each unseen row"
        )
    for row, value in enumerate(values):
        if not all(isinstance(value.get(name), ALLOWED[kind]) for name, kind in columns.items()):
            raise ValueError(
                f"{file}: fit_predict returned {dict(value)} in row {row}; allowed: {names}"
            )
    types = {str: pl.String(), float: pl.Float64(), int: pl.Int64()}
    schema = {name: types[kind] for name, kind in columns.items()}
    return pl.DataFrame([{name: value[name] for name in columns} for value in values], schema)


def fit(
    settings: FinetuneSettings, rows: Rows, seed: int, place: Workplace
) -> tuple[ModuleModel, list[Trial]]:
    """The model of the user's own of a run, which has no search."""
    assert isinstance(settings.training, ModuleTraining) and place.file
    task = (settings.task, settings.labels)
    options = settings.training.options
    return ModuleModel(place.file, place.model, rows.train, *task, options, seed), []
