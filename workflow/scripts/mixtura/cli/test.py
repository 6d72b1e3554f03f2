"""`mixtura test`: two or more systems on the same items."""

from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.errors import errors_of
from mixtura.cli.output import write_answer


def test(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]PATH...",
            help="a run of a system: samples_*.jsonl of lm-eval or its folder, NAME.eval or .json "
            "of Inspect, or a CSV, TSV, JSONL or Parquet file with item, score and perhaps model, "
            "seed, replicate, task, group; several paths of one NAME are runs of one system",
        ),
    ],
    baseline: Annotated[
        str | None, typer.Option(help="system to compare the others with; default: the first")
    ] = None,
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="compare every two")] = False,
    score: Annotated[
        list[str] | None,
        typer.Option(help="metric of a log or column of a table, may be repeated"),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="what items share that are hard together, such as the document: column, "
            "key of lm-eval's doc, or of Inspect's metadata"
        ),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="largest difference that does not matter")
    ] = None,
    visible: Annotated[
        float | None, typer.Option(help="difference that items needed are for; default: the margin")
    ] = None,
    lower: Annotated[
        list[str] | None, typer.Option(help="metric of which smaller is better, may be repeated")
    ] = None,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="average the runs of a system: they are what it is")
    ] = False,
    common: Annotated[
        bool, typer.Option("--common", help="compare on the items that all runs have")
    ] = False,
    level: Annotated[float, typer.Option(help="of the intervals")] = 0.95,
    item: Annotated[str, typer.Option(help="column of a table with the item")] = "item",
    model: Annotated[str, typer.Option(help="column with the system, if there is one")] = "model",
    seed: Annotated[str, typer.Option(help="column with the seed, if there is one")] = "seed",
    replicate: Annotated[
        str, typer.Option(help="column with the replicate, if there is one")
    ] = "replicate",
    task: Annotated[str, typer.Option(help="column with the task, if there is one")] = "task",
    output: Annotated[
        list[Path] | None,
        typer.Option(help="file for the result: .md or .parquet; may be repeated"),
    ] = None,
) -> None:
    """Compare systems on the same items: paired differences, intervals, verdicts, items needed."""
    from mixtura.infer.systems import SystemComparisons, common_items, compare
    from mixtura.prepare.item_scores import read_item_scores
    from mixtura.prepare.settings import ScoreColumns
    from mixtura.tell.systems import reading, systems_table, systems_text

    with errors_of("test"):
        columns = ScoreColumns(
            item=item,
            scores=score or [],
            model=model,
            seed=seed,
            replicate=replicate,
            task=task,
            group=group,
            lower=lower or [],
        )
        scores = read_item_scores([_source(run) for run in runs], columns)
        if common:
            scores, before = common_items(scores), scores
            left = before["item"].n_unique() - scores["item"].n_unique()
            typer.echo(f"--common: {left} items that not all runs have are left out.", err=True)
        table = compare(
            scores,
            baseline=baseline,
            all_pairs=all_pairs,
            margin=margin,
            visible=visible,
            fixed=fixed,
            level=level,
        )
        for file in output or []:
            write_answer(file, table, systems_text(table, level), SystemComparisons)
    typer.echo(f"{systems_table(table)}\n\n{reading(table, level).replace('*', '')}")


def _source(run: str) -> tuple[str | None, Path]:
    """The name and the path of an argument. Raises ValueError where nothing is there."""
    name, sign, path = run.partition("=")
    if sign and not Path(run).exists():
        if not name:
            raise ValueError(f"{run!r} has no name before =; write NAME=PATH")
        return name, _there(Path(path))
    return None, _there(Path(run))


def _there(path: Path) -> Path:
    if not path.exists():
        raise ValueError(f"{path} does not exist; give a file, or a folder with logs")
    return path
