"""`mixtura score`: diversity and shift of one file of texts."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import polars as pl
import typer

from mixtura.cli.encoder import encoder
from mixtura.cli.errors import errors_of
from mixtura.prepare.files import read_rows, write_file


def score(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet file to measure")],
    reference: Annotated[Path | None, typer.Option(help="file of real texts")] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(help="file of other real texts: their shift is the noise floor"),
    ] = None,
    text_column: Annotated[
        str, typer.Option(help="column with the texts, in all files that have no other")
    ] = "text",
    reference_text_column: Annotated[
        str | None, typer.Option(help="the same in the file of --reference")
    ] = None,
    held_out_text_column: Annotated[
        str | None, typer.Option(help="the same in the file of --held-out")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="column with the labels, in all files that have no other")
    ] = None,
    reference_label_column: Annotated[
        str | None, typer.Option(help="the same in the file of --reference")
    ] = None,
    held_out_label_column: Annotated[
        str | None, typer.Option(help="the same in the file of --held-out")
    ] = None,
    embedder: Annotated[
        str | None, typer.Option(help="folder or name of a sentence-transformers model")
    ] = None,
    n: Annotated[
        int | None, typer.Option(help="texts to measure; give sets to be compared the same")
    ] = None,
    repeats: Annotated[int, typer.Option(help="subsets that make an interval, 0 for none")] = 20,
    seed: Annotated[int, typer.Option(help="0 or more", min=0)] = 0,
    measure: Annotated[
        list[str] | None, typer.Option(help="one measure, may be repeated; default: all")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="file for the table, best .parquet")] = None,
) -> None:
    """Measure the diversity of texts and, beside real ones, their shift. Prints a table.

    Rows without a text are left out and counted.
    """
    from mixtura.measure.diversity_panel import DIVERSITY, diversity_panel
    from mixtura.measure.shift_panel import SHIFT, shift_panel

    if embedder is None:
        typer.echo("No --embedder: measures of words only, none of meaning.", err=True)
    with errors_of("score"):
        if unknown := sorted(set(measure or ()) - {*DIVERSITY, *SHIFT}):
            raise ValueError(
                f"unknown measures {', '.join(unknown)}: use {', '.join((*DIVERSITY, *SHIFT))}"
            )
        of_diversity = None if measure is None else [m for m in measure if m in DIVERSITY]
        of_shift = None if measure is None else [m for m in measure if m in SHIFT]
        if of_shift and reference is None:
            raise ValueError(f"{', '.join(of_shift)}: needs --reference")
        if held_out is not None and reference is None:
            raise ValueError("--held-out: needs --reference, it is compared with it")
        generated = _read_texts(file, text_column, label_column, embedder)
        real, other = (
            _read_texts(path, text or text_column, label or label_column, embedder)
            if path
            else NO_TEXTS
            for path, text, label in (
                (reference, reference_text_column, reference_label_column),
                (held_out, held_out_text_column, held_out_label_column),
            )
        )
        frames = []
        if of_diversity != []:
            with _progress(len(of_diversity or DIVERSITY), "diversity") as step:
                frames.append(
                    diversity_panel(
                        generated.texts,
                        generated.embeddings,
                        real.embeddings,
                        generated.labels,
                        n=n,
                        repeats=repeats,
                        seed=seed,
                        measures=of_diversity,
                        progress=step,
                    ).insert_column(0, pl.lit("diversity").alias("kind"))
                )
        if real.texts is not None and of_shift != []:
            with _progress(len(of_shift or SHIFT), "shift") as step:
                frames.append(
                    shift_panel(
                        real.texts,
                        real.embeddings,
                        generated.texts,
                        generated.embeddings,
                        other.texts,
                        other.embeddings,
                        real_labels=real.labels,
                        generated_labels=generated.labels,
                        held_out_labels=other.labels,
                        n=n,
                        repeats=repeats,
                        seed=seed,
                        measures=of_shift,
                        progress=step,
                    ).insert_column(0, pl.lit("shift").alias("kind"))
                )
        table = pl.concat(frames, how="diagonal").with_columns(embedder=pl.lit(embedder, pl.String))
        if output is not None:
            write_file(table, output)
    _print(table)


class _Texts(NamedTuple):
    """What is measured of one file; embeddings are (n, d), on the GPU where there is one."""

    texts: list[str] | None
    labels: list[Any] | None
    embeddings: Any


NO_TEXTS = _Texts(None, None, None)


def _read_texts(
    file: Path, text_column: str, label_column: str | None, embedder: str | None
) -> _Texts:
    """Texts, labels and embeddings of one file. Raises ValueError for what cannot be measured."""
    table = read_rows(file)
    for column in filter(None, (text_column, label_column)):
        if column not in table.columns:
            raise ValueError(f"{file}: no column {column!r}, there are {', '.join(table.columns)}")
    rows, missing = table.height, table[text_column].null_count()
    table = table.filter(pl.col(text_column).is_not_null())
    texts = table[text_column]
    if texts.dtype != pl.String or texts.is_empty():
        raise ValueError(
            f"{file}: column {text_column!r} must hold texts: it has {rows} rows of "
            f"{texts.dtype}, {missing} of them null"
        )
    if missing:
        typer.echo(
            f"{file}: {missing} of {rows} rows have no text in column {text_column!r}: left out.",
            err=True,
        )
    embeddings = None
    if embedder is not None:
        from mixtura.measure.blocks import on_gpu

        embeddings = on_gpu(encoder(embedder)(texts.to_list()))
    labels = None if label_column is None else table[label_column].to_list()
    return _Texts(texts.to_list(), labels, embeddings)


@contextmanager
def _progress(length: int, label: str) -> Iterator[Callable[[str], None]]:
    """A bar of `length` measures; each call is one measure further."""
    with typer.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda _: bar.update(1)


def _print(table: pl.DataFrame) -> None:
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=160,
        fmt_str_lengths=60,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
    ):
        columns = ("measure", "settings", "n", "value", "low", "high")
        typer.echo(table.select(*columns, "^floor$", "^z$", "^p_value$"))
