"""The tests of the hypotheses in words."""

import polars as pl
import pytest

from mixtura.infer.hypotheses import hypotheses
from mixtura.tell.hypotheses import QUESTIONS, summary
from studies import flat, study

NAMES = ("predictions", "arms", "diversity", "shift", "findings")


def words(levels: int) -> dict[str, str]:
    tables = study(flat, levels=levels, pipelines=("topic",), items=60)
    return dict(summary(hypotheses(*(tables[name] for name in NAMES), resamples=50)))


def test_a_study_that_is_too_small_says_what_it_lacks() -> None:
    answers = words(2)
    assert "needs 3 levels of a source or more, has 2" in answers[QUESTIONS["H1"]]
    assert "needs 2 sizes of model or more, has 0" in answers[QUESTIONS["H2"]]
    assert "needs 3 sets of a source or more, has 2" in answers[QUESTIONS["measures"]]


def test_one_replicate_is_stated_without_a_p_value() -> None:
    for key in ("trend", "H1", "measures"):
        answer = words(3)[QUESTIONS[key]]
        assert answer.startswith("One replicate, so no test") and "p =" not in answer


def test_a_test_that_shows_nothing_says_what_its_interval_holds() -> None:
    row = {"hypothesis": "trend", "metric": "accuracy", "test": "test", "x": "level", "n": 14}
    row |= {"estimate": 0.001, "low": -0.002, "high": 0.004, "quantity": "gain per level"}
    row |= {"verdict": "no evidence", "p_holm": 0.4, "replicates": 5, "method": "slope"}
    row |= {"design": "mix-add", "rows": "16 real", "source": "all", "model": "reader"}
    [(_, answer)] = summary(pl.DataFrame([row]))
    assert "all sources, reader: gain per level +0.001 [-0.002, +0.004]" in answer
    assert "5 replicates, p = 0.4" in answer


def test_what_is_lacking_is_said_once_with_the_models_that_lack_it() -> None:
    scope = {"hypothesis": "trend", "metric": "accuracy", "test": "test"}
    need = "needs 2 levels of a source or more, has {}"
    lacking = [
        scope | {"verdict": "not testable", "model": "small", "detail": need.format(present)}
        for present in (0, 1)
    ]
    test = {"x": "level", "n": 3, "estimate": 0.1, "low": 0.0, "high": 0.2, "quantity": "gain"}
    test |= {"verdict": "supported", "p_holm": 0.01, "replicates": 5, "method": "slope"}
    test |= {"design": "grid", "rows": "4 real", "source": "all", "model": "big"}
    [(_, alone)] = summary(
        pl.DataFrame([*lacking, test | scope | {"verdict": None, "p_holm": None}])
    )
    assert alone == f"Not testable: {need.format(1)}."
    [(_, beside)] = summary(pl.DataFrame([*lacking, scope | test], infer_schema_length=None))
    assert beside.endswith(f"Not testable with small: {need.format(1)}.")
    [(_, everywhere)] = summary(
        pl.DataFrame([*lacking, scope | test | {"model": "small"}], infer_schema_length=None)
    )
    assert everywhere.endswith(f"Not testable everywhere: {need.format(1)}.")


@pytest.mark.parametrize(("tests", "more"), [(6, ""), (7, "1 more are in tables/hypotheses")])
def test_the_first_six_tests_that_pass_are_named_and_the_rest_counted(
    tests: int, more: str
) -> None:
    row = {"hypothesis": "trend", "metric": "accuracy", "test": "test", "x": "level", "n": 14}
    row |= {"estimate": 0.1, "low": 0.05, "high": 0.15, "quantity": "gain per level"}
    row |= {"verdict": "supported", "p_holm": 0.01, "replicates": 5, "method": "slope"}
    row |= {"design": "mix-add", "rows": "16 real", "source": "all"}
    [(_, answer)] = summary(pl.DataFrame([row | {"model": f"m{at}"} for at in range(tests)]))
    assert answer.startswith(f"Shown in {tests} of {tests} tests after Holm's correction.")
    assert answer.count("gain per level +0.100") == 6
    assert "more are in" not in answer if not more else more in answer
