"""Canonical rows of a task.

A row has an id, a text (what is measured and deduplicated) and a label, and what its kind of task
adds. classification: text and label are its own. qa: context, question, answers (a list); the text
is the question. instruction: prompt, response; the text is both, one below the other. text: the
text alone. Where rows have no label, the kind stands in its place, so that all rows are of one; of
questions of which some have no answer, ANSWERABLE or UNANSWERABLE does.
"""

from typing import NamedTuple

import polars as pl

from mixtura.core.digest import row_id
from mixtura.prepare.labels import label_words
from mixtura.prepare.settings import (
    ANSWERABLE,
    UNANSWERABLE,
    Contradictions,
    Kind,
    OtherLabels,
)


class ColumnError(ValueError):
    """A column is absent or no column of text; the message starts with the field it is for."""


class CanonicalRows(NamedTuple):
    """Rows of a task; how many rows of the data are none of them, reason -> rows; and how many
    rows of the data have a text that also has another label."""

    rows: pl.DataFrame
    left_out: dict[str, int]
    contradicting: int = 0


def task_rows(
    frame: pl.DataFrame,
    kind: Kind,
    columns: dict[str, str],
    labels: dict[str, str] | None,
    origin: str,
    other_labels: OtherLabels = "error",
    contradictions: Contradictions = "leave-out",
    unanswerable: bool = False,
) -> CanonicalRows:
    """Canonical rows of a task of this kind; `columns` maps its fields to columns of the frame.

    Exact duplicates keep their first row, questions without an answer go, unless `unanswerable`:
    then whether they have one is the label of every question. Raises ColumnError, and
    ValueError that names the first row with a field that is empty or not UTF-8.
    """
    if kind == "classification":
        assert labels is not None
        text, label = (columns[field] for field in ("text", "label"))
        return canonical_rows(frame, text, label, labels, origin, other_labels, contradictions)
    texts = [field for field in columns if field != "answer"]
    rows = pl.DataFrame({field: _texts(frame, columns[field], field) for field in texts})
    answered, word = rows, pl.lit(kind)
    if kind == "qa":
        rows = rows.with_columns(_answers(frame, columns["answer"]), text="question")
        if unanswerable:
            has_answer = pl.col("answers").list.len() > 0
            word = pl.when(has_answer).then(pl.lit(ANSWERABLE)).otherwise(pl.lit(UNANSWERABLE))
        else:
            answered = rows = rows.filter(pl.col("answers").list.len() > 0)
    elif kind == "instruction":
        rows = rows.with_columns(text=pl.concat_str("prompt", "response", separator="\n"))
    rows = rows.unique(texts, keep="first", maintain_order=True)
    left_out = _counted(
        {
            "without an answer": frame.height - answered.height,
            "duplicates": answered.height - rows.height,
        }
    )
    ids = [row_id(origin, *values) for values in rows.select(texts).rows()]
    fields = [field for field in rows.columns if field != "text"]
    rows = rows.select(pl.Series("id", ids), "text", word.alias("label"), *fields)
    return CanonicalRows(rows, left_out)


def canonical_rows(
    frame: pl.DataFrame,
    text: str,
    label: str,
    labels: dict[str, str],
    origin: str,
    other_labels: OtherLabels = "error",
    contradictions: Contradictions = "leave-out",
) -> CanonicalRows:
    """Rows (id, text, label) from a frame with a text and a label column.

    `labels` maps values of the label column to label words. Of rows with one text and one label
    the first stays; a text with several labels goes, or has a row for each of them. Raises
    ColumnError, and ValueError that names the first row whose text is empty or not UTF-8, or whose
    label is not in `labels`.
    """
    values = plain_column(frame, label, "label")
    words = label_words(values, labels)
    rows = pl.DataFrame({"text": _texts(frame, text, "text"), "label": words})
    if words.null_count() and other_labels == "error":
        first = words.is_null().arg_true()[0]
        raise ValueError(
            f"row {first + 1}: label {values[first]!r} is not in task.labels "
            f"({', '.join(labels)}); {words.null_count()} such rows, which "
            "task.other_labels: leave-out leaves out"
        )
    known = rows.drop_nulls("label").with_columns(
        several=pl.col("label").n_unique().over("text") > 1
    )
    contradicting = known.filter("several").height
    used = known if contradictions == "keep" else known.filter(~pl.col("several"))
    unique = used.unique(["text", "label"], keep="first", maintain_order=True)
    ids = [
        row_id(origin, text, label) if several else row_id(origin, text)
        for text, label, several in unique.rows()
    ]
    left_out = {
        "with other labels": words.null_count(),
        "of one text with several labels": known.height - used.height,
        "duplicates": used.height - unique.height,
    }
    rows = unique.select(pl.Series("id", ids), "text", "label")
    return CanonicalRows(rows, _counted(left_out), contradicting)


def plain_column(frame: pl.DataFrame, column: str, field: str) -> pl.Series:
    """A column with plain values, or a field of one with structs, named as `text.en`.

    Raises ColumnError that says what there is.
    """
    outer, _, inner = column.partition(".")
    if column in frame.columns:
        values = frame[column]
    elif inner and isinstance(frame.schema.get(outer), pl.Struct):
        return plain_column(frame[outer].struct.unnest(), inner, field).alias(column)
    else:
        raise ColumnError(
            f"{field}: no column {column!r}; columns are: {', '.join(frame.columns) or 'none'}"
        )
    kind = values.dtype
    if isinstance(kind, pl.Struct) and field != "answer":
        fields = [part.name for part in kind.fields]
        raise ColumnError(
            f"{field}: column {column} holds a struct ({', '.join(fields)}); name a column of "
            f"text, or a field of this one, such as {column}.{fields[0]}"
        )
    lists = isinstance(kind, pl.List | pl.Array) and field != "answer"
    if lists or kind == pl.Object:
        name = "values of several types" if kind == pl.Object else f"lists ({kind})"
        raise ColumnError(f"{field}: column {column} holds {name}; name a column of text")
    return values


def _counted(left_out: dict[str, int]) -> dict[str, int]:
    return {reason: rows for reason, rows in left_out.items() if rows}


def _texts(frame: pl.DataFrame, column: str, field: str) -> pl.Series:
    """A column of text, stripped; ValueError names the first row that is empty or not UTF-8."""
    values = plain_column(frame, column, field)
    if values.dtype == pl.Binary:
        decoded = [None if v is None else v.decode("utf-8", "replace") for v in values]
        values = pl.Series(values.name, decoded, pl.String)
    texts = values.cast(pl.String).str.strip_chars()
    for fault, rows in (
        ("empty", texts.fill_null("") == ""),
        ("not UTF-8 (task.data.encoding names another encoding)", _broken(texts)),
    ):
        if rows.any():
            raise ValueError(
                f"row {rows.arg_true()[0] + 1}: the {field} is {fault}; {rows.sum()} such rows"
            )
    return texts


def _broken(texts: pl.Series) -> pl.Series:
    return texts.str.contains("\ufffd", literal=True).fill_null(False)


def _answers(frame: pl.DataFrame, column: str) -> pl.Series:
    """The answers of each question: a list of text, empty where there is none.

    They come as text, as a list of text, as a list of structs with a text each, or as a struct
    with a list of texts, which the data set "squad" holds.
    """
    answers = plain_column(frame, column, "answer")
    kind = answers.dtype
    if isinstance(kind, pl.Struct):
        return _answers(answers.struct.unnest(), _text_field(kind, column))
    if not isinstance(kind, pl.List):
        return pl.Series("answers", [[text] for text in _texts(frame, column, "answer")])
    if isinstance(kind.inner, pl.Struct):
        text = pl.element().struct.field(_text_field(kind.inner, column))
        answers = answers.list.eval(text)
    texts = answers.list.eval(pl.element().cast(pl.String).str.strip_chars())
    texts = texts.list.eval(pl.element().filter(pl.element() != ""))
    return texts.list.unique(maintain_order=True).fill_null([]).alias("answers")


def _text_field(kind: pl.Struct, column: str) -> str:
    fields = [field.name for field in kind.fields]
    if "text" not in fields:
        raise ColumnError(
            f"answer: column {column} holds structs ({', '.join(fields)}) without a field text"
        )
    return "text"
