"""Rows of equal text."""

from duplicate_texts import frame_of
from mixtura.curate.duplicates.exact import exact
from mixtura.curate.receipts import RECEIPT


def test_equal_texts_keep_one_and_say_which():
    frame = frame_of(["A fine film.", "a fine  FILM", "another", "A fine film!"])
    remaining, removed = exact(frame)
    assert len(remaining) == 2 and "r2" in remaining["id"].to_list()
    (winner,) = set(remaining["id"]) - {"r2"}
    assert removed["kept_id"].to_list() == [winner] * 2
    assert removed.schema == RECEIPT
    assert set(removed["stage"]) == {"exact"}
