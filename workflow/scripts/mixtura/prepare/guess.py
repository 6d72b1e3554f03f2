"""What the columns of a file are: a guess, which `mixtura init` writes for a person to mend."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from mixtura.prepare.labels import MOST, learnt_labels, value_of
from mixtura.prepare.settings import Kind

NAMES: Mapping[str, tuple[str, ...]] = {  # field of a row -> usual names of its column
    "text": ("text", "sentence", "review", "content", "body", "message", "document", "tweet"),
    "label": ("label", "labels", "category", "class", "target", "sentiment", "topic", "intent"),
    "context": ("context", "passage", "paragraph", "article"),
    "question": ("question", "query"),
    "answer": ("answers", "answer"),
    "prompt": ("prompt", "instruction", "question", "input"),
    "response": ("response", "output", "completion", "answer", "reply"),
}


class Guess(NamedTuple):
    """The kind of task that a file is for, and field of a row -> column of the file."""

    kind: Kind
    columns: dict[str, str]
    label_separator: str = ","


def guess_columns(frame: pl.DataFrame) -> Guess:
    """What a frame holds, by the names of its columns and then by what stands in them.

    A label is what few values say of many rows, a text the longest of the columns with hardly a
    value twice. Raises ValueError where there is no column of text, or no line with their names.
    """
    if frame.is_empty():
        raise ValueError("there are no rows, only names of columns")
    frame = _flat(frame)
    if headless := _first_row_as_names(frame):
        raise ValueError(
            f"the first line names no columns: {headless!r} stands in it and below it too; write a "
            "first line with the names of the columns, such as text,label"
        )
    named = {field: _named(frame, names) for field, names in NAMES.items()}
    if columns := _all_of(named, ("context", "question", "answer")):
        return Guess("qa", columns)
    text = named["text"] or next(iter(_texts(frame)), None)
    label = named["label"] if _is_label(frame, named["label"], text) else None
    columns = _all_of(named, ("prompt", "response"))
    separator = _separator(frame, named["label"]) if text != named["label"] else None
    if text and named["label"] and separator:
        return Guess("multilabel", {"text": text, "label": named["label"]}, separator)
    if columns and not label:
        return Guess("instruction", columns)
    label = label or next(iter(_labels(frame, text)), None)
    if text and label:
        return Guess("classification", {"text": text, "label": label})
    if text:
        return Guess("text", {"text": text})
    kinds = ", ".join(f"{name} ({kind})" for name, kind in frame.schema.items())
    raise ValueError(f"no column of text; columns are: {kinds}")


def unused_labels(frame: pl.DataFrame) -> list[str]:
    """Columns with the name of a label, whatever they hold."""
    return [column for column in frame.columns if column.lower().strip() in NAMES["label"]]


def _first_row_as_names(frame: pl.DataFrame) -> str | None:
    """A name of a column that is one of its values, if no column has a usual name."""
    usual = {name for names in NAMES.values() for name in names}
    if usual & {column.lower().strip() for column in frame.columns}:
        return None
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return next((name for name in texts if (frame[name] == name).any()), None)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with fields of structs as columns, such as `text.en`; answers stay as they are."""
    parts = []
    for column in frame:
        if isinstance(column.dtype, pl.Struct) and column.name not in NAMES["answer"]:
            fields = column.struct.unnest()
            parts += [fields[name].alias(f"{column.name}.{name}") for name in fields.columns]
        else:
            parts.append(column)
    return pl.DataFrame(parts)


def _named(frame: pl.DataFrame, names: Iterable[str]) -> str | None:
    of_lower = {
        name: column
        for column in reversed(frame.columns)
        for name in (column.lower().rpartition(".")[2].strip(), column.lower().strip())
    }
    return next((of_lower[name] for name in names if name in of_lower), None)


def _all_of(named: Mapping[str, str | None], fields: Iterable[str]) -> dict[str, str]:
    columns = {field: column for field in fields if (column := named[field])}
    return columns if len(columns) == len(tuple(fields)) else {}


def _texts(frame: pl.DataFrame) -> list[str]:
    """Columns of text that hardly repeat, the longest first."""
    columns = [
        column
        for column, kind in frame.schema.items()
        if kind == pl.String and frame[column].n_unique() > frame.height / 2
    ]
    return sorted(columns, key=lambda column: -frame[column].str.len_chars().sum())


def _labels(frame: pl.DataFrame, text: str | None) -> list[str]:
    """Columns that may hold labels, those of fewest values first."""
    columns = [column for column in frame.columns if _is_label(frame, column, text)]
    return sorted(columns, key=lambda column: frame[column].n_unique())


def _separator(frame: pl.DataFrame, column: str | None) -> str | None:
    """What stands between several labels in a column, none where each row has one.

    Labels that come together in many ways are fewer than the values of the column.
    """
    if column is None:
        return None
    kind = frame.schema[column]
    if isinstance(kind, pl.List | pl.Array):
        return None if kind.inner.is_nested() else ","
    if kind != pl.String:
        return None
    values = pl.Series(list(map(value_of, frame[column].drop_nulls().unique())), dtype=pl.String)
    for separator in ",;|":
        labels = values.str.split(separator).explode().str.strip_chars()
        if 2 <= labels.n_unique() < min(values.n_unique(), MOST):
            return separator
    return None


def _is_label(frame: pl.DataFrame, column: str | None, text: str | None) -> bool:
    if column is None or column == text or frame.schema[column].is_nested():
        return False
    if frame[column].drop_nulls().n_unique() > min(MOST, frame.height / 2):
        return False
    try:
        return bool(learnt_labels(frame[column]))
    except ValueError:  # a single one
        return False
