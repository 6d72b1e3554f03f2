"""What `mixtura init` takes the columns of a file for."""

import polars as pl
import pytest

from mixtura.prepare.guess import guess_columns

TEXTS = [f"Where is order number {row}, please?" for row in range(8)]
TICKETS = ["Billing & refunds", "Shipping"] * 4


@pytest.mark.parametrize(
    ("columns", "kind", "fields"),
    [
        ({"text": TEXTS, "label": TICKETS}, "classification", {"text": "text", "label": "label"}),
        (
            {"id": range(8), "Body": TEXTS, "queue": TICKETS, "day": ["Monday"] * 8},
            "classification",
            {"text": "Body", "label": "queue"},
        ),
        (
            {"ticket": TEXTS, "who": [f"c{row}" for row in range(8)], "urgent": [True, False] * 4},
            "classification",
            {"text": "ticket", "label": "urgent"},
        ),
        ({"text": TEXTS}, "text", {"text": "text"}),
        ({"text": TEXTS, "label": ["x"] * 8}, "text", {"text": "text"}),  # one label is none
        (
            {"Context": TICKETS, "question": TEXTS, "answers": [["a"]] * 8},
            "qa",
            {"context": "Context", "question": "question", "answer": "answers"},
        ),
        (
            {"instruction": TEXTS, "output": [text * 2 for text in TEXTS], "source": TICKETS},
            "instruction",
            {"prompt": "instruction", "response": "output"},
        ),
    ],
)
def test_columns_are_guessed(columns, kind: str, fields: dict[str, str]) -> None:
    assert guess_columns(pl.DataFrame(columns))[:2] == (kind, fields)


def test_a_file_without_text_says_what_it_holds() -> None:
    with pytest.raises(ValueError, match=r"no column of text; columns are: a \(Int64\)"):
        guess_columns(pl.DataFrame({"a": range(8)}))


@pytest.mark.parametrize(
    ("label", "kind", "separator"),
    [
        ([["a"], ["a", "b"], []] * 8, "multilabel", ","),
        (["a;b", "b;c", "a", "b", "a;c", "c"] * 4, "multilabel", ";"),
        # two labels with a comma are no three
        (["Billing, refunds", "Shipping"] * 12, "classification", ","),
    ],
)
def test_several_labels_a_row_are_seen(label: list[object], kind: str, separator: str) -> None:
    texts = [f"Where is order number {row}, please?" for row in range(24)]
    guess = guess_columns(pl.DataFrame({"text": texts, "labels": label}))
    assert guess == (kind, {"text": "text", "label": "labels"}, separator)


def test_fields_of_structs_are_columns() -> None:
    rows = [
        {"text": text, "label": {"name": name}} for text, name in zip(TEXTS, TICKETS, strict=True)
    ]
    fields = {"text": "text", "label": "label.name"}
    assert guess_columns(pl.DataFrame(rows)).columns == fields
    inside = pl.DataFrame(
        {"data": [{"text": row["text"], "label": row["label"]["name"]} for row in rows]}
    )
    assert guess_columns(inside).columns == {"text": "data.text", "label": "data.label"}


def test_names_alone_are_no_file() -> None:
    with pytest.raises(ValueError, match="there are no rows, only names of columns"):
        guess_columns(pl.DataFrame(schema={"text": pl.String, "label": pl.String}))


def test_a_first_line_that_is_a_row_names_no_columns() -> None:
    frame = pl.DataFrame({"Where is it?": TEXTS, "Shipping": TICKETS})
    with pytest.raises(ValueError, match="the first line names no columns: 'Shipping' stands in"):
        guess_columns(frame)
    guess_columns(pl.DataFrame({"text": TEXTS, "Shipping": TICKETS}))  # a column of that name
