"""The command line: each command reads files, calls the package and writes or prints."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from mixtura.tables import read_table, whole, write_like

app = typer.Typer(help="How diverse, and how much: data for fine-tuning.", no_args_is_help=True)


@app.command()
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
) -> None:
    """Remove equal, nearly equal and broken rows from one file, and with --embedder those of equal
    meaning."""
    from mixtura.dedup import deduplicate_table

    try:
        table = read_table(file)
        kept, gone = deduplicate_table(
            table,
            text_column,
            threshold or None,
            reference=None if reference is None else read_table(reference),
            encode=None if embedder is None else _encoder(embedder),
            semantic_threshold=semantic_threshold,
        )
        write_like(kept, output)
        if removed is not None:
            write_like(gone, removed)
    except (ValueError, OSError, pl.exceptions.PolarsError) as error:
        typer.echo(f"mixtura dedup: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(table)} rows in, {len(kept)} kept")
    for (stage, reason), rows in sorted(gone.group_by("stage", "reason")):
        typer.echo(f"{len(rows)} removed, {stage}: {reason}")


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet file to measure")],
    reference: Annotated[Path | None, typer.Option(help="file of real texts")] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(help="file of other real texts: their shift is the noise floor"),
    ] = None,
    text_column: Annotated[str, typer.Option(help="column with the texts, in all files")] = "text",
    label_column: Annotated[
        str | None, typer.Option(help="column with the labels, in all files")
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
    """Measure the diversity of texts and, beside real ones, their shift. Prints a table."""
    from mixtura.diversity_panel import DIVERSITY, diversity_panel
    from mixtura.shift_panel import SHIFT, shift_panel

    known = (*DIVERSITY, *SHIFT)
    if embedder is None:
        typer.echo("No --embedder: measures of words only, none of meaning.", err=True)
    try:
        if unknown := sorted(set(measure or ()) - set(known)):
            raise ValueError(f"unknown measures {', '.join(unknown)}: use {', '.join(known)}")
        chosen = [
            None if measure is None else [m for m in measure if m in k] for k in (DIVERSITY, SHIFT)
        ]
        if chosen[1] and reference is None:
            raise ValueError(f"{', '.join(chosen[1])}: needs --reference")
        if held_out is not None and reference is None:
            raise ValueError("--held-out: needs --reference, it is compared with it")
        (texts, labels, vectors), (real_texts, real_labels, real_vectors), held = (
            (None, None, None)
            if path is None
            else _scored(path, text_column, label_column, embedder)
            for path in (file, reference, held_out)
        )
        frames = []
        if chosen[0] != []:
            with _progress(len(chosen[0] or DIVERSITY), "diversity") as step:
                frames.append(
                    diversity_panel(
                        texts,
                        vectors,
                        real_vectors,
                        labels,
                        n=n,
                        repeats=repeats,
                        seed=seed,
                        measures=chosen[0],
                        progress=step,
                    ).insert_column(0, pl.lit("diversity").alias("kind"))
                )
        if real_texts is not None and chosen[1] != []:
            with _progress(len(chosen[1] or SHIFT), "shift") as step:
                frames.append(
                    shift_panel(
                        real_texts,
                        real_vectors,
                        texts,
                        vectors,
                        held[0],
                        held[2],
                        real_labels=real_labels,
                        generated_labels=labels,
                        held_out_labels=held[1],
                        n=n,
                        repeats=repeats,
                        seed=seed,
                        measures=chosen[1],
                        progress=step,
                    ).insert_column(0, pl.lit("shift").alias("kind"))
                )
        table = pl.concat(frames, how="diagonal").with_columns(embedder=pl.lit(embedder, pl.String))
        if output is not None:
            write_like(table, output)
    except (ValueError, OSError, pl.exceptions.PolarsError) as error:
        typer.echo(f"mixtura score: {error}", err=True)
        raise typer.Exit(1) from None
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=160,
        fmt_str_lengths=60,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
    ):
        shown = ("measure", "settings", "n", "value", "low", "high", "^floor$", "^ratio$")
        typer.echo(table.select(*shown, "^p_value$"))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def plan(
    context: typer.Context,
    output: Annotated[Path | None, typer.Option(help="file for the table, best .parquet")] = None,
) -> None:
    """Say what a study will take before it runs: jobs, tokens, hours, disk, cost.

    Everything else on the command line is for Snakemake: targets, --configfile, --directory,
    --config, --profile (default: profiles/local, where there is one). Nothing runs.
    """
    from mixtura.config import load_study
    from mixtura.costs import plan_table, plan_text

    arguments = list(context.args)
    if "--profile" not in arguments and Path("profiles/local").is_dir():
        arguments += ["--profile", "profiles/local"]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "jobs.json")
        command = [sys.executable, "-m", "snakemake_logger_plugin_mixtura.jobs", str(told)]
        run = subprocess.run([*command, *arguments], capture_output=True, text=True)
        if not told.exists():
            typer.echo(run.stderr.strip(), err=True)
            raise typer.Exit(1)
        found = json.loads(told.read_text())
    table = plan_table(load_study(found["config"]), found["jobs"], Path(found["directory"]))
    if output is not None:
        write_like(table, output)
    typer.echo(plan_text(table))


@contextmanager
def _progress(length: int, label: str) -> Iterator[Callable[[str], None]]:
    with typer.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda _: bar.update(1)


def _encoder(embedder: str) -> Callable[[list[str]], Any]:
    """Embeds texts; ValueError without the library."""
    from mixtura.embed import embed

    def encode(texts: list[str]) -> Any:
        try:
            return embed(texts, embedder)
        except ImportError:
            raise ValueError("--embedder needs the package sentence-transformers") from None

    return encode


def _scored(
    file: Path, text_column: str, label_column: str | None, embedder: str | None
) -> tuple[list[str], list[Any] | None, Any]:
    """Texts, labels and embeddings of one file; ValueError for what cannot be measured."""
    table = read_table(file)
    for column in filter(None, (text_column, label_column)):
        if column not in table.columns:
            raise ValueError(f"{file}: no column {column!r}, there are {', '.join(table.columns)}")
    texts = table[text_column]
    if texts.dtype != pl.String or texts.null_count() or texts.is_empty():
        raise ValueError(
            f"{file}: column {text_column!r} must hold texts: it has {len(texts)} rows of "
            f"{texts.dtype}, {texts.null_count()} of them null"
        )
    vectors = None
    if embedder is not None:
        from mixtura.blocks import on_gpu

        vectors = on_gpu(_encoder(embedder)(texts.to_list()))
    labels = None if label_column is None else table[label_column].to_list()
    return texts.to_list(), labels, vectors


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="results folder of a finished study")],
    b: Annotated[Path, typer.Argument(help="results folder of another finished study")],
    output: Annotated[
        Path | None, typer.Option(help="file for the comparison: .md or .parquet")
    ] = None,
) -> None:
    """Set two finished studies side by side: settings, answers, scores, diversity, shift."""
    from mixtura.compare import compare_studies, comparison_text, read_study

    try:
        table = compare_studies(read_study(a), read_study(b))
        text = comparison_text(table, a.name, b.name)
        if output is not None and output.suffix == ".md":
            with whole(output) as file:
                file.write_text(text, encoding="utf-8")
        elif output is not None:
            write_like(table, output)
    except (ValueError, OSError, pl.exceptions.PolarsError) as error:
        typer.echo(f"mixtura compare: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(text)


@app.command()
def recommend(
    folder: Annotated[Path, typer.Argument(help="results folder of a finished study")],
) -> None:
    """Say what to use for each model and number of real labels, how sure, and what it costs."""
    from mixtura.compare import read_study
    from mixtura.findings import answer_text, answers

    try:
        study = read_study(folder)
    except (ValueError, OSError, pl.exceptions.PolarsError) as error:
        typer.echo(f"mixtura recommend: {error}", err=True)
        raise typer.Exit(1) from None
    for answer in answers(study["findings"], study["generation"]):
        typer.echo(answer_text(answer).replace("**", ""))


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="exported data set: a folder with its README.md")],
    repo: Annotated[str, typer.Option(help="data set on the Hugging Face Hub: OWNER/NAME")],
    private: Annotated[bool, typer.Option(help="make a new data set private")] = False,
) -> None:
    """Upload one exported data set to the Hugging Face Hub. The token is that of HF_TOKEN.

    Nothing else of Mixtura ever uploads.
    """
    try:
        token = os.environ.get("HF_TOKEN")
        if not token:
            raise ValueError("HF_TOKEN is not set: it must hold a token that may write")
        files = ["README.md", "data/train.parquet"]
        for file in files:
            if not (folder / file).is_file():
                raise ValueError(f"{folder} is no exported data set: it lacks {file}")
        import huggingface_hub

        kind = "dataset"
        huggingface_hub.create_repo(
            repo, token=token, private=private, repo_type=kind, exist_ok=True
        )
        place = huggingface_hub.upload_folder(
            repo_id=repo, folder_path=folder, token=token, repo_type=kind, allow_patterns=files
        )
    except (ValueError, OSError, ImportError) as error:
        typer.echo(f"mixtura push: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{folder} -> {place}")
