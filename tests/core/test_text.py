import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.core.text import normalise, tokens, windows
from mixtura.core.words import words


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


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Don’t pay 3.14 at example.com!", ["don't", "pay", "3.14", "at", "example.com"]),
        ("well-known foo_bar ___ $5", ["well", "known", "foo_bar", "5"]),
        ("STRASSE Straße so\u00adft ﬁne", ["strasse", "strasse", "soft", "fine"]),
        ("यह फिल्म बहुत अच्छी है।", ["यह", "फिल्म", "बहुत", "अच्छी", "है"]),
        ("कि की", ["कि", "की"]),
        ("天氣很好。", ["天", "氣", "很", "好"]),
        ("كان الفيلمُ رائعًا، حقًا", ["كان", "الفيلمُ", "رائعًا", "حقًا"]),
        ("مى\u200cخواهم", ["مىخواهم"]),
        ("gut 👍🏽👨\u200d👩\u200d👧 😀", ["gut", "👍🏽", "👨👩👧", "😀"]),
        ('בצה"ל', ['בצה"ל']),
        ("... ?!", []),
    ],
)
def test_words_are_those_of_unicode(text, cut):
    assert words(text) == cut


def test_tokens_split_scripts_without_spaces():
    table = tokens(pl.Series(["Good film!", "好电影", None]))
    assert table.to_list() == [["good", "film"], ["好", "电", "影"], []]


def test_windows_stay_inside_their_sequence():
    codes = pl.Series([1, 2, 3, 1, 2, 1, 2, 3], dtype=pl.UInt32).to_numpy()
    hashes, counts = windows(codes, pl.Series([3, 2, 3]).to_numpy(), 2)
    assert counts.tolist() == [2, 1, 2]
    assert hashes[0] == hashes[2] == hashes[3] and hashes[1] == hashes[4] != hashes[0]
    assert windows(codes, pl.Series([3, 2, 3]).to_numpy(), 4)[1].tolist() == [0, 0, 0]
