"""Canonical rows."""

import polars as pl
import pytest

from mixtura.prepare.columns import ColumnError, plain_column
from mixtura.prepare.files import read_rows
from mixtura.prepare.labels import learnt_labels
from mixtura.prepare.rows import canonical_rows, task_rows
from mixtura.train.completions import row_completions

LABELS = {"1": "positive", "0": "negative"}


def test_labels_become_words_and_duplicates_go() -> None:
    frame = pl.DataFrame({"say": [" good ", "bad", "good"], "y": [1, 0, 1]})
    rows, left_out, _ = canonical_rows(frame, "say", "y", LABELS, "real")
    assert left_out == {"duplicates": 1}
    assert rows.select("text", "label").rows() == [("good", "positive"), ("bad", "negative")]
    assert rows["id"].n_unique() == 2


@pytest.mark.parametrize(
    ("texts", "labels", "output"),
    [
        (["a", "  "], [1, 0], "row 2: the text is empty"),
        (["a", None], [1, 0], "row 2: the text is empty"),
        (
            ["a", "b", "c"],
            [1, 7, 8],
            r"row 2: label 7 is not in task.labels \(1, 0\); 2 such rows",
        ),
        (["a"], [None], "row 1: label None"),
    ],
)
def test_a_bad_row_is_named(texts: list[str], labels: list[int], output: str) -> None:
    with pytest.raises(ValueError, match=output):
        canonical_rows(pl.DataFrame({"text": texts, "label": labels}), "text", "label", LABELS, "r")


def test_bytes_that_are_not_utf8_name_the_row(tmp_path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"text,label\nfine,1\ncaf\xe9,0\n")
    frame = read_rows(tmp_path / "rows.csv")
    with pytest.raises(ValueError, match="row 2: the text is not UTF-8"):
        canonical_rows(frame, "text", "label", LABELS, "real")


def test_answers_of_a_file_are_lists_of_structs(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(
        '{"context":"Paris is in France.","question":"Where is Paris?",'
        '"answers":[{"text":"France","answer_start":12}]}\n'
        '{"context":"Rome is in Italy.","question":"Where is Rome?",'
        '"answers":[{"text":"Italy","answer_start":11},{"text":"in Italy","answer_start":8}]}\n'
        '{"context":"Oslo is cold.","question":"Where is Oslo?","answers":[]}\n'
    )
    rows, left_out, _ = task_rows(read_rows(path), "qa", {**QA, "answer": "answers"}, None, "real")
    assert rows["answers"].to_list() == [["France"], ["Italy", "in Italy"]]
    assert left_out == {"without an answer": 1}
    rows, left_out, _ = task_rows(
        read_rows(path), "qa", {**QA, "answer": "answers"}, None, "real", unanswerable=True
    )
    assert rows["label"].to_list() == ["answerable", "answerable", "unanswerable"]
    assert rows["answers"].to_list()[2] == [] and not left_out
    assert row_completions("qa", rows) == [" France", " Italy", " unanswerable"]


NESTED = [{"en": "hi"}, {"en": "ho"}]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("text", NESTED, r"text: column text holds a struct \(en\); .* such as text.en"),
        ("text", [["hi"], ["ho"]], r"text: column text holds lists \(List\(String\)\)"),
        ("text", pl.Series(["hi", ["ho"]], dtype=pl.Object), "text: column text holds values of s"),
        ("label", NESTED, "label: column label holds a struct"),
        ("text.de", NESTED, "text: no column 'de'; columns are: en"),
    ],
)
def test_nested_columns_are_refused_by_name_and_type(column: str, values, message: str) -> None:
    base = {"text": ["hi", "ho"], "label": [1, 0]}
    frame = pl.DataFrame({**base, column.partition(".")[0]: values})
    text = column if column.startswith("text") else "text"
    with pytest.raises(ColumnError, match=message):
        canonical_rows(frame, text, "label", LABELS, "real")


def test_a_field_of_a_struct_is_named() -> None:
    frame = pl.DataFrame({"text": NESTED, "label": [1, 0]})
    rows = canonical_rows(frame, "text.en", "label", LABELS, "real").rows
    assert rows["text"].to_list() == ["hi", "ho"]


def test_categories_and_bytes_are_text() -> None:
    text = pl.Series([b"eins", "zwei ä".encode()], dtype=pl.Binary)
    frame = pl.DataFrame({"text": text, "label": pl.Series(["1", "0"], dtype=pl.Categorical)})
    rows = canonical_rows(frame, "text", "label", LABELS, "real").rows
    assert rows.select("text", "label").rows() == [("eins", "positive"), ("zwei ä", "negative")]
    broken = frame.with_columns(text=pl.Series([b"fine", b"caf\xe9"], dtype=pl.Binary))
    with pytest.raises(ValueError, match="row 2: the text is not UTF-8"):
        canonical_rows(broken, "text", "label", LABELS, "real")


CONTRADICTING = pl.DataFrame(
    {
        "text": ["same words here", "same words here", "other words here", "other words here"],
        "label": ["1", "0", "1", "1"],
    }
)


def test_one_text_with_several_labels_goes_or_stays_with_each() -> None:
    out = canonical_rows(CONTRADICTING, "text", "label", LABELS, "real")
    assert out.rows.select("text", "label").rows() == [("other words here", "positive")]
    assert out.left_out == {"of one text with several labels": 2, "duplicates": 1}
    both = canonical_rows(CONTRADICTING, "text", "label", LABELS, "real", contradictions="keep")
    assert both.rows.select("text", "label").rows() == [
        ("same words here", "positive"),
        ("same words here", "negative"),
        ("other words here", "positive"),
    ]
    assert both.left_out == {"duplicates": 1} and out.contradicting == both.contradicting == 2
    assert both.rows["id"].n_unique() == 3 and both.rows["id"][2] == out.rows["id"][0]


def test_labels_of_one_word_do_not_contradict() -> None:
    labels = {"1": "some", "0": "some", "2": "none"}
    out = canonical_rows(CONTRADICTING, "text", "label", labels, "real")
    assert out.rows.height == 2 and out.contradicting == 0


def test_rows_with_other_labels_are_left_out_where_asked() -> None:
    frame = pl.DataFrame({"text": ["a", "b", "c", "d"], "label": ["1", "?", None, "0"]})
    out = canonical_rows(frame, "text", "label", LABELS, "real", other_labels="leave-out")
    assert out.rows["text"].to_list() == ["a", "d"]
    assert out.left_out == {"with other labels": 2}


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="no column 'text'; columns are: review, label"):
        canonical_rows(pl.DataFrame({"review": ["a"], "label": [1]}), "text", "label", LABELS, "r")


QA = {"context": "context", "question": "question", "answer": "answer"}


def test_answers_read_the_same_from_every_shape() -> None:
    base = {"context": ["c", "d"], "question": ["q", "r"]}
    shapes = [
        (["x", "y"], pl.String),
        ([["x"], ["y"]], pl.List(pl.String)),
        ([{"text": ["x"]}, {"text": ["y"]}], pl.Struct({"text": pl.List(pl.String)})),
        ([[{"text": "x"}], [{"text": "y"}]], pl.List(pl.Struct({"text": pl.String}))),
    ]
    result = [
        task_rows(
            pl.DataFrame(base).with_columns(pl.Series("answer", values, kind)), "qa", QA, None, "r"
        ).rows
        for values, kind in shapes
    ]
    assert result[0]["answers"].to_list() == [["x"], ["y"]]
    assert all(result[0].equals(other) for other in result[1:])


def test_plain_text_has_one_constant_label() -> None:
    frame = pl.DataFrame({"body": ["one", "two", "one"]})
    rows = task_rows(frame, "text", {"text": "body"}, None, "real").rows
    assert rows.select("text", "label").rows() == [("one", "text"), ("two", "text")]


@pytest.mark.parametrize(
    ("kind", "frame", "output"),
    [
        ("qa", {"context": ["c"], "question": [""], "answer": ["a"]}, "row 1: the question is em"),
        (
            "qa",
            {"context": ["c", "c"], "question": ["q", "r"], "answer": ["a", None]},
            "row 2: the answer is empty",
        ),
        ("qa", {"context": ["c"], "question": ["q"]}, "no column 'answer'; columns are: context"),
        ("text", {"text": ["fine", "caf\ufffd"]}, "row 2: the text is not UTF-8"),
    ],
)
def test_a_bad_field_is_named(kind: str, frame: dict[str, list[str]], output: str) -> None:
    columns = QA if kind == "qa" else {"text": "text"}
    with pytest.raises(ValueError, match=output):
        task_rows(pl.DataFrame(frame), kind, columns, None, "real")


@pytest.mark.parametrize("kind", ["classification", "multilabel", "text", "qa"])
def test_rows_with_an_empty_text_are_left_out_where_asked(kind: str) -> None:
    texts = ["one", "  ", None, "two"]
    frame = pl.DataFrame(
        {"text": texts, "label": ["a", None, "a", "b"], "context": ["c"] * 4, "answer": ["x"] * 4}
    )
    columns = {
        "text": {"text": "text"},
        "qa": {"context": "context", "question": "text", "answer": "answer"},
    }.get(kind, {"text": "text", "label": "label"})
    labels = {"a": "a", "b": "b"} if "label" in columns else None
    rows, left_out, _ = task_rows(frame, kind, columns, labels, "real", empty_texts="leave-out")
    assert rows["text"].to_list() == ["one", "two"]
    assert left_out == {"with an empty text": 2}
    with pytest.raises(ValueError, match=r"row 2: .* is empty \(task.empty_texts: leave-out"):
        task_rows(frame, kind, columns, labels, "real")


def test_a_row_after_an_empty_one_has_its_number() -> None:
    frame = pl.DataFrame({"text": ["one", "", "two"], "label": ["a", None, "c"]})
    columns, labels = {"text": "text", "label": "label"}, {"a": "a", "b": "b"}
    with pytest.raises(ValueError, match=r"row 3: label 'c' is not in task.labels"):
        task_rows(frame, "classification", columns, labels, "real", empty_texts="leave-out")
    many = {f"label {n}": f"label {n}" for n in range(500)}
    with pytest.raises(ValueError, match=r"label 9, \.\.\.\); 3 such rows"):
        canonical_rows(
            pl.DataFrame({"text": list("xyz"), "label": list("abc")}), "text", "label", many, "real"
        )


def test_what_is_no_number_is_no_label() -> None:
    frame = pl.DataFrame({"text": ["a", "b", "c"], "label": [1.0, float("nan"), 2.0]})
    labels = {"1": "one", "2": "two"}
    rows, left_out, _ = canonical_rows(frame, "text", "label", labels, "real", "leave-out")
    assert rows["label"].to_list() == ["one", "two"] and left_out == {"with other labels": 1}
    assert learnt_labels(plain_column(frame, "label", "label")) == {"1": "1", "2": "2"}
