"""A run of a downstream model: the rows it draws and predicts, and what it leaves."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from header import Job
from mixtura.digest import digest
from mixtura.mix import mix_rows
from mixtura.predictions import items_to_predict
from mixtura.tables import whole, write_table


class Rows(NamedTuple):
    """What a run is given."""

    mix: pl.DataFrame  # id, source
    train: pl.DataFrame  # canonical rows of the mix
    development: pl.DataFrame  # canonical rows of this split
    test: pl.DataFrame  # canonical rows of every test set, and `test`: its name


def read_rows(given: Any, settings: dict[str, Any], seed: int) -> Rows:
    """Draw the mix of a run, and read its test sets; without a mix the model stays untrained."""
    data, splits = pl.read_parquet(given.data), pl.read_parquet(given.splits)
    sets = [pl.read_parquet(file) for file in given.generated]
    mix = mix_rows(splits, pl.concat(sets) if sets else None, settings["mix"], seed)
    texts = pl.concat([data, *(made.select(data.columns) for made in sets)])
    if mix.is_empty():  # the arm "zero-shot"
        settings |= {"steps": 0, "epochs": None, "search": None}
    return Rows(
        mix,
        mix.join(texts, on="id", maintain_order="left"),
        data.join(splits.filter(split="development"), on="id", how="semi"),
        read_tests(splits, data, given.shifted),
    )


def rows_key(rows: Rows) -> str:
    """What the development losses of a run depend on beside its settings."""
    return digest([rows.train["id"].to_list(), rows.development["id"].to_list()])


def read_tests(splits: pl.DataFrame, table: pl.DataFrame, shifted: list[str]) -> pl.DataFrame:
    """The rows of `table` that are of the test split, and those of the other test sets."""
    own = splits.filter(split="test").select("id").join(table, on="id", maintain_order="left")
    return items_to_predict(own, {Path(file).stem: pl.read_parquet(file) for file in shifted})


def keep_model(folder: str | None, model: Any, tokenizer: Any) -> None:
    """Save a tuned model where the study keeps it."""
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
        with whole(folder) as beside:
            model.save_pretrained(beside)
            tokenizer.save_pretrained(beside)


def write_run(
    job: Job,
    output: Any,
    rows: Rows,
    steps: pl.DataFrame,
    predictions: pl.DataFrame,
    tried: list[dict[str, Any]],
    **stats: Any,
) -> None:
    """Write what a training leaves beside its model, and end the job."""
    write_table(rows.mix, output.mix, empty=True)
    write_table(steps, output.steps, empty=True)
    write_table(predictions, output.predictions, **job.settings, tried=tried)
    told = {"rows": rows.mix.height, "steps": steps.height, "tried": tried}
    job.done(**told, tokens_per_second=steps["tokens_per_second"].median(), **stats)
