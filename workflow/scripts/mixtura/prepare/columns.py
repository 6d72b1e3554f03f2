"""Columns of a frame by their names, refused by name and type where they hold no plain values."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl


class ColumnError(ValueError):
    """A column is absent or no column of text; the message starts with the field it is for."""


@contextmanager
def naming_file(path: str | Path | None) -> Iterator[None]:
    """What is wrong with the rows of a file names it too."""
    try:
        yield
    except ColumnError as error:
        raise ColumnError(f"{error} (in {path})" if path else str(error)) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}" if path else str(error)) from None


def plain_column(
    frame: pl.DataFrame, column: str, field: str, lists: bool = False, structs: bool = False
) -> pl.Series:
    """A column with plain values, or a field of one with structs, named as `text.en`.

    `lists` and `structs` say what else may stand in it. Raises ColumnError that says what there is.
    """
    outer, _, inner = column.partition(".")
    if column in frame.columns:
        values = frame[column]
    elif inner and isinstance(frame.schema.get(outer), pl.Struct):
        return plain_column(frame[outer].struct.unnest(), inner, field, lists, structs).alias(
            column
        )
    else:
        raise ColumnError(
            f"{field}: no column {column!r}; columns are: {', '.join(frame.columns) or 'none'}"
        )
    kind = values.dtype
    if isinstance(kind, pl.Struct) and not structs:
        fields = [part.name for part in kind.fields]
        raise ColumnError(
            f"{field}: column {column} holds a struct ({', '.join(fields)}); name a column of "
            f"text, or a field of this one, such as {column}.{fields[0]}"
        )
    if (isinstance(kind, pl.List | pl.Array) and not lists) or kind == pl.Object:
        name = _several_types(values) if kind == pl.Object else f"lists ({kind})"
        hint = "; task.kind: multilabel reads lists of labels" * (field == "label")
        raise ColumnError(f"{field}: column {column} holds {name}; name a column of text{hint}")
    return values.fill_nan(None) if kind.is_float() else values


def _several_types(values: pl.Series) -> str:
    """What a column of mixed values holds, with the first row that is of another type."""
    types = [None if value is None else type(value) for value in values]
    usual = next(kind for kind in types if kind)
    row = next(row for row, kind in enumerate(types) if kind not in (usual, None))
    return f"values of several types (row {row + 1}: {values[row]!r:.60})"
