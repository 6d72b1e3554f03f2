"""Canonical rows of a task, and the splits that keep test, reference and training apart.

A row has an id, a text (what is measured and deduplicated) and a label, and what its kind of task
adds. classification: text and label are its own. qa: context, question, answers (a list); the text
is the question. instruction: prompt, response; the text is both, one below the other. text: the
text alone. Where rows have no label, the kind stands in its place, so that all rows are of one.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.digest import row_id
from mixtura.tables import read_table


def read_rows(path: str | Path) -> pl.DataFrame:
    """A frame from a file of `mixtura.tables.read_table`, or from JSON.

    JSON is a list of records, or questions as in SQuAD: one row for each question, with the
    columns context, question, answer (a list, empty where the question cannot be answered).
    """
    file = Path(path)
    if file.suffix != ".json":
        return read_table(file)
    document = json.loads(file.read_bytes().decode("utf-8", "replace"))
    if isinstance(document, dict) and "data" in document:
        return squad_frame(document)
    if not isinstance(document, list):
        raise ValueError(f"{file}: neither a list of records nor questions as in SQuAD")
    return pl.DataFrame(document, infer_schema_length=None)


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


def task_rows(
    frame: pl.DataFrame,
    kind: str,
    columns: dict[str, str],
    labels: dict[str, str] | None,
    origin: str,
) -> pl.DataFrame:
    """Canonical rows of a task of this kind; `columns` maps its fields to columns of the frame.

    Exact duplicates keep their first row, questions without an answer go. Raises ValueError that
    names the column, or the first row with a field that is empty or not UTF-8.
    """
    if kind == "classification":
        assert labels is not None
        return canonical_rows(frame, columns["text"], columns["label"], labels, origin)
    texts = {field: column for field, column in columns.items() if field != "answer"}
    rows = pl.DataFrame({field: _column(frame, column, field) for field, column in texts.items()})
    if kind == "qa":
        rows = rows.with_columns(_answers(frame, columns["answer"]), text="question")
        rows = rows.filter(pl.col("answers").list.len() > 0)
    elif kind == "instruction":
        rows = rows.with_columns(text=pl.concat_str("prompt", "response", separator="\n"))
    rows = rows.unique([*texts], keep="first", maintain_order=True)
    ids = [row_id(origin, *values) for values in rows.select([*texts]).rows()]
    own = [field for field in rows.columns if field != "text"]
    return rows.select(pl.Series("id", ids), "text", pl.lit(kind).alias("label"), *own)


def canonical_rows(
    frame: pl.DataFrame, text: str, label: str, labels: dict[str, str], origin: str
) -> pl.DataFrame:
    """Rows (id, text, label) from a frame with a text and a label column.

    `labels` maps values of the label column to label words. Exact duplicates of a text keep their
    first row. Raises ValueError that names the column, or the first row whose text is empty or
    not UTF-8, or whose label is not in `labels`.
    """
    if label not in frame.columns:
        raise _no_column(frame, label)
    rows = pl.DataFrame(
        {"text": _column(frame, text, "text"), "label": frame[label].cast(pl.String)}
    ).with_row_index("row", offset=1)
    unknown = rows.filter(~pl.col("label").is_in(list(labels)) | pl.col("label").is_null())
    if not unknown.is_empty():
        row, value = unknown["row"][0], unknown["label"][0]
        raise ValueError(
            f"row {row}: label {value!r} is not in task.labels ({', '.join(labels)}); "
            f"{unknown.height} such rows"
        )
    rows = rows.unique("text", keep="first", maintain_order=True)
    ids = [row_id(origin, line) for line in rows["text"]]
    return rows.select(
        pl.Series("id", ids), "text", pl.col("label").replace_strict(labels, return_dtype=pl.String)
    )


def _column(frame: pl.DataFrame, column: str, field: str) -> pl.Series:
    """A column of text, stripped; ValueError names the first row that is empty or not UTF-8."""
    if column not in frame.columns:
        raise _no_column(frame, column)
    texts = frame[column].cast(pl.String).str.strip_chars()
    for fault, rows in (
        ("empty", texts.fill_null("") == ""),
        ("not UTF-8", texts.str.contains("\ufffd", literal=True).fill_null(False)),
    ):
        if rows.any():
            raise ValueError(
                f"row {rows.arg_true()[0] + 1}: the {field} is {fault} ({rows.sum()} such rows)"
            )
    return texts


def _answers(frame: pl.DataFrame, column: str) -> pl.Series:
    """The answers of each question: a list of text, empty where there is none."""
    if column not in frame.columns:
        raise _no_column(frame, column)
    answers = frame[column]
    if isinstance(answers.dtype, pl.Struct):  # as the data set "squad" holds them
        answers = answers.struct.field("text")
    if not isinstance(answers.dtype, pl.List):
        return pl.Series("answers", [[text] for text in _column(frame, column, "answer")])
    texts = answers.list.eval(pl.element().cast(pl.String).str.strip_chars())
    told = texts.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)
    return told.fill_null([]).alias("answers")


def _no_column(frame: pl.DataFrame, column: str) -> ValueError:
    return ValueError(f"no column {column!r}; columns are: {', '.join(frame.columns)}")


def rated_rows(lines: str) -> pl.DataFrame:
    """Frame (text, label) from tab-separated `id, mean rating, text` lines.

    Ratings >= 0.5 are positive, <= -0.5 negative; what lies between is left out.
    """
    parts = [line.split("\t", 2) for line in lines.splitlines() if line.strip()]
    frame = pl.DataFrame(
        {"rating": [float(part[1]) for part in parts], "text": [part[2] for part in parts]}
    )
    sentiment = (
        pl.when(pl.col("rating") >= 0.5)
        .then(pl.lit("positive"))
        .when(pl.col("rating") <= -0.5)
        .then(pl.lit("negative"))
    )
    return frame.select("text", sentiment.alias("label")).drop_nulls()
