"""The tables of real rows."""

from collections.abc import Iterable
from pathlib import Path

import dataframely as dy
import polars as pl

from mixtura.core.tables import Table, read_table

QA = {"only": "tasks of kind qa"}
SIDES = {"only": "studies with test, development or unlabelled rows from files of their own"}
MULTILABEL = {"only": "tasks of kind multilabel"}
INSTRUCTION = {"only": "tasks of kind instruction"}
CONVERSATIONS = {"only": "rows that are conversations"}


class Rows(Table, file="data/TASK.parquet"):
    """The labelled rows of the task in canonical form, exact duplicates left out."""

    id = dy.String(primary_key=True, description="hash of where the row is from and what it says")
    text = dy.String(description="what is measured and deduplicated; of qa, the question")
    label = dy.String(
        description="label in words; the kind of the task where rows have none or several"
    )
    labels = dy.List(
        dy.String(),
        nullable=True,
        metadata=MULTILABEL,
        description="labels in words, none of a row without any; null of unlabelled rows",
    )
    context = dy.String(metadata=QA, description="text that holds the answers")
    question = dy.String(metadata=QA, description="question about the context")
    answers = dy.List(
        dy.String(), metadata=QA, description="right answers; none where the question has none"
    )
    prompt = dy.String(metadata=INSTRUCTION, description="what the model is asked")
    response = dy.String(metadata=INSTRUCTION, description="what the model should answer")
    messages = dy.String(
        nullable=True,
        metadata=CONVERSATIONS,
        description="all turns, JSON of [{role, content}, ...]; the last one is the response",
    )
    side = dy.String(
        nullable=True,
        metadata=SIDES,
        description="test, development or unlabelled: the file that it is from; null: task.data",
    )


class Shifted(Rows, file="data/shifted/NAME.parquet"):
    """Another test set, rows as those of the task."""


class Splits(Table, file="data/splits.parquet"):
    """Which side each real row is on; in groups, the rows left over of a group are on none."""

    id = dy.String(primary_key=True, description="id of the row")
    label = dy.String(description="label of the row")
    split = dy.String(description="test, reference, development or pool")


class FoldSplits(Splits, file="data/splits/rREPLICATE.parquet"):
    """The same for a replicate of a study in folds, whose test rows are one fold."""


class Examples(Rows, file="data/examples/DRAW.parquet"):
    """The real rows that generators see: the first ones in the random order of a replicate."""


class ItemScores(Table):
    """Scores of systems, one row for each system, run, item and metric: of logs or tables."""

    task = dy.String(primary_key=True, description="task; empty where there is one without a name")
    metric = dy.String(primary_key=True, description="what the score is")
    system = dy.String(primary_key=True, min_length=1, description="what was run: a model, a mix")
    replicate = dy.Int64(primary_key=True, description="number of the replicate")
    seed = dy.Int64(primary_key=True, description="number of the run in its replicate")
    item = dy.String(primary_key=True, description="what the systems were run on")
    group = dy.String(nullable=True, description="items of equal value are hard or easy together")
    score = dy.Float64(description="the score")
    lower = dy.Bool(description="whether smaller scores are better")


def read_texts(path: str | Path) -> pl.DataFrame:
    """The rows of the task with what a generated row has too: the split says what a row is for."""
    return read_table(path, Rows).drop("side", strict=False)


def with_generated(rows: pl.DataFrame, sets: Iterable[pl.DataFrame], *more: str) -> pl.DataFrame:
    """Real rows and, below them, generated ones with the columns of real rows and `more`.

    A column that generated rows lack is null in them: no generator writes conversations.
    """
    names = [*rows.columns, *more]
    parts = (part.select(name for name in names if name in part.columns) for part in sets)
    return pl.concat([rows, *parts], how="diagonal")
