"""`mixtura compare` and `mixtura recommend`: answers of finished studies."""

from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.errors import errors_of
from mixtura.cli.output import write_answer


def compare(
    a: Annotated[Path, typer.Argument(help="results folder of a finished study")],
    b: Annotated[Path, typer.Argument(help="results folder of another finished study")],
    output: Annotated[
        Path | None, typer.Option(help="file for the comparison: .md or .parquet")
    ] = None,
) -> None:
    """Set two finished studies side by side: settings, answers, scores, diversity, shift."""
    from mixtura.tell.compare import Compared, compare_studies, comparison_text, read_study

    with errors_of("compare"):
        table = compare_studies(read_study(a), read_study(b))
        text = comparison_text(table, a.name, b.name)
        if output is not None:
            write_answer(output, table, text, Compared)
    typer.echo(text)


def recommend(
    folder: Annotated[Path, typer.Argument(help="results folder of a finished study")],
) -> None:
    """Say what to use for each model and number of real labels, how sure, and what it costs."""
    from mixtura.tell.compare import read_study
    from mixtura.tell.findings import answer_text, answers

    with errors_of("recommend"):
        study = read_study(folder)
    for answer in answers(study.findings, study.generation):
        typer.echo(answer_text(answer).replace("**", ""))
