"""Scores of answers against cases worked by hand, and on their way into scores and findings."""

import math

import polars as pl
import pytest

from mixtura.scoring import item_scores, read_columns, run_scores
from mixtura.stats import findings, recommend
from mixtura.text_metrics import exact_match, normalise_answer, rouge_l, token_f1


def test_squad_counts_no_case_punctuation_articles_or_spaces() -> None:
    assert normalise_answer(" The  U.S.A., an ally; theatre ") == "usa ally theatre"
    assert exact_match("the Eiffel Tower!", ["eiffel tower"]) == 1
    assert exact_match("Eiffel", ["Eiffel Tower", "the tower"]) == 0


@pytest.mark.parametrize(
    ("predicted", "gold", "f1"),
    [
        ("in May 1999", ["May 1999"], 4 / 5),  # 2 common of 3 said and 2 wanted
        ("red red blue", ["red blue blue"], 4 / 6),  # bags: one red, one blue
        ("green", ["red"], 0),
        ("", ["red"], 0),
        ("the", ["a"], 1),  # nothing is left of either
        ("a cat on a mat", ["dog", "the cat"], 2 * 1 / (3 + 1)),  # the best of two
    ],
)
def test_token_f1(predicted: str, gold: list[str], f1: float) -> None:
    assert token_f1(predicted, gold) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("predicted", "gold", "f1"),
    [
        ("police kill the gunman", ["police killed the gunman"], 3 / 4),  # the example of Lin 2004
        ("the gunman kill police", ["police killed the gunman"], 2 / 4),  # "the gunman"
        ("a b c d e", ["a c e"], 2 * 3 / (5 + 3)),  # gaps are allowed
        ("Yes, sir.", ["yes SIR"], 1),
        ("c b a", ["a b c", "b a"], 2 * 2 / (3 + 2)),
        ("...", ["word"], 0),
    ],
)
def test_rouge_l(predicted: str, gold: list[str], f1: float) -> None:
    assert rouge_l(predicted, gold) == pytest.approx(f1)


ARMS = pl.DataFrame(
    {
        "arm": ["real", "mix"],
        "design": ["real-only", "mix-add"],
        "generator": [None, "g"],
        "pipeline": [None, "p"],
        "level": [None, "D0"],
        "n_real": [4, 4],
        "n_generated": [0, 4],
        "baseline": [None, "real"],
    }
)


def runs(mix: list[str], **numbers: list[list[float]]) -> pl.DataFrame:
    """Predictions of arms "real" and "mix", two seeds, 20 questions with two gold answers."""
    rows = [
        {"arm": arm, "model": "m", "seed": seed, "test": "test", "id": f"q{item}"}
        | {"gold": ["red", "dark red"], "predicted": said[item % len(said)]}
        | {column: values[arm == "mix"][item % 2] for column, values in numbers.items()}
        for arm, said in (("real", ["blue"]), ("mix", mix))
        for seed in (0, 1)
        for item in range(20)
    ]
    return pl.DataFrame(rows)


def test_answers_in_words_reach_scores_and_findings() -> None:
    predictions = item_scores(runs(["the red", "dark red sky"]), ["token_f1", "exact_match"])
    assert predictions["gold"][0] == "red"
    mix = predictions.filter(arm="mix")
    assert mix["exact_match"].mean() == 0.5
    assert mix["token_f1"].mean() == pytest.approx((1 + 0.8) / 2)
    scores = run_scores(predictions, ARMS, ["token_f1", "exact_match"])
    found = findings(predictions, ARMS, ["token_f1", "exact_match"])
    for frame in (scores, found):
        at = frame.filter(arm="mix", metric="token_f1")
        assert at["value"].to_list() == pytest.approx([0.9] * at.height)
    row = found.filter(arm="mix", metric="exact_match").row(0, named=True)
    assert (row["difference"], row["verdict"], row["seeds"]) == (0.5, "better", 2)
    assert 0.2 < row["difference_low"] < 0.5 < row["difference_high"] < 0.8


def test_perplexity_is_over_tokens_and_less_is_better() -> None:
    numbers = {"nll": [[10.0, 4.0], [8.0, 2.0]], "tokens": [[4, 1], [4, 1]]}
    predictions = runs(["blue"], **numbers)
    assert read_columns(["perplexity"], ["text"])[-3:] == ["predicted", "nll", "tokens"]
    predictions = predictions.with_columns(gold=pl.lit(""))
    found = findings(predictions, ARMS, ["perplexity"])
    real, mix = found["value"]
    assert (real, mix) == pytest.approx((math.exp(14 / 5), math.exp(10 / 5)))
    assert found["verdict"].to_list() == [None, "better"]
    best = recommend(found, metric="perplexity")
    assert best["arm"] == "mix" and best["difference"] < 0
    scores = run_scores(predictions, ARMS, ["perplexity"])
    assert scores.filter(arm="real")["low"].min() > 1


def test_a_number_that_is_missing_is_told() -> None:
    with pytest.raises(ValueError, match="predictions lack the columns \\['nll', 'tokens'\\]"):
        findings(runs(["blue"]).with_columns(gold=pl.lit("")), ARMS, ["perplexity"])
    holed = runs(["blue"], nll=[[1, None], [1, 1]], tokens=[[1, 1], [1, 1]])
    with pytest.raises(ValueError, match="arm real, model m: items without nll"):
        findings(holed.with_columns(gold=pl.lit("")), ARMS, ["perplexity"])
