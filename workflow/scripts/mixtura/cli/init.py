"""`mixtura init`: a first configuration from a file."""

from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.errors import errors_of


def init(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON, JSONL or Parquet file")],
    output: Annotated[Path, typer.Option(help="configuration to write")] = Path("study.yaml"),
) -> None:
    """Write a first study of one file: columns guessed, labels, sizes that fit, embedded models.

    Says what the file holds and what the study could then see. Nothing runs, and a configuration
    that exists is not overwritten.
    """
    import yaml

    from mixtura.infer.detect import TYPICAL, TYPICAL_SOURCE
    from mixtura.plan.power import planned_design, power_lines
    from mixtura.plan.sets import Sets
    from mixtura.prepare.columns import naming_file
    from mixtura.prepare.files import form_of, read_rows
    from mixtura.prepare.guess import guess_columns, unused_labels
    from mixtura.prepare.label_sets import task_labels
    from mixtura.prepare.labels import alike
    from mixtura.prepare.rows import task_rows
    from mixtura.study.first import first_study
    from mixtura.study.load import load_study

    with errors_of("init"):
        if output.exists():
            raise ValueError(f"{output} exists; remove it, or name another with --output")
        form = form_of(file)
        frame = read_rows(file, form)
        with naming_file(file):
            guess = guess_columns(frame)
            label, separator = guess.columns.get("label"), guess.label_separator
            labels = task_labels(frame, guess.kind, label, separator) if label else None
            rows, left_out, _ = task_rows(
                frame,
                guess.kind,
                guess.columns,
                labels,
                "real",
                other_labels="leave-out",
                label_separator=separator,
                empty_texts="leave-out",
            )
        counts = dict(rows["label"].value_counts(sort=True).iter_rows())
        words = rows["labels"].explode() if "labels" in rows.columns else rows["label"]
        of_labels = dict(words.drop_nulls().value_counts(sort=True).iter_rows()) if label else {}
        values = {value: word for value, word in (labels or {}).items() if word in of_labels}
        values = dict(sorted(values.items(), key=lambda each: -of_labels[each[1]]))
        contexts = rows["context"].n_unique() if "context" in rows.columns else 0
        language = _language(rows["text"].head(50).to_list())
        source = {"path": str(file)} | ({"encoding": form.encoding} if form.encoding else {})
        with naming_file(file):
            text = first_study(source, guess, counts, contexts, list(left_out), language, values)
        study = load_study(yaml.safe_load(text))  # what it refuses is not written
        output.write_text(text, encoding="utf-8")
    typer.echo(f"{frame.height} rows, {rows.height} of them used, read as {guess.kind}:")
    for field, column in guess.columns.items():
        typer.echo(f"  {field}: column {column}")
    if form.encoding:
        typer.echo(f"  encoding: {form.encoding}, for it is no UTF-8; see that accents are right")
    for reason, count in left_out.items():
        typer.echo(f"  {count} rows left out: {reason}")
    for name in [] if label else unused_labels(frame):
        unused = frame[name]
        what = f"{unused.dtype}" if unused.dtype.is_nested() else f"{unused.n_unique()} values"
        typer.echo(f"  column {name} is no label: it holds {what}")
    if label:
        for same in alike(of_labels):
            typer.echo(f"  labels that differ by case alone: {', '.join(same)}; give them one word")
        typer.echo("  labels: " + ", ".join(f"{word} {n}" for word, n in of_labels.items()))
    typer.echo(f"  language: {language}, as py3langid takes it")
    if language != "en":
        typer.echo(
            "  The embedded models know English: name models of this language in `models`.",
            err=True,
        )
    if folds := study.task.test.folds:
        typer.echo(f"  few rows: {folds} folds, so that each is a test row once")
    design = planned_design(Sets(study))
    if design and study.task.kind != "text":
        for line in power_lines(study, design, TYPICAL, TYPICAL_SOURCE):
            typer.echo(line)
    typer.echo(f"Written: {output}. Next: snakemake --profile profiles/local --configfile {output}")


def _language(texts: list[str]) -> str:
    from py3langid import classify

    return str(classify("\n".join(texts))[0])
