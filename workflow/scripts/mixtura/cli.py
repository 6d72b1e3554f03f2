"""The command line: each command reads files, calls the package and writes or prints."""

import io
import os
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

app = typer.Typer(help="How diverse, and how much: data for fine-tuning.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Keep the commands named while there is only one."""


@app.command()
def dedup(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet file")],
    text_column: Annotated[str, typer.Option(help="column to compare")],
    output: Annotated[Path, typer.Option(help="file for the kept rows; the suffix is the format")],
    threshold: Annotated[
        float, typer.Option(help="Jaccard similarity of 5-character shingles, 0 to 1")
    ] = 0.7,
    removed: Annotated[
        Path | None, typer.Option(help="file for the removed rows: reason, score, row kept instead")
    ] = None,
) -> None:
    """Remove equal, nearly equal and broken rows from one file."""
    from mixtura.dedup import deduplicate_table

    try:
        table = read_lenient(file)
        kept, gone = deduplicate_table(table, text_column, threshold)
        write_whole(kept, output)
        if removed is not None:
            write_whole(gone, removed)
    except (ValueError, OSError, pl.exceptions.PolarsError) as error:
        typer.echo(f"mixtura dedup: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(table)} rows in, {len(kept)} kept")
    for (stage, reason), rows in sorted(gone.group_by("stage", "reason")):
        typer.echo(f"{len(rows)} removed, {stage}: {reason}")


def read_lenient(file: Path) -> pl.DataFrame:
    """Read a table; bytes that are no UTF-8 become U+FFFD, so that a broken row costs no other.

    CSV values stay text as they are. Raises ValueError on an unknown suffix.
    """
    if file.suffix in (".csv", ".tsv"):
        separator = "\t" if file.suffix == ".tsv" else ","
        return pl.read_csv(file, separator=separator, encoding="utf8-lossy", infer_schema=False)
    if file.suffix in (".jsonl", ".ndjson"):
        text = file.read_bytes().decode("utf-8", "replace").encode()
        return pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    raise ValueError(f"{file}: allowed are .csv, .tsv, .jsonl, .ndjson and .parquet files")


def write_whole(table: pl.DataFrame, file: Path) -> None:
    """Write a table beside the file, then rename. Raises ValueError on an unknown suffix."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if file.suffix in (".csv", ".tsv"):
            table.write_csv(part, separator="\t" if file.suffix == ".tsv" else ",")
        elif file.suffix in (".jsonl", ".ndjson"):
            table.write_ndjson(part)
        elif file.suffix == ".parquet":
            table.write_parquet(part)
        else:
            raise ValueError(f"{file}: allowed are .csv, .tsv, .jsonl, .ndjson and .parquet files")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
