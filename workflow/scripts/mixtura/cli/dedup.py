"""`mixtura dedup`: duplicates of one file."""

from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.encoder import encoder
from mixtura.cli.errors import errors_of
from mixtura.prepare.files import read_rows, write_file


def dedup(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet file")],
    text_column: Annotated[str, typer.Option(help="column to compare")],
    output: Annotated[Path, typer.Option(help="file for the kept rows; the suffix is the format")],
    threshold: Annotated[
        float, typer.Option(help="Jaccard similarity of 5-character shingles; 0: equal rows only")
    ] = 0.7,
    reference: Annotated[
        Path | None, typer.Option(help="file of other rows: what resembles one of them goes too")
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(help="folder or name of a sentence-transformers model: compare meaning too"),
    ] = None,
    semantic_threshold: Annotated[
        float, typer.Option(help="cosine of the embeddings, with --embedder")
    ] = 0.95,
    removed: Annotated[
        Path | None, typer.Option(help="file for the removed rows: reason, score, row kept instead")
    ] = None,
    escape_formulas: Annotated[
        bool,
        typer.Option(
            help="put ' before texts that begin with = + - @: a spreadsheet that opens a CSV or "
            "TSV file computes them as formulas; without this they are written as they are"
        ),
    ] = False,
) -> None:
    """Remove equal, nearly equal and broken rows from one file, and with --embedder those of equal
    meaning."""
    from mixtura.curate.duplicates.table import deduplicate_table

    with errors_of("dedup"):
        rows = read_rows(file)
        unique, duplicates = deduplicate_table(
            rows,
            text_column,
            threshold or None,
            reference=None if reference is None else read_rows(reference),
            encode=None if embedder is None else encoder(embedder),
            semantic_threshold=semantic_threshold,
        )
        write_file(unique, output, escape_formulas)
        if removed is not None:
            write_file(duplicates, removed, escape_formulas)
    typer.echo(f"{len(rows)} rows in, {len(unique)} kept")
    for (stage, reason), group in sorted(duplicates.group_by("stage", "reason")):
        typer.echo(f"{len(group)} removed, {stage}: {reason}")
