"""JSON: a record a line, a list of records, or questions in the format of SQuAD."""

import json
from collections.abc import Iterable, Iterator
from math import isnan
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from mixtura.prepare.settings import FileForm
from mixtura.prepare.streams import open_text

SCALARS = {str, bool, int, float}


def read_lines_of_json(file: Path, form: FileForm) -> pl.DataFrame:
    """A frame of a file with one record a line. Raises ValueError that names the line."""
    with open_text(file, form) as stream:
        return records_frame(json_records(stream, file), file)


def read_document(file: Path, form: FileForm) -> pl.DataFrame:
    """A frame of a document of JSON, or of lines of JSON in a file that is called .json."""
    with open_text(file, form) as stream:
        text = stream.read()
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # the document ends and another follows
            return records_frame(json_records(text.split("\n"), file), file)
        raise ValueError(f"{file}: line {error.lineno} is no JSON: {error.msg}") from None
    if isinstance(document, dict) and "data" in document:
        return squad_frame(document)
    if isinstance(document, dict):
        document = _records_in(document)
    if not isinstance(document, list):
        raise ValueError(f"{file}: neither a list of records nor questions as in SQuAD")
    return records_frame(document, file)


def _records_in(document: dict[str, Any]) -> list[Any]:
    """The records of an object: its only list of objects, its columns, or itself.

    Columns are lists of one length, or objects with the same keys: what pandas writes.
    """
    values = list(document.values())
    lists = [v for v in values if isinstance(v, list) and v and isinstance(v[0], dict)]
    if len(lists) == 1 and not any(isinstance(v, list | dict) and v not in lists for v in values):
        return lists[0]
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        keys = list(values[0])
        if len(keys) > 1 and all(list(value) == keys for value in values):
            values = [list(value.values()) for value in values]
    columns = all(isinstance(v, list) and len(v) == len(values[0]) > 1 for v in values)
    if len(values) > 1 and columns:
        return [dict(zip(document, record, strict=True)) for record in zip(*values, strict=True)]
    return [document]


def json_records(lines: Iterable[str], file: Path) -> Iterator[Any]:
    """What each line holds. Raises ValueError that names the line."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{file}: line {number} is no JSON: {error.msg}") from None


def records_frame(records: Iterable[Any], file: Path) -> pl.DataFrame:
    """A frame with a column for each key; null where a record lacks it.

    Numbers, truth values and text in one column become text as JSON writes them; values of which
    some are nested and some not stay Python's. Raises ValueError where a record is none.
    """
    columns: dict[str, list[Any]] = {}
    count = 0
    for record in records:
        if not isinstance(record, dict):
            raise ValueError(f"{file}: record {count + 1} is no object {{...}} but {record!r:.60}")
        for key, value in record.items():
            column = columns.setdefault(key, [])
            column += [None] * (count - len(column))
            column.append(value)
        count += 1
    for column in columns.values():
        column += [None] * (count - len(column))
    return pl.DataFrame([_series(name, values) for name, values in columns.items()])


def _series(name: str, values: list[Any]) -> pl.Series:
    values = [None if isinstance(value, float) and isnan(value) else value for value in values]
    kinds = {type(value) for value in values} - {type(None)}
    try:
        if kinds <= {int, float} or kinds in ({str}, {bool}):
            return pl.Series(name, values, strict=False)
        if kinds <= SCALARS:
            texts = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
            return pl.Series(name, texts, pl.String)
        series = pl.from_arrow(pa.array(values))
        assert isinstance(series, pl.Series)  # an array gives no frame
        return series.alias(name)
    except UnicodeEncodeError:  # half of a pair of surrogates
        return _series(name, [_without_surrogates(value) for value in values])
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # nested and plain values, lists of both
        return pl.Series(name, values, pl.Object)


def _without_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def squad_frame(document: dict[str, Any]) -> pl.DataFrame:
    """Frame (context, question, answer) of a document in the format of SQuAD 1.1 or 2.0.

    `answer` is the list of different answers, empty where the question is impossible. Raises
    ValueError that names the article and what it lacks.
    """
    rows = []
    for number, article in enumerate(document["data"], start=1):
        try:
            rows += [
                {
                    "context": paragraph["context"],
                    "question": question["question"],
                    "answer": []
                    if question.get("is_impossible")
                    else list(dict.fromkeys(answer["text"] for answer in question["answers"])),
                }
                for paragraph in article["paragraphs"]
                for question in paragraph["qas"]
            ]
        except KeyError as error:
            name = article.get("title", "without a title")
            raise ValueError(f"article {number} ({name}) lacks {error} of the format") from None
    return pl.DataFrame(rows, {"context": str, "question": str, "answer": pl.List(pl.String)})
