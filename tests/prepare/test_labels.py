"""Labels of every form match what the file says."""

import polars as pl
import pytest

from mixtura.prepare.labels import alike, label_words, learnt_labels
from mixtura.prepare.ranks import label_ranks


@pytest.mark.parametrize(
    ("values", "labels", "words"),
    [
        ([True, False], {"true": "positive", "false": "negative"}, ["positive", "negative"]),
        (["True", "FALSE"], {"true": "positive", "false": "negative"}, ["positive", "negative"]),
        (["yes", "No"], {"true": "positive", "false": "negative"}, ["positive", "negative"]),
        ([True, False], {"yes": "positive", "no": "negative"}, ["positive", "negative"]),
        ([4.0, 5.0], {"4": "four", "5": "five"}, ["four", "five"]),
        (["4.0", "4", " 5 "], {"4": "four", "5.0": "five"}, ["four", "four", "five"]),
        ([1, 0, None], {"1": "a", "0": "b"}, ["a", "b", None]),
        (
            ["Billing  & refunds", "spam"],
            {"Billing & refunds": "Geld", "Spam": "x"},
            ["Geld", None],
        ),
        (["weiß", "天氣"], {"天氣": "weather", "weiß": "white"}, ["white", "weather"]),
        (["yes", "true"], {"yes": "agreed", "true": "fact"}, ["agreed", "fact"]),
        (["no"], {"false": "a", "off": "b"}, [None]),  # two words for it: neither
    ],
)
def test_a_value_has_its_word(values, labels: dict[str, str], words: list[str | None]) -> None:
    assert label_words(pl.Series("label", values), labels).to_list() == words


def test_a_named_class_answers_to_its_name_and_its_number() -> None:
    column = pl.Series("label", ["pos", "neg"], pl.Enum(["neg", "pos"]))
    assert label_words(column, {"1": "good", "0": "bad"}).to_list() == ["good", "bad"]
    assert label_words(column, {"pos": "good", "neg": "bad"}).to_list() == ["good", "bad"]
    numbers = pl.Series("label", ["1", "0"], pl.Enum(["1", "0"]))  # a name goes before a number
    assert label_words(numbers, {"1": "one", "0": "none"}).to_list() == ["one", "none"]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["b", "a", "b", None, ""], ["a", "b"]),
        ([4.0, 4.5], ["4", "4.5"]),
        (["4", "4.0", "x"], ["4", "x"]),
        ([True, False], ["false", "true"]),
        (["Billing & refunds", "हिन्दी"], ["Billing & refunds", "हिन्दी"]),
    ],
)
def test_labels_are_learnt(values, labels: list[str]) -> None:
    assert learnt_labels(pl.Series("label", values)) == {label: label for label in labels}


def test_a_column_of_one_value_or_of_texts_holds_no_labels() -> None:
    with pytest.raises(ValueError, match=r"'stars' holds 1 different labels \('5'\); allowed: 2"):
        learnt_labels(pl.Series("stars", ["5", "5.0"]))
    with pytest.raises(
        ValueError, match=r"'id' holds 501 different labels \('0', '1', '10', ...\)"
    ):
        learnt_labels(pl.Series("id", range(501)))


def test_truth_values_in_several_cases_are_one_label() -> None:
    labels = learnt_labels(pl.Series("label", ["True", "TRUE", "false", "Refund", "refund"]))
    assert list(labels) == ["Refund", "TRUE", "false", "refund"]
    words = label_words(pl.Series(["true", "True", "FALSE"]), labels)
    assert words.to_list() == ["TRUE", "TRUE", "false"]
    assert alike(labels) == [["Refund", "refund"]]


def test_a_label_of_another_encoding_is_named() -> None:
    with pytest.raises(ValueError, match=r"label 'caf\ufffd' is not UTF-8 \(task.data.encoding"):
        learnt_labels(pl.Series("label", ["caf\ufffd", "bar"]))


@pytest.mark.parametrize(
    ("words", "ordered", "ranks"),
    [
        (["1", "2", "10"], None, {"1": 1, "2": 2, "10": 10}),
        (["-1", "0", "0.5"], None, {"-1": -1, "0": 0, "0.5": 0.5}),
        (["1", "2", "10"], False, {}),
        (["0", "1"], None, {}),
        (["bad", "fine", "good"], None, {}),
        (["bad", "fine", "good"], True, {"bad": 1, "fine": 2, "good": 3}),
        (["1", "nan", "inf"], None, {}),
    ],
)
def test_ratings_have_ranks(words: list[str], ordered: bool | None, ranks: dict) -> None:
    assert label_ranks(dict(zip("abc", words, strict=False)), ordered) == ranks


def test_long_labels_that_begin_alike_are_refused() -> None:
    column = pl.Series("kind", ["x" * 200 + end for end in "ab"])
    with pytest.raises(ValueError, match="'kind': two labels begin with the same 200 characters"):
        learnt_labels(column)
