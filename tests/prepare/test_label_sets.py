"""Several labels a row, as files hold them."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.prepare.columns import ColumnError
from mixtura.prepare.files import read_rows
from mixtura.prepare.label_sets import label_values, set_words, task_labels
from mixtura.prepare.rows import task_rows


@pytest.mark.parametrize(
    ("values", "separator", "expected"),
    [
        (["a,b", " b , a ", None, "", "a,a"], ",", [["a", "b"], ["b", "a"], [], [], ["a"]]),
        (["4.0|2", "4"], "|", [["4", "2"], ["4"]]),
        ([["a", "b"], [], None], ",", [["a", "b"], [], []]),
        ([[1, 2], [3, None]], ",", [["1", "2"], ["3"]]),
        (["['x', 'y']", '["x"]', "[]", "[x, y]"], ",", [["x", "y"], ["x"], [], ["x", "y"]]),
        ([3, 4], ",", [["3"], ["4"]]),
    ],
)
def test_labels_of_a_row_come_in_every_form(
    values: list[Any], separator: str, expected: list[list[str]]
) -> None:
    frame = pl.DataFrame({"label": values}, strict=False)
    assert label_values(frame, "label", separator).to_list() == expected


def test_a_column_for_each_label_says_whether_a_row_has_it(tmp_path: Path) -> None:
    file = tmp_path / "toxic.csv"
    file.write_text("text,insult,threat\none,1,0\ntwo,true,YES\nthree,0,\n")
    frame = read_rows(file)
    columns = ["insult", "threat"]
    assert label_values(frame, columns).to_list() == [["insult"], ["insult", "threat"], []]
    assert task_labels(frame, "multilabel", columns) == {"insult": "insult", "threat": "threat"}
    wrong = frame.with_columns(threat=pl.lit("maybe"))
    with pytest.raises(ValueError, match=r"row 1: column threat holds 'maybe'; .* 1 and 0, true"):
        label_values(wrong, columns)
    with pytest.raises(ColumnError, match="label: no column 'hate'"):
        label_values(frame, ["hate"])


def test_nested_labels_are_refused_by_name_and_type() -> None:
    frame = pl.DataFrame({"label": [[{"name": "a"}]]})
    with pytest.raises(ColumnError, match=r"label: column label holds lists of Struct"):
        label_values(frame, "label")


def test_a_printed_list_in_a_list_is_refused_with_its_row() -> None:
    frame = pl.DataFrame({"label": ["['a', 'b']", "['a', ['b']]"]})
    with pytest.raises(ValueError, match=r"^row 2: column label holds .*, no list of labels"):
        label_values(frame, "label")
    assert label_values(frame.head(1), "label").to_list() == [["a", "b"]]


ROWS = {
    "text": ["one", "two", "three", "four", "two", "one"],
    "label": ["b,a", "a", "", "a,x", "a,b", "a,b"],
}
LABELS = {"a": "Anger", "b": "Joy & fun"}


def test_rows_have_their_labels_in_words_and_order() -> None:
    frame, columns = pl.DataFrame(ROWS), {"text": "text", "label": "label"}
    rules: dict[str, Any] = {"origin": "real", "other_labels": "leave-out"}
    rows, left_out, contradicting = task_rows(frame, "multilabel", columns, LABELS, **rules)
    assert dict(rows["text", "labels"].iter_rows()) == {"one": ["Anger", "Joy & fun"], "three": []}
    assert set(rows["label"]) == {"multilabel"} and contradicting == 2
    assert left_out == {
        "with other labels": 1,
        "of one text with several labels": 2,
        "duplicates": 1,
    }
    rows, _, _ = task_rows(frame, "multilabel", columns, LABELS, **rules, contradictions="keep")
    assert rows["text"].to_list() == ["one", "two", "three", "two"] and rows["id"].is_unique().all()
    with pytest.raises(ValueError, match=r"row 4: label \['a', 'x'\] is not in task.labels"):
        task_rows(frame, "multilabel", columns, LABELS, "real")


def test_named_classes_in_lists_have_their_names(tmp_path: Path) -> None:
    import datasets

    classes = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.List(datasets.ClassLabel(names=["x", "y"])),
        }
    )
    data = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [[0, 1], []]}, classes)
    data.to_parquet(tmp_path / "rows.parquet")
    assert read_rows(tmp_path / "rows.parquet")["label"].to_list() == [["x", "y"], []]
    from mixtura.prepare.fetch import fetch_frame
    from mixtura.prepare.settings import Dataset

    data.save_to_disk(tmp_path / "saved")
    saved = fetch_frame(Dataset(path=str(tmp_path / "saved")))
    assert saved["label"].to_list() == [["x", "y"], []]


def test_labels_become_words_of_a_prompt() -> None:
    sets = pl.Series([["anger", "joy"], [], ["joy"]])
    assert set_words(sets, "neutral").to_list() == ["anger, joy", "neutral", "joy"]
