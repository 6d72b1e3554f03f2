"""`mixtura fit`: how diverse and how much, from a table of scores."""

from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.errors import errors_of
from mixtura.cli.output import write_answer
from mixtura.prepare.files import read_rows


def fit(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, JSONL or Parquet file, one row a training: real and generated rows, "
            "diversity or level, score, and perhaps replicate, seed and model"
        ),
    ],
    real: Annotated[str | None, typer.Option(help="column of real rows")] = None,
    generated: Annotated[
        str | None, typer.Option(help="column of generated rows; 0: real data alone")
    ] = None,
    diversity: Annotated[str | None, typer.Option(help="column of diversity or level")] = None,
    score: Annotated[str | None, typer.Option(help="column of the score")] = None,
    replicate: Annotated[
        str | None, typer.Option(help="column of the draw of data; without it seeds are the unit")
    ] = None,
    seed: Annotated[str | None, typer.Option(help="column of the seed of a training")] = None,
    model: Annotated[str | None, typer.Option(help="column of the trained model")] = None,
    lower: Annotated[bool, typer.Option("--lower", help="a lower score is better")] = False,
    smallest_gain: Annotated[float, typer.Option(min=0, help="gain of interest")] = 0.02,
    output: Annotated[
        Path | None, typer.Option(help="file for the answer (.md) or the table (.parquet, .csv)")
    ] = None,
) -> None:
    """Fit the gain over real data alone to scores of your own sweep: what to use, how sure."""
    from mixtura.infer.surface.scores import named_columns, scores_surface
    from mixtura.infer.surface.tables import Surface
    from mixtura.tell.surface import surface_text

    chosen = {
        **{"real": real, "generated": generated, "diversity": diversity, "score": score},
        **{"replicate": replicate, "seed": seed, "model": model},
    }
    with errors_of("fit"):
        rows = read_rows(file)
        names = named_columns(rows.columns, chosen)
        table = scores_surface(rows, names, smallest_gain, lower)
        used = ", ".join(f"{role} {name!r}" for role, name in names.items())
        unit = "new draws of the data" if "replicate" in names else "new seeds of this draw"
        scope = f"Columns: {used}. Intervals are for {unit}, on the same test rows."
        text = "\n\n".join([*surface_text(table), scope, ""])
        if output is not None:
            write_answer(output, table, text, Surface)
    typer.echo(text)
