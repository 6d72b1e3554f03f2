import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.text import normalise, split_broken, tokens, windows


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Great  FILM!", "great film"),
        ("Straße", "STRASSE"),
        ("ﬁne – really", "fine really"),
        ("don’t", "don't"),
        ("so\u00adft", "soft"),
        ("e\u0301t\u00e9", "\u00c9T\u00c9"),
    ],
)
def test_texts_that_differ_in_form_only_are_equal(left, right):
    a, b = normalise(pl.Series([left, right]))
    assert a == b


@pytest.mark.parametrize(("left", "right"), [("good 😀", "good 😡"), ("?!", "..."), ("a b", "ab")])
def test_texts_that_say_something_else_stay_apart(left, right):
    a, b = normalise(pl.Series([left, right]))
    assert a != b


@given(st.lists(st.text(), max_size=5))
def test_normalising_twice_changes_nothing(texts):
    once = normalise(pl.Series(texts, dtype=pl.String))
    assert normalise(once).to_list() == once.to_list()


def test_tokens_split_scripts_without_spaces():
    got = tokens(pl.Series(["Good film!", "好电影", None]))
    assert got.to_list() == [["good", "film"], ["好", "电", "影"], []]


def test_windows_stay_inside_their_sequence():
    codes = pl.Series([1, 2, 3, 1, 2, 1, 2, 3], dtype=pl.UInt32).to_numpy()
    hashes, counts = windows(codes, pl.Series([3, 2, 3]).to_numpy(), 2)
    assert counts.tolist() == [2, 1, 2]
    assert hashes[0] == hashes[2] == hashes[3] and hashes[1] == hashes[4] != hashes[0]
    assert windows(codes, pl.Series([3, 2, 3]).to_numpy(), 4)[1].tolist() == [0, 0, 0]


def test_every_broken_row_has_its_reason():
    texts = [b"fine", None, b"\xff\xfe broken", b" \n\t\xc2\xa0", b"x" * 1_000_000]
    frame = pl.DataFrame({"id": list("abcde"), "text": pl.Series(texts, dtype=pl.Binary)})
    kept, removed = split_broken(frame)
    assert kept.to_dicts() == [{"id": "a", "text": "fine"}]
    assert dict(removed.select("id", "reason").iter_rows()) == {
        "b": "null text",
        "c": "invalid UTF-8",
        "d": "empty text",
        "e": "more than 100000 characters",
    }
    assert removed["text"].str.len_chars().max() == 200


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"]}, "'text' is missing"),
        ({"id": ["a", "a"], "text": ["x", "y"]}, "repeated"),
        ({"id": ["a", None], "text": ["x", "y"]}, "null"),
        ({"id": ["a"], "text": [1]}, "holds Int64"),
    ],
)
def test_a_frame_without_ids_or_texts_is_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        split_broken(pl.DataFrame(columns))
