"""Hypotheses on studies of known truth: what was planted is found, what cannot be asked is said."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from mixtura.hypotheses import HYPOTHESES, NOT_TESTABLE, QUESTIONS, hypotheses, summary
from mixtura.stats import holm
from studies import PIPELINES, flat, peaked, step, study

SIZES = {"small": 10**7, "big": 10**9}


def examined(tables: dict[str, Any], sizes: dict[str, int] | None = None) -> pl.DataFrame:
    names = ("scores", "diversity", "shift")
    found = hypotheses(*(tables[name] for name in names), tables["findings"], sizes)
    assert found.schema == pl.Schema(HYPOTHESES)
    return found


@pytest.fixture(scope="module")
def bent() -> pl.DataFrame:
    """A study whose scores peak at D3, with 7 levels of two pipelines."""
    return examined(study(peaked, seeds=5, ratios=(1,), alone=False))


def test_a_planted_peak_is_found_on_level_and_on_measured_diversity(bent: pl.DataFrame) -> None:
    found = bent.filter(hypothesis="H1", method="Lind-Mehlum")
    assert set(found["x"]) == {
        "level",
        "vendi_score (q 1.0)",
        "dcscore (tau 0.05)",
        "distinct_n (n 2)",
    }
    assert set(found.filter(source="all")["verdict"]) == {"supported"}
    assert set(found.filter(x="level")["source"]) == {"all", "writer topic", "writer paraphrase"}
    level = found.filter(x="level", source="all").row(0, named=True)
    assert level["low"] < 3 < level["high"] and level["high"] - level["low"] < 1.5
    assert (level["n"], level["seeds"]) == (14, 5)
    vendi = found.filter(pl.col("x").str.starts_with("vendi")).row(0, named=True)
    assert vendi["low"] < 4 < vendi["high"]  # measured diversity is the level plus 1


def test_a_drop_that_goes_through_the_shift_is_told_from_the_level() -> None:
    rng = np.random.default_rng(3)
    moved = {(p, at): at / 6 + rng.normal(0, 0.25) for p in PIPELINES for at in range(7)}

    def effect(row: dict[str, Any], model: str) -> float:
        return 0.75 - 0.2 * moved[row["pipeline"], step(row)] if row["level"] else 0.6

    tables = study(effect, seeds=5, ratios=(1,), alone=False)
    at = pl.struct("pipeline", "level").map_elements(
        lambda s: moved[s["pipeline"], step(s)], return_dtype=pl.Float64
    )
    tables["shift"] = tables["shift"].filter(measure="mmd_test").with_columns(value=at)
    found = examined(tables).filter(hypothesis="H3", detail="all levels")
    whole, held, through = (found.row(place, named=True) for place in range(3))
    assert through["verdict"] == "supported" and through["high"] < 0
    assert held["low"] < 0 < held["high"] and abs(held["estimate"]) < abs(whole["estimate"]) / 2
    assert whole["estimate"] - held["estimate"] == pytest.approx(through["estimate"])


def test_measures_that_order_the_sets_as_the_score_does(bent: pl.DataFrame) -> None:
    rho = dict(bent.filter(hypothesis="measures").select("x", "estimate").iter_rows())
    assert rho["mmd_test"] < -0.8 and abs(rho["vendi_score (q 1.0)"]) < 0.5
    verdict = dict(bent.filter(hypothesis="measures").select("x", "verdict").iter_rows())
    assert verdict["vendi_score (q 1.0)"] == "no evidence" and verdict["mmd_test"] == "supported"


def test_nothing_is_found_where_nothing_is() -> None:
    found = examined(study(flat, models=("small", "big"), real=(16, 64, 256)), SIZES)
    verdicts = found.filter(pl.col("p_holm").is_not_null())["verdict"].value_counts()
    assert dict(verdicts.iter_rows()) == {"no evidence": found["p_holm"].drop_nulls().len()}
    assert set(found["hypothesis"]) == set(QUESTIONS)


def test_the_correction_is_holms_within_a_family() -> None:
    found = examined(study(peaked, seeds=3, items=100))
    for _, family in found.filter(pl.col("p_holm").is_not_null()).group_by("family"):
        assert family["p_holm"].to_numpy() == pytest.approx(holm(family["p_value"].to_numpy()))


def test_mixes_of_a_set_count_once() -> None:
    one, three = (
        examined(study(peaked, ratios=ratios, alone=False, items=50))
        for ratios in ((1,), (1, 2, 3))
    )
    for found in (one, three):
        level = found.filter(hypothesis="H1", x="level", source="all")
        assert set(level["n"]) == {14}


def test_a_slope_that_depends_on_the_size_is_found() -> None:
    def effect(row: dict[str, Any], model: str) -> float:
        if row["level"] is None:
            return 0.6
        return 0.6 + 0.03 * (step(row) - 3) * (1 if model == "small" else -1)

    found = examined(study(effect, models=("small", "big"), seeds=5, alone=False), SIZES)
    size = found.filter(hypothesis="H2").row(0, named=True)
    # 0.03 a level at ten millions, -0.03 at a thousand millions: two powers of ten.
    assert size["verdict"] == "supported" and size["low"] < -0.03 < size["high"]


def test_a_gain_that_ends_with_more_labels_is_found() -> None:
    def effect(row: dict[str, Any], model: str) -> float:
        gain = 0.25 - 0.1 * math.log10(row["n_real"] or 1)
        return 0.55 + (gain if row["level"] else 0)

    found = examined(
        study(effect, real=(8, 32, 128, 512), ratios=(1,), seeds=5, levels=3, alone=False)
    )
    labels = found.filter(hypothesis="H4", method="trend").row(0, named=True)
    assert labels["verdict"] == "supported" and labels["low"] < -0.1 < labels["high"]
    assert labels["n"] == 4


def test_a_best_share_that_moves_with_the_level_is_found() -> None:
    def effect(row: dict[str, Any], model: str) -> float:
        if row["level"] is None:
            return 0.6
        share = row["n_generated"] / (row["n_generated"] + row["n_real"])
        return 0.6 - 0.06 * (step(row) - 3) * (share - 0.6)

    found = examined(study(effect, seeds=5, ratios=(0.25, 1, 4), alone=False))
    share = found.filter(hypothesis="H5").row(0, named=True)
    assert share["verdict"] == "supported" and share["low"] < -0.06 < share["high"]
    assert share["detail"].startswith("best share seen: D0 80%") and "D6 20%" in share["detail"]


def test_a_study_that_is_too_small_says_what_it_lacks() -> None:
    found = examined(study(flat, levels=3, pipelines=("topic",), items=60))
    lacks = found.filter(verdict=NOT_TESTABLE)
    assert set(lacks["hypothesis"]) == {"H1", "H2", "H3", "H4", "measures"}
    told = dict(summary(found))
    assert "needs 5 levels or more, has 3" in told[QUESTIONS["H1"]]
    assert "needs 2 sizes of model or more, has 0" in told[QUESTIONS["H2"]]
    assert "needs 3 numbers of real rows or more, has 1" in told[QUESTIONS["H4"]]
    assert "needs 4 sets or more, has 3" in told[QUESTIONS["measures"]]


def test_power_is_what_the_design_could_see() -> None:
    small, large = (
        examined(study(flat, levels=3, pipelines=("topic",), seeds=seeds)).filter(
            hypothesis="power"
        )
        for seeds in (3, 8)
    )
    one, corrected = small["estimate"]
    assert 0 < large["estimate"][0] < one < corrected
    assert small["x"].to_list() == ["1 comparison", "9 comparisons, Holm's first step"]


def test_an_arm_that_lacks_a_seed_is_left_out() -> None:
    tables = study(peaked, ratios=(1,), alone=False, items=60)
    gone = (pl.col("level") == "D6") & (pl.col("pipeline") == "topic") & (pl.col("seed") == 2)
    found = examined({**tables, "scores": tables["scores"].filter(~gone)})
    assert set(found.filter(hypothesis="H1", x="level", source="all")["n"]) == {13}
