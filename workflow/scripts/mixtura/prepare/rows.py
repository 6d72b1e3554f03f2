"""Canonical rows of a task.

A row has an id, a text (what is measured and deduplicated) and a label, and what its kind of task
adds. classification: text and label are its own. multilabel: labels (a list, perhaps empty). qa:
context, question, answers (a list); the text is the question. instruction: prompt, response; the
text is both, one below the other; rows that are conversations have `messages` too, all turns as
JSON, the last of which is the response. text: the text alone. Where rows have no label, or several,
the kind stands in its place, so that all rows are of one; of questions of which some have no
answer, ANSWERABLE or UNANSWERABLE does.
"""

import json
from typing import NamedTuple

import polars as pl

from mixtura.core.digest import row_id
from mixtura.prepare.columns import ColumnError, plain_column
from mixtura.prepare.label_sets import label_values
from mixtura.prepare.labels import label_words
from mixtura.prepare.messages import context_text, read_conversation
from mixtura.prepare.settings import (
    ANSWERABLE,
    UNANSWERABLE,
    Columns,
    Contradictions,
    Kind,
    OtherLabels,
)

EMPTY = "with an empty text"
SHOWN = 10  # labels that a message lists
BETWEEN = "\n"  # labels of a row in one text, which no label word holds


class CanonicalRows(NamedTuple):
    """Rows of a task; how many rows of the data are none of them, reason -> rows; and how many
    rows of the data have a text that also has another label."""

    rows: pl.DataFrame
    left_out: dict[str, int]
    contradicting: int = 0


def task_rows(
    frame: pl.DataFrame,
    kind: Kind,
    columns: Columns,
    labels: dict[str, str] | None,
    origin: str,
    other_labels: OtherLabels = "error",
    contradictions: Contradictions = "leave-out",
    unanswerable: bool = False,
    label_separator: str = ",",
    empty_texts: OtherLabels = "error",
) -> CanonicalRows:
    """Canonical rows of a task of this kind; `columns` maps its fields to columns of the frame.

    Exact duplicates keep their first row, questions without an answer go, unless `unanswerable`:
    then whether they have one is the label of every question. Raises ColumnError, and
    ValueError that names the first row with a field that is not UTF-8, or empty unless
    `empty_texts` says that such rows are left out.
    """
    if frame.is_empty():
        raise ValueError("there are no rows, only names of columns")
    if kind in ("classification", "multilabel"):
        assert labels is not None
        text, label = str(columns["text"]), columns["label"]
        rules = (labels, origin, other_labels, contradictions)
        if kind == "multilabel":
            return multilabel_rows(frame, text, label, *rules, label_separator, empty_texts)
        return canonical_rows(frame, text, str(label), *rules, empty_texts)
    if "messages" in columns:
        rows = _conversations(frame, str(columns["messages"]))
    else:
        fields = [field for field in columns if field != "answer"]
        rows = pl.DataFrame(
            {field: _texts(frame, str(columns[field]), field, empty_texts) for field in fields}
        )
    texts = rows.columns
    if kind == "qa":
        answers = _answers(frame, str(columns["answer"]), empty_texts)
        rows = rows.with_columns(answers, text="question")
    rows = rows.drop_nulls(texts)
    filled, answered, word = rows, rows, pl.lit(kind)
    if kind == "qa":
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
            EMPTY: frame.height - filled.height,
            "without an answer": filled.height - answered.height,
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
    empty_texts: OtherLabels = "error",
) -> CanonicalRows:
    """Rows (id, text, label) from a frame with a text and a label column.

    `labels` maps values of the label column to label words. Of rows with one text and one label
    the first stays; a text with several labels goes, or has a row for each of them. Raises
    ColumnError, and ValueError that names the first row whose text is empty or not UTF-8, or whose
    label is not in `labels`.
    """
    values = plain_column(frame, label, "label")
    words = label_words(values, labels)
    rows = pl.DataFrame({"text": _texts(frame, text, "text", empty_texts), "label": words})
    return _labelled(rows, values, labels, origin, other_labels, contradictions)


def multilabel_rows(
    frame: pl.DataFrame,
    text: str,
    label: str | list[str],
    labels: dict[str, str],
    origin: str,
    other_labels: OtherLabels = "error",
    contradictions: Contradictions = "leave-out",
    separator: str = ",",
    empty_texts: OtherLabels = "error",
) -> CanonicalRows:
    """Rows (id, text, label, labels) as of `canonical_rows`, with several labels each.

    `label` names a column of lists, one of text with a `separator`, or a column for each label.
    `labels` of a row are its words in order; a text with different ones contradicts itself.
    """
    columns = label if isinstance(label, str) else ", ".join(label)
    values = label_values(frame, label, separator).alias(columns)
    each = pl.DataFrame({"row": range(frame.height), "value": values}).explode("value").drop_nulls()
    word = pl.col("word")
    words = (
        each.with_columns(word=label_words(each["value"], labels))
        .group_by("row")
        .agg(pl.when(word.is_not_null().all()).then(word.unique().sort().str.join(BETWEEN)))
    )
    joined = pl.DataFrame({"row": range(frame.height)}).join(words, on="row", how="left")
    label_of = (
        pl.when(values.list.len() == 0).then(pl.lit("")).otherwise(joined["word"]).alias("label")
    )
    rows = pl.DataFrame({"text": _texts(frame, text, "text", empty_texts)}).with_columns(label_of)
    result = _labelled(rows, values, labels, origin, other_labels, contradictions)
    sets = pl.col("label").str.split(BETWEEN).list.eval(pl.element().filter(pl.element() != ""))
    return result._replace(rows=result.rows.with_columns(label=pl.lit("multilabel"), labels=sets))


def _labelled(
    rows: pl.DataFrame,
    values: pl.Series,
    labels: dict[str, str],
    origin: str,
    other_labels: OtherLabels,
    contradictions: Contradictions,
) -> CanonicalRows:
    """Rows (text, label) whose label is null where `labels` lacks its value, put in order."""
    unknown = rows["label"].is_null() & rows["text"].is_not_null()
    if unknown.any() and other_labels == "error":
        first = unknown.arg_true()[0]
        raise ValueError(
            f"row {first + 1}: label {_plain(values[first])!r} is not in task.labels "
            f"({', '.join(list(labels)[:SHOWN])}{', ...' if len(labels) > SHOWN else ''}); "
            f"{unknown.sum()} such rows in column {values.name}, which task.other_labels: "
            "leave-out leaves out"
        )
    known = rows.drop_nulls().with_columns(several=pl.col("label").n_unique().over("text") > 1)
    contradicting = known.filter("several").height
    used = known if contradictions == "keep" else known.filter(~pl.col("several"))
    unique = used.unique(["text", "label"], keep="first", maintain_order=True)
    ids = [
        row_id(origin, text, label) if several else row_id(origin, text)
        for text, label, several in unique.rows()
    ]
    left_out = {
        EMPTY: rows["text"].null_count(),
        "with other labels": int(unknown.sum()),
        "of one text with several labels": known.height - used.height,
        "duplicates": used.height - unique.height,
    }
    rows = unique.select(pl.Series("id", ids), "text", "label")
    return CanonicalRows(rows, _counted(left_out), contradicting)


def _plain(value: object) -> object:
    return value.to_list() if isinstance(value, pl.Series) else value


def _conversations(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Prompt, response and messages of each conversation in a column.

    Raises ColumnError for an absent column, ValueError that names the first row that is none.
    """
    if column not in frame.columns:
        raise ColumnError(
            f"messages: no column {column!r}; columns are: {', '.join(frame.columns) or 'none'}"
        )
    rows = []
    for number, value in enumerate(frame[column].to_list(), start=1):
        try:
            messages = read_conversation(value)
        except ValueError as error:
            raise ValueError(f"row {number}: {column} {error}") from None
        rows.append((context_text(messages[:-1]), messages[-1]["content"], json.dumps(messages)))
    return pl.DataFrame(rows, ["prompt", "response", "messages"], orient="row")


def _counted(left_out: dict[str, int]) -> dict[str, int]:
    return {reason: rows for reason, rows in left_out.items() if rows}


def _texts(frame: pl.DataFrame, column: str, field: str, empty_texts: OtherLabels) -> pl.Series:
    """A column of text, stripped; ValueError names the first row that is empty or not UTF-8.

    Where empty texts are left out they are null.
    """
    values = plain_column(frame, column, field)
    if values.dtype == pl.Binary:
        decoded = [None if v is None else v.decode("utf-8", "replace") for v in values]
        values = pl.Series(values.name, decoded, pl.String)
    texts = values.cast(pl.String).str.strip_chars().replace("", None)
    empty = texts.is_null() & (empty_texts == "error")
    for fault, rows in (
        ("empty (task.empty_texts: leave-out leaves such rows out)", empty),
        ("not UTF-8 (task.data.encoding names another encoding)", _broken(texts)),
    ):
        if rows.any():
            raise ValueError(
                f"row {rows.arg_true()[0] + 1}: the {field} is {fault}; {rows.sum()} such rows in "
                f"column {column}"
            )
    return texts


def _broken(texts: pl.Series) -> pl.Series:
    return texts.str.contains("\ufffd", literal=True).fill_null(False)


def _answers(frame: pl.DataFrame, column: str, empty_texts: OtherLabels) -> pl.Series:
    """The answers of each question: a list of text, empty where there is none.

    They come as text, as a list of text, as a list of structs with a text each, or as a struct
    with a list of texts, which the data set "squad" holds.
    """
    answers = plain_column(frame, column, "answer", lists=True, structs=True)
    kind = answers.dtype
    if isinstance(kind, pl.Struct):
        return _answers(answers.struct.unnest(), _text_field(kind, column), empty_texts)
    if not isinstance(kind, pl.List):
        texts = _texts(frame, column, "answer", empty_texts)
        return pl.Series("answers", [[text] if text else [] for text in texts])
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
