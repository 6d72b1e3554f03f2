"""What could be done in place of generating text: predictions of a generator, and its cost."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from mixtura.core.sets import replicate_of
from mixtura.generate.settings import TokenPrices
from mixtura.generate.summary import TOKENS
from mixtura.infer.settings import AlternativesSettings
from mixtura.infer.tables import Alternatives


class AnswersKey(NamedTuple):
    """Which answers a table has, as in its path."""

    generator: str
    draw: str
    rows: str  # test, unlabelled or real


Answered = tuple[AnswersKey, pl.DataFrame]
OF_ROWS = {  # rows -> the alternative that needs them
    **{"test": "few-shot", "unlabelled": "labelled"},
    "real": "back-translation",
}


def few_shot_predictions(
    answers: Iterable[Answered], runs: pl.DataFrame, arms: pl.DataFrame
) -> pl.DataFrame:
    """The labels of a generator as predictions, of each model and seed that its baseline has.

    So an arm that is not trained is compared on the same rows as a mix is. `runs` are predictions
    (table Predictions). A label counts as sure, with probability 1; an answer without a label is
    null, never right, and all labels are as likely.
    """
    labels = [name.removeprefix("p_") for name in runs.columns if name.startswith("p_")]
    parts = [runs.clear()]
    for (generator, draw, _), table in answers:
        scope = {"pipeline": "few-shot", "generator": generator, "n_real": _rows(draw)}
        arm = arms.filter(design="alternatives", **scope).row(0, named=True)
        alone = runs.filter(arm=arm["baseline"], replicate=replicate_of(draw))
        judged = table.select("test", "id", pl.col("judged").replace("", None))
        rows = alone.join(judged, on=["test", "id"], maintain_order="left")
        if rows.height < alone.height:
            raise ValueError(f"{generator} {draw}: {alone.height - rows.height} rows lack answers")
        shares = {
            f"p_{label}": (pl.col("judged") == label).cast(pl.Float64).fill_null(1 / len(labels))
            for label in labels
        }
        rows = rows.with_columns(arm=pl.lit(arm["arm"]), predicted="judged", **shares)
        parts.append(rows.select(runs.columns))
    return pl.concat(parts)


def alternatives_table(
    answers: Iterable[Answered],
    stats: Sequence[Mapping[str, Any]],
    settings: AlternativesSettings,
) -> pl.DataFrame:
    """The table Alternatives; `stats` are the statistics of the jobs of the answers."""
    rows = []
    for ((generator, draw, operation), table), job in zip(answers, stats, strict=True):
        pipeline, n_real = OF_ROWS[operation], _rows(draw)
        arm = next(
            each.arm
            for each in settings.arms
            if (each.pipeline, each.generator, each.n_real) == (pipeline, generator, n_real)
        )
        tokens = {name: int(table[name].sum()) for name in TOKENS}
        gpu, cpu = (job["seconds"] * job[name] / 3600 for name in ("gpus", "threads"))
        prices = settings.prices.get(generator, TokenPrices())
        priced = prices != TokenPrices() or any(settings.hours)
        hours = gpu * settings.hours[0] + cpu * settings.hours[1]
        rows.append(
            {
                "arm": arm,
                "pipeline": pipeline,
                "generator": generator,
                "n_real": n_real,
                "replicate": replicate_of(draw),
                "answers": table.height,
                "unanswered": table.filter(judged="").height,
                **tokens,
                "gpu_hours": gpu,
                "cpu_hours": cpu,
                "cost": prices.cost(tokens) + hours if priced else None,
            }
        )
    return pl.DataFrame(rows, Alternatives.types())


def answers_of(path: str | Path) -> AnswersKey:
    """Which answers the end of the path of a table names."""
    return AnswersKey(*Path(path).with_suffix("").parts[-3:])


def _rows(draw: str) -> int:
    """Real rows of a draw."""
    return int(draw.partition("-")[2])
