"""Scores of answers against cases worked by hand, and on their way into scores and findings."""

import math

import polars as pl
import pytest

from mixtura.infer.findings import findings
from mixtura.infer.recommend import recommend
from mixtura.infer.scoring import item_scores, read_columns, run_scores
from mixtura.infer.text_metrics import answer_words, exact_match, rouge_l, token_f1
from mixtura.infer.verdicts import GAIN, TOO_SMALL


def test_squad_counts_no_case_punctuation_articles_or_spaces() -> None:
    assert answer_words(" The  U.S.A., an ally; theatre ") == ["usa", "ally", "theatre"]
    assert exact_match("the Eiffel Tower!", ["eiffel tower"]) == 1
    assert exact_match("Eiffel", ["Eiffel Tower", "the tower"]) == 0


@pytest.mark.parametrize(
    ("predicted", "gold", "f1"),
    [
        ("in May 1999", ["May 1999"], 4 / 5),  # 2 common of 3 predicted and 2 gold
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
    ("language", "predicted", "gold", "f1"),
    [  # the values of MLQA's script, but for French, which it does not know
        ("zh", "天氣很好", "天氣好", 6 / 7),
        ("zh", "「天氣」。", "天氣", 1),
        ("zh", "Windows 10系统", "windows 10", 2 * 2 / (4 + 2)),
        ("de", "der große Turm", "ein großer Turm", 2 * 1 / (2 + 2)),
        ("es", "¿La casa?", "casa", 1),
        ("hi", "की", "कि", 0),
        ("hi", "दिल्ली।", "दिल्ली", 1),
        ("ar", "الكتاب", "كتاب", 1),
        ("vi", "những con mèo", "con mèo", 1),
        ("en", "the tower", "der tower", 2 * 1 / (1 + 2)),
        ("fr", "l'État", "L’État", 1),
    ],
)
def test_answers_are_compared_by_the_rule_of_their_language(
    language: str, predicted: str, gold: str, f1: float
) -> None:
    assert token_f1(predicted, [gold], language) == pytest.approx(f1)
    assert exact_match(predicted, [gold], language) == (f1 == 1)


def test_two_words_of_hindi_have_nothing_in_common() -> None:
    assert rouge_l("की", ["कि"]) == 0


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
        | {"gold": ["red", "dark red"], "predicted": answers[item % len(answers)]}
        | {column: values[arm == "mix"][item % 2] for column, values in numbers.items()}
        for arm, answers in (("real", ["blue"]), ("mix", mix))
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
    table = findings(predictions, ARMS, ["token_f1", "exact_match"])
    for frame in (scores, table):
        at = frame.filter(arm="mix", metric="token_f1")
        assert at["value"].to_list() == pytest.approx([0.9] * at.height)
    row = table.filter(arm="mix", metric="exact_match").row(0, named=True)
    assert (row["difference"], row["verdict"], row["seeds"]) == (0.5, TOO_SMALL, 1)
    assert 0.2 < row["difference_low"] < 0.5 < row["difference_high"] < 0.8


def test_a_question_without_an_answer_is_right_where_none_is_predicted() -> None:
    """The values of the official script of SQuAD 2.0."""
    frame = pl.DataFrame(
        {"gold": [[], [], ["red"], ["red"]], "predicted": ["", "red", "", "the red"]},
        schema_overrides={"gold": pl.List(pl.String)},
    )
    scored = item_scores(frame, ["token_f1", "exact_match"])
    assert scored["token_f1"].to_list() == scored["exact_match"].to_list() == [1, 0, 0, 1]
    assert scored["gold"].to_list() == ["", "", "red", "red"]


def test_questions_with_an_answer_and_those_without_are_scored_apart() -> None:
    """HasAns and NoAns, in percent, of the official script of SQuAD 2.0."""
    frame = pl.DataFrame(
        {
            "arm": "real",
            "model": "m",
            "seed": 0,
            "id": list("abcde"),
            "gold": [[], [], [], ["in May 1999"], ["red"]],
            "predicted": ["", "", "red", "May 1999", ""],
        }
    )
    names = ["has_answer_f1", "has_answer_exact_match", "no_answer_exact_match"]
    table = findings(item_scores(frame, ["exact_match", "token_f1", *names]), ARMS.head(1), names)
    assert dict(table.select("metric", "value").iter_rows()) == pytest.approx(
        {"has_answer_f1": 0.4, "has_answer_exact_match": 0, "no_answer_exact_match": 2 / 3}
    )


def test_perplexity_is_over_tokens_and_less_is_better() -> None:
    numbers = {"nll": [[10.0, 4.0], [8.0, 2.0]], "tokens": [[4, 1], [4, 1]]}
    predictions = runs(["blue"], **numbers)
    assert read_columns(["perplexity"], ["text"])[-3:] == ["predicted", "nll", "tokens"]
    predictions = predictions.with_columns(gold=pl.lit(""))
    table = findings(predictions, ARMS, ["perplexity"])
    real, mix = table["value"]
    assert (real, mix) == pytest.approx((math.exp(14 / 5), math.exp(10 / 5)))
    replicates = [
        predictions.with_columns(replicate=number, nll=pl.col("nll") * (1 + 0.01 * number))
        for number in range(5)
    ]
    table = findings(pl.concat(replicates), ARMS, ["perplexity"])
    assert table["verdict"].to_list() == [None, GAIN]
    best = recommend(table, metric="perplexity")
    assert best.arm == "mix" and best.difference < 0
    scores = run_scores(predictions, ARMS, ["perplexity"])
    assert scores.filter(arm="real")["low"].min() > 1


def test_a_number_that_is_missing_is_told() -> None:
    with pytest.raises(ValueError, match="predictions lack the columns \\['nll', 'tokens'\\]"):
        findings(runs(["blue"]).with_columns(gold=pl.lit("")), ARMS, ["perplexity"])
    holed = runs(["blue"], nll=[[1, None], [1, 1]], tokens=[[1, 1], [1, 1]])
    with pytest.raises(ValueError, match="arm real, model m: items without nll"):
        findings(holed.with_columns(gold=pl.lit("")), ARMS, ["perplexity"])
