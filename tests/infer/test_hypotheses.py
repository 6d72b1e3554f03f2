"""Hypotheses on studies of known truth: what was planted is found, what cannot be asked is said."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mixtura.core.tables import check
from mixtura.infer.corrections import holm
from mixtura.infer.hypotheses import NOT_TESTABLE, ONE_REPLICATE, hypotheses
from mixtura.infer.hypotheses.cells import cells_of, over_replicates
from mixtura.infer.hypotheses.gains import Gains, gains
from mixtura.infer.hypotheses.levels import ladder
from mixtura.infer.hypotheses.shares import peak_movement
from mixtura.infer.settings import TrainingLength
from mixtura.infer.tables import Hypotheses
from studies import flat
from studies import study as study_of_one_draw

BENCH = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_hypotheses.py"))
Truth, TRUTHS, SIZES = BENCH["Truth"], BENCH["TRUTHS"], BENCH["SIZES"]
PLANTED = [(words, key) for words, (_, _, true) in TRUTHS.items() for key in true]
Tables = tuple[pl.DataFrame, ...]


def simulated(truth: Any, seed: int = 1) -> Tables:
    """Predictions, arms, diversity and shift."""
    tables: Tables = BENCH["study"](truth, seed)
    return tables


def examined(tables: Tables, resamples: int = 100) -> pl.DataFrame:
    tests = hypotheses(*tables, BENCH["NO_FINDINGS"], sizes=SIZES, resamples=resamples)
    check(tests, "hypotheses", Hypotheses)
    return tests


@pytest.fixture(scope="module")
def bent() -> Tables:
    """A study whose gains peak at D3."""
    return simulated(TRUTHS["up and down by 9 points, in models of two sizes; shift too"][0])


@pytest.fixture(scope="module")
def tests_of_bent(bent: Tables) -> pl.DataFrame:
    return examined(bent)


@pytest.mark.workflow
@pytest.mark.parametrize(("words", "hypothesis"), PLANTED)
def test_what_is_planted_is_found(words: str, hypothesis: str) -> None:
    tests = examined(simulated(TRUTHS[words][0])).filter(hypothesis=hypothesis)
    assert "supported" in set(tests["verdict"])


def test_a_peak_is_found_on_level_and_on_measured_diversity(tests_of_bent: pl.DataFrame) -> None:
    tests = tests_of_bent.filter(hypothesis="H1", model="small", source="all")
    assert tests["x"].to_list() == ["level", "log vendi_score (q 1.0)"]
    assert set(tests["verdict"]) == {"supported"}
    assert tests["n"].to_list() == [14, 14] and tests["replicates"].to_list() == [5, 5]
    assert (tests["low"] < 0.09).all() and (tests["high"] > 0.05).all()
    assert all("from 1 for the lowest: " in detail for detail in tests["detail"])
    beside = tests_of_bent.filter(pl.col("verdict").is_null(), hypothesis="H1", model="small")
    assert set(beside["source"]) == {"writer topic", "writer paraphrase"}


def test_what_level_says_of_the_shift_is_no_cause(tests_of_bent: pl.DataFrame) -> None:
    assert set(tests_of_bent.filter(hypothesis="H3")["verdict"]) == {"no evidence"}
    assert set(tests_of_bent.filter(hypothesis="H2")["verdict"]) == {"no evidence"}


@pytest.mark.workflow
def test_the_change_with_size_has_the_sign_of_the_larger_model() -> None:
    """2 points more a level in the small model, 2 less in the big one."""
    tests = examined(simulated(TRUTHS["rising in the small model, falling in the big one"][0]))
    row = tests.row(by_predicate=pl.col("x") == "level x size", named=True)
    planted = -0.04 / np.log10(SIZES["big"] / SIZES["small"])
    assert row["low"] < planted < row["high"] < 0


def test_the_correction_is_holms_within_a_family(tests_of_bent: pl.DataFrame) -> None:
    corrected = tests_of_bent.filter(pl.col("p_holm").is_not_null())
    assert corrected["hypothesis"].n_unique() > 3
    for _, family in corrected.group_by("family"):
        assert family["p_holm"].to_numpy() == pytest.approx(holm(family["p_value"].to_numpy()))


def test_one_replicate_gives_the_statement_without_a_test(bent: Tables) -> None:
    predictions, *others = bent
    tests = examined((predictions.filter(replicate=0), *others))
    assert tests["p_value"].null_count() == tests.height
    stated = tests.filter(pl.col("estimate").is_not_null())
    assert set(stated["verdict"]) == {ONE_REPLICATE} and set(stated["replicates"]) == {1}
    assert {"trend", "H1", "H2", "H3", "measures"} == set(stated["hypothesis"])


@pytest.mark.workflow
def test_a_set_that_two_pipelines_share_counts_once(bent: Tables) -> None:
    predictions, arms, *panels = bent
    shared = pl.col("pipeline").is_in(["topic", "paraphrase"]) & (pl.col("level") == "D6")
    first = pl.col("value").first().over("replicate", "level")
    copied = [
        panel.with_columns(value=pl.when(shared).then(first).otherwise("value")) for panel in panels
    ]
    tests = examined((predictions, arms, *copied))
    assert set(tests.filter(hypothesis="trend", source="all")["n"]) == {13}


def test_mixes_of_a_set_count_once() -> None:
    tests = examined(simulated(Truth(BENCH["peaked"], ratios=(1, 2, 3))))
    assert set(tests.filter(hypothesis="trend", x="level", source="all")["n"]) == {14}


@pytest.mark.workflow
def test_a_mix_that_lacks_a_replicate_is_left_out(bent: Tables) -> None:
    predictions, *others = bent
    gone = (pl.col("arm") == "topic6-16-2") & (pl.col("replicate") == 2)
    tests = examined((predictions.filter(~gone), *others))
    assert set(tests.filter(hypothesis="H1", x="level", source="all")["n"]) == {13}


def test_equal_tables_give_equal_tests_to_the_last_bit(
    bent: Tables, tests_of_bent: pl.DataFrame
) -> None:
    assert tests_of_bent.equals(examined(bent))


def test_replicates_that_share_their_text_have_its_measures(bent: Tables) -> None:
    predictions, arms, *panels = bent
    shared = tuple(panel.filter(replicate=0) for panel in panels)
    tests = examined((predictions, arms, *shared))
    assert "supported" in set(tests.filter(hypothesis="H1")["verdict"])


def test_rows_of_a_passage_are_resampled_together() -> None:
    """Ten equal rows say no more than one."""
    predictions, arms, *_ = simulated(Truth(lambda mix: 0.05))
    tenth = predictions.filter(pl.col("id").cast(int) % 10 == 0)
    ten = pl.concat(
        tenth.with_columns(group="id", id=pl.format("{}-{}", "id", pl.lit(place)))
        for place in range(10)
    )

    def error(rows: pl.DataFrame) -> float:
        cells = cells_of(gains(rows, arms, "accuracy", resamples=800), ["source"])
        mean = cells.y.mean(axis=1)
        result = over_replicates(mean, cells)
        return result.high - result.low

    assert error(ten) == pytest.approx(error(tenth), rel=0.1)


def made_up(curve: Any, shares: tuple[float, ...] = (0.2, 0.5, 0.8)) -> Gains:
    """Gains without noise, curve(step, share), the same in 3 replicates."""
    at = pl.DataFrame(
        [
            {
                **{
                    "generator": "writer",
                    "pipeline": "topic",
                    "level": f"D{step}",
                    "arm": f"{step}{s}",
                },
                **{"model": "reader", "source": "writer topic", "step": float(step), "share": s},
            }
            for step in range(5)
            for s in shares
        ]
    )
    y = np.array([curve(row["step"], row["share"]) for row in at.iter_rows(named=True)])
    return Gains(at, np.tile(y[None, :, None, None], (3, 1, 3, 4)), [0, 1, 2], 1, 100)


@pytest.mark.parametrize("moves", [0.0, -0.1])
def test_the_movement_of_the_best_share_is_exact_however_much_levels_gain(moves: float) -> None:
    def curve(step: float, share: float) -> float:
        best = 0.7 + moves * step
        return (1 + step) * share * (2 * best - share)

    cells = cells_of(made_up(curve), ["generator", "pipeline", "level", "step", "source", "share"])
    movement, words = peak_movement(cells.designed("step"), cells)
    assert movement == pytest.approx(np.full((3, 4), moves), abs=1e-9)
    assert f"D4 {0.7 + 4 * moves:.0%}" in words


def test_a_curve_that_does_not_bend_down_has_no_best_share() -> None:
    cells = cells_of(
        made_up(lambda step, share: share**2),
        ["generator", "pipeline", "level", "step", "source", "share"],
    )
    with pytest.raises(ValueError, match="does not bend down"):
        peak_movement(cells.designed("step"), cells)


def test_the_middle_is_chosen_on_other_replicates_and_rows() -> None:
    product = made_up(lambda step, share: -((step - 2) ** 2), shares=(0.5,))
    y = product.y.copy()
    y[0, 1, 1] += 10  # a freak of replicate 0, on the first half of the test rows
    cells = cells_of(
        Gains(product.at, y, product.replicates, 1, 100),
        ["generator", "pipeline", "level", "source"],
    )
    rise, fall, middles = ladder(np.tile(np.arange(5.0), (3, 1)), cells)
    assert rise[0] == pytest.approx(4) and fall[0] == pytest.approx(4)  # not chosen there itself
    assert middles == [2, 2, 2, 2, 1, 1]


def test_a_study_that_is_too_small_says_what_it_lacks() -> None:
    tables = study_of_one_draw(flat, levels=2, pipelines=("topic",), items=60)
    names = ("predictions", "arms", "diversity", "shift", "findings")
    lacks = hypotheses(*(tables[name] for name in names), resamples=50).filter(verdict=NOT_TESTABLE)
    details = dict(lacks.select("hypothesis", "detail").iter_rows())
    assert details["H1"] == "needs 3 levels of a source or more, has 2"
    assert details["H2"] == "needs 2 sizes of model or more, has 0"
    assert details["H3"] == "needs 5 levels of a source or more, has 2"
    assert details["H4"].startswith("needs equal generated rows beside 2 numbers of real rows")
    assert details["measures"] == "needs 3 sets of a source or more, has 2"


def test_power_is_what_the_design_could_see() -> None:
    names = ("predictions", "arms", "diversity", "shift", "findings")
    small, large = (
        hypotheses(*(tables[name] for name in names), resamples=50).filter(hypothesis="power")
        for seeds in (3, 8)
        for tables in [study_of_one_draw(flat, levels=3, pipelines=("topic",), seeds=seeds)]
    )
    assert 0 < large["estimate"][0] < small["estimate"][0]
    assert small["verdict"].null_count() == small.height


@pytest.mark.workflow
def test_two_regimes_of_one_model_are_compared() -> None:
    tables = simulated(
        Truth(lambda mix: 0.1 if mix["model"] == "small" else 0.0, models=("small", "big"))
    )
    lengths = {
        "small": TrainingLength(weights="gpt2", regime="steps"),
        "big": TrainingLength(weights="gpt2", regime="real_passes"),
    }
    tests = hypotheses(*tables, BENCH["NO_FINDINGS"], lengths=lengths, resamples=50)
    [row] = tests.filter(hypothesis="regimes").to_dicts()
    assert row["verdict"] == "supported" and row["low"] < 0.1 < row["high"]
    assert row["x"] == "small and big" and row["n"] == 28
    other = lengths | {"big": TrainingLength(weights="llama", regime="real_passes")}
    tests = hypotheses(*tables, BENCH["NO_FINDINGS"], lengths=other, resamples=50)
    assert tests.filter(hypothesis="regimes").is_empty()
