"""The tables that people have: read them in every form, write them in the form of their suffix."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.files import whole
from mixtura.prepare.delimited import read_delimited
from mixtura.prepare.documents import read_document, read_lines_of_json
from mixtura.prepare.settings import FileForm
from mixtura.prepare.streams import COMPRESSIONS, likely_encoding, open_binary

DELIMITED = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson")
WRITTEN = "allowed are .csv, .tsv, .jsonl, .ndjson and .parquet files"
READ = "allowed are .csv, .tsv, .jsonl, .ndjson, .json and .parquet files, also in .gz or .zst"


def read_rows(path: str | Path, form: FileForm | None = None) -> pl.DataFrame:
    """A frame from a table, or from JSON: a list of records, or questions as in SQuAD.

    Values of a CSV or TSV file stay text as they are; bytes that are not of the encoding become
    U+FFFD, so that a broken row costs no other. Questions as in SQuAD give a row each, with the
    columns context, question and answer (a list, empty where there is none). Raises ValueError
    that names the file, the line and what to do.
    """
    file, form = Path(path), form or FileForm()
    kind = suffix(file)
    if kind in DELIMITED:
        return read_delimited(file, form, tabs=kind == ".tsv")
    if kind in JSON_LINES:
        return read_lines_of_json(file, form)
    if kind == ".json":
        return read_document(file, form)
    if kind == ".parquet":
        return _read_parquet(file)
    raise ValueError(f"{file}: {READ}")


def form_of(file: Path) -> FileForm:
    """How a file is read where nobody says it: in cp1252 where it is text but no UTF-8."""
    if suffix(file) not in (*DELIMITED, *JSON_LINES, ".json"):
        return FileForm()
    return FileForm(encoding=likely_encoding(file))


FORMULA = r"^[=+\-@\t\r]"  # how a cell begins that a spreadsheet computes


def write_file(table: pl.DataFrame, path: str | Path, escape: bool = False) -> None:
    """Write a table whole, in the format of its suffix.

    `escape`: an apostrophe before each text that a spreadsheet would compute.

    Raises ValueError on an unknown suffix, and for a TSV file whose values hold tabs or line ends:
    in a TSV nothing can enclose them.
    """
    file = Path(path)
    kind = file.suffix.lower()
    if escape:
        text = pl.col(pl.String)
        formula = text.str.contains(FORMULA)
        table = table.with_columns(pl.when(formula).then("'" + text).otherwise(text).name.keep())
    with whole(file) as beside:
        if kind == ".csv":
            table.write_csv(beside)
        elif kind == ".tsv":
            _fits_tabs(table, file)
            table.write_csv(beside, separator="\t", quote_style="never")
        elif kind in JSON_LINES:
            table.write_ndjson(beside)
        elif kind == ".parquet":
            table.write_parquet(beside)
        else:
            raise ValueError(f"{file}: {WRITTEN}")


def suffix(file: Path) -> str:
    """What kind of file it is, in small letters: .csv of rows.CSV and of rows.csv.gz."""
    inner = Path(file.stem) if file.suffix.lower() in COMPRESSIONS else file
    return inner.suffix.lower()


def named_classes(frame: pl.DataFrame, classes: dict[str, Sequence[str]]) -> pl.DataFrame:
    """`frame` with the names of classes in place of their numbers: a value keeps both, as an Enum.

    A number outside the names, such as the -1 of rows without a label, becomes null; in lists of
    numbers it is left out.
    """

    def of(column: str, names: Sequence[str]) -> pl.Series:
        known = dict(enumerate(names))
        if frame.schema[column].is_integer():
            words = [known.get(number) for number in frame[column]]
            return pl.Series(column, words, pl.Enum(list(names)))
        rows = [row and [known[n] for n in row if n in known] for row in frame[column].to_list()]
        return pl.Series(column, rows, pl.List(pl.String))

    numbered = [
        column
        for column in classes
        if column in frame.columns
        and getattr(frame.schema[column], "inner", frame.schema[column]).is_integer()
    ]
    return frame.with_columns(of(column, classes[column]) for column in numbered)


def _read_parquet(file: Path) -> pl.DataFrame:
    """A Parquet file; classes that the library `datasets` names in it have their names."""
    try:
        with open_binary(file) as stream:
            source = file if file.suffix.lower() == ".parquet" else stream.read()
            frame = pl.read_parquet(source)
            described = pl.read_parquet_metadata(source).get("huggingface")
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{file} is no Parquet file: {error}") from None
    features: dict[str, Any] = json.loads(described)["info"]["features"] if described else {}
    inner = {c: each.get("feature", each) for c, each in features.items() if isinstance(each, dict)}
    names = {
        column: feature["names"]
        for column, feature in inner.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    }
    return named_classes(frame, names)


def _fits_tabs(table: pl.DataFrame, file: Path) -> None:
    for column, kind in table.schema.items():
        if kind == pl.String:
            breaks = table[column].str.contains(r"[\t\r\n]").fill_null(False)
            if breaks.any():
                raise ValueError(
                    f"{file}: row {breaks.arg_true()[0] + 1} of column {column!r} holds a tab or "
                    "a line end, which a .tsv file cannot; write .csv, .jsonl or .parquet"
                )
