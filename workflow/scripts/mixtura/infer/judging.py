"""A language model as judge of the answers of downstream models: how good is each?

It reads an answer without the right one, as the filter `quality` lets it read generated rows, and
is checked before: `mixtura.curate.filters.quality.area_of_judge`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from mixtura.core.digest import digest
from mixtura.curate.classify import answered, in_parts
from mixtura.curate.judge import label_answers
from mixtura.curate.quality import corrupted_rows
from mixtura.curate.settings import JudgeSettings
from mixtura.generate.backends.base import Backend
from mixtura.generate.resume import finished_part
from mixtura.infer.tables import JudgedAnswers

CHECKED = 200  # test rows whose right answers, and those of others, tell how good a judge is
PARTS = ["id", "prompt", "response"]  # of a row, to a judge


def rows_to_check(data: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """(test, id, prompt, response): test rows, and the same with the answer of another."""
    test = data.join(splits.filter(split="test"), on="id", how="semi").sort("id").head(CHECKED)
    rows = pl.concat([test, corrupted_rows(test, "instruction")])
    return rows.select(pl.lit("test").alias("test"), *PARTS)


def predicted_rows(predictions: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """(test, id, prompt, response): the answers of a run; `items` are the rows of all test sets."""
    asked = items.select("test", "id", "prompt")
    rows = predictions.join(asked, on=["test", "id"], how="inner", maintain_order="left")
    if rows.height < predictions.height:
        raise ValueError(f"{predictions.height - rows.height} answers are to no row of a test set")
    return rows.select("test", "id", "prompt", response="predicted")


def stored_answers(
    rows: pl.DataFrame,
    settings: JudgeSettings,
    backend: Backend,
    depends: Sequence[str],
    store: Path,
    resume: Path,
    say: Callable[[str], None],
) -> pl.DataFrame:
    """What a judge says (table Answers) of rows (test, id, prompt, response), in their order.

    It lies in the folder `store` by all that it depends on, `depends` beside rows and settings: the
    answers of a run are paid for once. Finished batches lie in `resume`.
    """
    key = digest([settings.to_json(), *depends, rows.write_json()], 16)
    nothing = rows.clear()  # no row of its prompts is shown as an example

    def score(batch: pl.DataFrame) -> pl.DataFrame:
        return batch.select("test").hstack(label_answers(batch, nothing, settings, backend))

    def compute() -> pl.DataFrame:
        size = settings.generator.batch_size
        return in_parts(rows, size, score, answered, None, resume / key, say)

    return finished_part(store / f"{key}.parquet", compute)[0]


def of_answers(predictions: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The table JudgedAnswers: what a judge says of a run, after the names of the run."""
    run = predictions.select("arm", "model", "replicate", "seed")
    return run.hstack(answers).select(*JudgedAnswers.columns())
