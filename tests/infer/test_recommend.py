"""The recommended setting."""

import polars as pl
import pytest

from labelled import replicated, study
from mixtura.infer.findings import findings
from mixtura.infer.recommend import recommend


def test_recommendation_names_the_best_setting(rng):
    rows, arms = replicated(rng)
    costs = pl.DataFrame({"arm": ["D1"], "tokens": [5000]})
    best = recommend(findings(rows, arms), n_real=50, model="m", costs=costs)
    assert (best.arm, best.pipeline, best.level) == ("D1", "topic", "D1")
    assert best.share == pytest.approx(2 / 3)
    assert best.cost == {"generated_rows": 100, "tokens": 5000}
    assert best.alternatives == 0
    assert best.simultaneous_low > 0 and best.p_simultaneous < 0.05
    assert "topic at D1 with 67% generated rows" in best.sentence
    assert "this draw" not in best.sentence
    assert recommend(findings(*replicated(rng, gains=(0.25, 0.3, -0.3)))).alternatives == 1
    rows, arms = study(rng)
    assert "over real data alone for this draw" in recommend(findings(rows, arms)).sentence


def test_a_study_that_sees_little_never_says_that_nothing_helps(rng):
    table = findings(*replicated(rng, gains=(0.0, 0.0, -0.3)))
    assert recommend(table).sentence.startswith(
        "Too small to tell: this study finds gains over real data alone only where they are larger"
    )
    single = findings(*study(rng, seeds=1))
    assert recommend(single).sentence == (
        "Too small to tell: one training of one draw cannot tell a gain from chance."
    )
    with pytest.raises(ValueError, match="no comparison with n_real 7"):
        recommend(table, n_real=7)


def test_a_study_that_sees_enough_says_how_little_is_gained(rng):
    table = findings(*replicated(rng, gains=(0.0, 0.0, -0.3)), smallest_gain=0.3)
    most = max(table.filter(verdict="no gain above", metric="accuracy")["bound"])
    assert recommend(table).sentence == f"No mix gains more than {most:.3f} over real data alone."
    losses = findings(*replicated(rng, gains=(-0.3, -0.3, -0.3)))
    none = recommend(losses)
    assert none.sentence == "Every mix loses against real data alone."
    assert none.arm is None and none.alternatives == 0


def test_a_gain_that_longer_training_also_gives_is_not_recommended(rng):
    rows, arms = replicated(rng, gains=(0.3, 0.3, 0.0))
    control = pl.when(pl.col("arm") == "D0").then(pl.lit("D1"))
    table = findings(rows.filter(pl.col("arm") != "D2"), arms.with_columns(control=control))
    assert recommend(table.filter(pl.col("arm") != "D1")).sentence.startswith(
        "No mix is recommended: 1 of 1 gain over real data alone"
    )
    assert recommend(table).arm == "D1"  # it has no control


def test_recommendation_counts_an_arm_of_two_designs_once(rng):
    rows, arms = study(rng)
    again = arms.filter(arm="D1").with_columns(design=pl.lit("another"))
    both, alone = (recommend(findings(rows, index)) for index in (pl.concat([again, arms]), arms))
    assert both.comparisons == alone.comparisons
