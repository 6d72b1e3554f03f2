"""Columns of a frame by their names, refused by name and type where they hold no plain values."""

import polars as pl


class ColumnError(ValueError):
    """A column is absent or no column of text; the message starts with the field it is for."""


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
        name = "values of several types" if kind == pl.Object else f"lists ({kind})"
        hint = "; task.kind: multilabel reads lists of labels" * (field == "label")
        raise ColumnError(f"{field}: column {column} holds {name}; name a column of text{hint}")
    return values
