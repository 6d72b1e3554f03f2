"""`mixtura next`: which cells of a finished study are worth the next hours."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from mixtura.cli.errors import errors_of

if TYPE_CHECKING:
    import polars as pl

    from mixtura.infer.surface.worth import Prospect

Hours = dict[tuple[str, ...], float]


class Question(NamedTuple):
    """Mixes of a model and source with the same real rows, and what further cells are worth."""

    model: str
    real: int
    rows: list[dict[str, Any]]  # of the mixes, in the order of the prospect
    prospect: "Prospect"


def next_cells(
    folder: Annotated[Path, typer.Argument(help="results folder of a finished study")],
    hours: Annotated[
        float, typer.Option(help="hours of jobs to spend, one after the other", min=0)
    ],
    write: Annotated[
        bool, typer.Option("--write", help="add the cells to FOLDER/allocation.json")
    ] = False,
) -> None:
    """Say which cells, mixes in new replicates, are worth the next hours of a finished study.

    Worth is what a cell adds to the gain of the mix that is named, else how much surer that gain
    gets. With --write `snakemake` then runs just these cells, with what they are compared to.
    """
    with errors_of("next"):
        text = _next(folder, hours, write)
    typer.echo(text)


def _next(folder: Path, hours: float, write: bool) -> str:
    from mixtura.core.sets import ALLOCATED
    from mixtura.infer.surface.worth import spend
    from mixtura.plan.allocation import Cell, read_allocation, write_allocation
    from mixtura.plan.measured import hours_of_replicate

    allocation = read_allocation(folder)
    predictions, arms, diversity, metric = _tables(folder)
    run = set(predictions.select("model", "arm", "replicate").unique().iter_rows())
    waiting = [c for c in allocation.cells if (c.model, c.arm, c.replicate) not in run]
    if waiting:
        raise ValueError(f"{len(waiting)} cells of allocation.json have not run: run snakemake")
    measured = hours_of_replicate(folder)
    questions = list(_questions(predictions, arms, diversity, metric, measured))
    later = spend([question.prospect for question in questions], hours)
    lines, cells = [], []
    for question, prospect in zip(questions, later, strict=True):
        free = [c.replicate + 1 for c in allocation.cells if c.model == question.model]
        first = max([ALLOCATED, *free])
        lines += list(_lines(question, prospect))
        for step in prospect.steps:
            arm, replicate = question.rows[step.mix]["arm"], first + step.replicate
            cells.append(Cell(model=question.model, arm=arm, replicate=replicate))
    if not cells:
        lines.append("No cell fits into these hours.")
    elif write:
        file = write_allocation(folder, allocation.with_cells(cells))
        lines.append(f"Written to {file}: snakemake now runs these {len(cells)} cells.")
    else:
        lines.append("With --write snakemake runs them.")
    return "\n".join(lines)


def _tables(folder: Path) -> tuple["pl.DataFrame", "pl.DataFrame", "pl.DataFrame", str]:
    """Predictions, arms, diversity and the metric that the study answers on."""
    from mixtura.core.tables import read_table
    from mixtura.tell.tables import TABLES

    names = ("predictions", "arms", "diversity", "surface")
    files = [folder / f"tables/{name}.parquet" for name in names]
    if lacking := [file.name for file in files if not file.is_file()]:
        raise ValueError(f"{folder} is no finished study: it lacks tables/{lacking[0]}")
    predictions, arms, diversity, surface = map(read_table, files, (TABLES[n] for n in names))
    if not surface.height:
        raise ValueError(f"{folder} has no mix to compare: its surface is empty")
    if predictions["replicate"].n_unique() < 2:
        raise ValueError(f"{folder} has one replicate; give a study with `replicates` of 2 or more")
    return predictions, arms, diversity, surface["metric"][0]


def _questions(
    predictions: "pl.DataFrame",
    arms: "pl.DataFrame",
    diversity: "pl.DataFrame",
    metric: str,
    measured: Hours,
) -> Iterator[Question]:
    import numpy as np

    from mixtura.infer.surface.table import surfaces
    from mixtura.infer.surface.worth import Prospect, why_not_in_folds

    trained = predictions.group_by("model").agg("arm")
    counts = {model: len(set(of)) for model, of in trained.iter_rows()}
    sets = [tuple(row) for row in arms.select("generator", "pipeline", "level").iter_rows()]
    others = sum(
        value
        for names, value in measured.items()
        if names[-3:] not in sets and names[-1:] not in {(model,) for model in counts}
    )

    def training(arm: str, model: str) -> float:
        of_probe = measured.get((model,), 0.0) / counts[model]
        return measured.get((arm, model), 0.0) + of_probe

    for scope, fit in surfaces(predictions, arms, diversity, metric):
        if fit.overlap:
            raise ValueError(why_not_in_folds(fit.replicates, fit.overlap))
        model, mixes = scope["model"], fit.mixes
        text = [
            sum(value for names, value in measured.items() if names[-3:] == row)
            for row in mixes.select("generator", "pipeline", "level").iter_rows()
        ]
        every = [training(arm, model) for arm in mixes["arm"]]
        compared = mixes.select("baseline", "control").unpivot()["value"].drop_nulls().unique()
        opening = others + sum(training(arm, model) for arm in compared)
        spent = np.maximum(np.add(every, text), 1e-6)  # what was not measured is short
        prospect = Prospect.of(fit.surface, spent, opening)
        yield Question(model, int(fit.real), mixes.to_dicts(), prospect)


def _lines(question: Question, later: "Prospect") -> Iterator[str]:
    from mixtura.core.wording import describe_arm

    now, then = question.prospect.outlook(), question.prospect.outlook(later)
    named = describe_arm(question.rows[later.top])
    yield f"{question.model}, {question.real} real rows: named is {named}."
    spent: dict[int, list[float]] = {}
    for step in later.steps:
        spent.setdefault(step.mix, []).append(step.hours)
    for mix, each in sorted(spent.items(), key=lambda item: -sum(item[1])):
        words = describe_arm(question.rows[mix])
        yield f"  {len(each)} new replicates of {words}: {sum(each):.2f} h"
    if spent:
        yield (
            f"  chance that the mix that is named is the best: {now.chance:.0%}, then "
            f"{then.chance:.0%}; what it gains less than the best: {100 * now.regret:.1f}, then "
            f"{100 * then.regret:.1f} points; standard error of its gain: {100 * now.error:.1f}, "
            f"then {100 * then.error:.1f} points"
        )
