"""The five lines: each says what the tables say, and nothing that they do not."""

import polars as pl
import pytest

import studies
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import Hypotheses
from mixtura.tell.answer import QUESTIONS, answer_lines

FINDINGS = studies.study(studies.flat, models=("small", "big"), real=(64, 256), items=40)[
    "findings"
]


def hypotheses_of(**rows: dict[str, object]) -> pl.DataFrame:
    """Rows of the hypotheses by their name."""
    scope = {"model": "small", "metric": "accuracy", "test": "test", "family": "f"}
    types = Hypotheses.types()
    return pl.DataFrame(
        [
            {name: (scope | row | {"hypothesis": key}).get(name) for name in types}
            for key, row in rows.items()
        ],
        types,
    )


TREND = {"x": "level", "estimate": 0.01, "low": 0.002, "high": 0.018, "rows": "64 real"}
NONE = hypotheses_of()


def lines(surface: pl.DataFrame, tests: pl.DataFrame = NONE) -> dict[str, str]:
    return dict(answer_lines(FINDINGS, tests, surface))


def test_what_to_do_names_the_mix_where_a_gain_is_shown_and_no_other() -> None:
    output = lines(studies.recommended())
    assert tuple(output) == QUESTIONS
    assert output["What to do"] == (
        "Beside 64 real rows train on 64 generated rows of topic D3; with 256 real rows no mix is "
        "shown to gain: stay with real rows or make the study larger (model small)."
    )
    assert (
        "+0.120 [+0.070, +0.170] with 64 and +0.030 [-0.020, +0.080] with 256"
        in (output["What it brings"])
    )


def test_numbers_of_real_rows_with_the_same_mix_stand_together() -> None:
    shown = studies.recommended().with_columns(
        verdict=pl.when(kind="mix").then(pl.lit("gain shown")).otherwise("verdict")
    )
    assert lines(shown)["What to do"] == (
        "Beside 64 and 256 real rows train on 64 generated rows of topic D3 (model small)."
    )


def test_a_level_is_placed_among_those_of_the_study() -> None:
    surface = studies.recommended()
    others = surface.filter(kind="mix").with_columns(
        recommended=pl.lit(value=False), level=pl.lit("D0")
    )
    first = lines(pl.concat([surface, others]))["What to do"]
    assert "rows of topic D3, the highest of 2 levels of diversity; with" in first
    higher = pl.concat([surface, others, others.with_columns(level=pl.lit("D5"))])
    assert "D3, number 2 of 3 levels of diversity;" in lines(higher)["What to do"]


def test_nothing_shown_is_no_advice() -> None:
    output = lines(studies.recommended("too small to tell"))
    assert output["What to do"].startswith("With 64 and 256 real rows no mix is shown to gain")
    empty = answer_lines(FINDINGS, NONE, pl.DataFrame(schema=Surface.types()))
    assert [question for question, _ in empty] == ["What to do"]
    assert "no mix of real and generated rows" in empty[0][1]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("supported", "one level up changes it by {} at 64 real rows, shown."),
        (
            "no evidence",
            "a steady change from level to level is not shown ({} a level at 64 real rows).",
        ),
    ],
)
def test_the_effect_of_diversity_is_called_chance_unless_it_is_shown(
    verdict: str, words: str
) -> None:
    output = lines(
        studies.recommended(), hypotheses_of(trend=TREND | {"verdict": verdict, "p_holm": 0.03})
    )
    assert output["More diversity"] == (
        "No difference in gain between levels of diversity is shown; "
        + words.format("+0.010 [+0.002, +0.018]")
    )


def test_where_it_stops_and_what_is_not_seen() -> None:
    labels = {"estimate": -0.08, "low": -0.1, "high": -0.06, "verdict": "supported"}
    output = lines(studies.recommended(), hypotheses_of(H4=labels, power={"estimate": 0.061}))
    assert output["Where it stops"] == (
        "From about 210 real rows on it gains less than 0.02 (90 to more than tried); with "
        "ten times the real rows it changes by -0.080 [-0.100, -0.060], shown."
    )
    assert output["Not seen"].startswith(
        "Gains of a single mix below 0.061 are missed in 20 of 100"
    )
    assert "another generator than writer" in output["Not seen"]
    open_ended = studies.recommended().with_columns(
        n_real=pl.when(kind="limit").then(None).otherwise("n_real")
    )
    assert lines(open_ended)["Where it stops"] == (
        "It does not up to 256 real rows: the fitted gain is nowhere less than 0.02."
    )
