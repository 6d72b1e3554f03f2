"""Tables of lines and separators: CSV, TSV and what resembles them."""

import csv
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.prepare.settings import FileForm
from mixtura.prepare.streams import open_text

SEPARATORS = ",;\t|"
ROWS = 100_000  # that are lists of Python at once


def read_delimited(file: Path, form: FileForm, tabs: bool = False) -> pl.DataFrame:
    """A frame of text, an empty field null. In a file of `tabs` a quote is a character.

    Where the form names no separator, it is that of , ; | and tab that makes most columns of the
    first line. Raises ValueError that names the line.
    """
    csv.field_size_limit(sys.maxsize)  # a text may be long
    quotes = not tabs if form.quotes is None else form.quotes
    line, before = _separator_line(file, form)
    separator = form.separator or line or ("\t" if tabs else _separator(file, form, quotes))
    with open_text(file, form) as stream:
        lines = csv.reader(islice(stream, before, None), **_dialect(separator, quotes))
        records = _records(lines, file, separator, quotes, before)
        names = _names(next(records, []), file)
        schema = dict.fromkeys(names, pl.String)
        parts = [pl.DataFrame(schema=schema)]
        while rows := list(islice(records, ROWS)):
            parts.append(pl.DataFrame(rows, schema, orient="row"))
    return pl.concat(parts).with_columns(pl.all().replace("", None))


def _dialect(separator: str, quotes: bool) -> dict[str, Any]:
    enclosing = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return {"delimiter": separator, "quoting": enclosing, "strict": True}


def _separator_line(file: Path, form: FileForm) -> tuple[str | None, int]:
    """The separator in a first line such as sep=; that Excel reads, and how many lines that is."""
    with open_text(file, form) as stream:
        match = re.fullmatch(r'"?sep=(.)"?', next(stream, "").rstrip("\r\n"), re.IGNORECASE)
    return (match[1], 1) if match else (None, 0)


def _separator(file: Path, form: FileForm, quotes: bool) -> str:
    """The separator that makes most columns of the first line."""
    with open_text(file, form) as stream:
        line = next((line for line in stream if line.strip()), "")
    columns = {}
    for separator in SEPARATORS:
        try:
            columns[separator] = len(next(csv.reader([line], **_dialect(separator, quotes)), []))
        except csv.Error:  # a quote that does not end, read with this separator
            columns[separator] = 0
    return max(SEPARATORS, key=lambda separator: columns[separator])


def _records(
    lines: Any, file: Path, separator: str, quotes: bool, before: int
) -> Iterator[list[str]]:
    """The records, first that of the names; all have as many fields.

    `lines` is a csv.reader of what follows so many lines `before`.
    """
    width, start = 0, before + 1
    try:
        for record in lines:
            width = width or len(record)
            if record and len(record) != width:  # an empty line is no record
                raise ValueError(
                    f"{file}: line {start} has {len(record)} fields of {width}; "
                    + (
                        f'quote the text that holds {separator!r}: "..."'
                        if quotes and len(record) > width
                        else f"the separator was taken to be {separator!r}, a quote to be "
                        f"{'an enclosure' if quotes else 'a character'}; the keys separator and "
                        "quotes of the data say otherwise"
                    )
                )
            if record:
                yield record
            start = before + lines.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f'{file}: line {start}: {error}; a quoted text ends with " and has "" for each of '
            "its own; `quotes: false` in the data takes quotes as characters"
        ) from None


def _names(header: list[str], file: Path) -> list[str]:
    names = [name.strip() or f"column_{place}" for place, name in enumerate(header, start=1)]
    if not names:
        raise ValueError(f"{file} is empty; its first line names the columns")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ValueError(f"{file}: column {twice[0]!r} stands twice in the first line")
    return names
