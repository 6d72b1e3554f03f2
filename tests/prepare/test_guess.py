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
    assert guess_columns(pl.DataFrame(columns)) == (kind, fields)


def test_a_file_without_text_says_what_it_holds() -> None:
    with pytest.raises(ValueError, match=r"no column of text; columns are: a \(Int64\)"):
        guess_columns(pl.DataFrame({"a": range(8)}))
