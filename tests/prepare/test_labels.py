"""Labels of every form match what the file says."""

import polars as pl
import pytest

from mixtura.prepare.labels import label_words, learnt_labels


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
