"""Statistics against hand-worked values, other libraries, invariances and bad input."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.stats import spearmanr, ttest_1samp
from sklearn.metrics import accuracy_score, f1_score
from statsmodels.stats.power import TTestPower

from mixtura.stats import (
    FINDINGS,
    NO_GAIN,
    Metric,
    benjamini_hochberg,
    findings,
    holm,
    interaction,
    inverted_u,
    mediation,
    minimum_detectable_effect,
    once,
    paired_difference,
    rank_agreement,
    recommend,
    score_interval,
    trend,
)


def predictions(rng, gold, seeds=4, right=0.8, labels=3):
    """Predictions that are right with this chance, else any label."""
    wrong = rng.integers(labels, size=(seeds, gold.size))
    return np.where(rng.random((seeds, gold.size)) < right, gold, wrong)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def gold(rng):
    return rng.integers(3, size=300)


def test_score_is_the_mean_over_seeds(rng, gold):
    predicted = predictions(rng, gold)
    accuracy = np.mean([accuracy_score(gold, row) for row in predicted])
    f1 = np.mean([f1_score(gold, row, average="macro") for row in predicted])
    assert score_interval(gold, predicted).value == pytest.approx(accuracy)
    assert score_interval(gold, predicted, metric="macro_f1").value == pytest.approx(f1)


def test_macro_f1_counts_a_label_that_gold_lacks_as_an_error():
    gold, predicted = np.array([0, 0, 1, 1]), np.array([[0, 7, 1, 1]])
    assert score_interval(gold, predicted, metric="macro_f1").value == pytest.approx(
        (2 / 3 + 1) / 2
    )


def test_one_seed_gives_the_interval_of_a_share():
    gold, predicted = np.zeros(400), np.r_[np.ones(100), np.zeros(300)]
    value, low, high = score_interval(gold, predicted, resamples=20_000)
    assert value == 0.75
    margin = 1.966 * np.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == pytest.approx((0.75 - margin, 0.75 + margin), abs=0.001)


def test_all_correct_is_not_certain():
    value, low, high = score_interval(np.zeros(100), np.zeros((3, 100)))
    assert (value, high) == (1, 1)
    assert low == pytest.approx(0.025 ** (1 / 100))


def test_difference_is_a_paired_t_test_when_items_do_not_matter(rng):
    """Where no item is harder than another only the seeds' spread is left."""
    gold = np.zeros(20_000)
    chance = np.array([[0.70], [0.80], [0.78]])
    a = rng.random((3, gold.size)) > chance
    b = rng.random((3, gold.size)) > chance - np.array([[0.02], [0.06], [0.04]])
    result = paired_difference(gold, a, b)
    oracle = ttest_1samp((a == gold).mean(1) - (b == gold).mean(1), 0)
    interval = oracle.confidence_interval()
    assert result.p_value == pytest.approx(oracle.pvalue, rel=0.03)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high), rel=0.03)


def test_difference_with_equal_seeds_is_the_test_over_items(rng, gold):
    """Where every seed gives the same answers only the items are uncertain."""
    a, b = predictions(rng, gold, 1, 0.8), predictions(rng, gold, 1, 0.7)
    result = paired_difference(gold, a.repeat(5, 0), b.repeat(5, 0), resamples=20_000)
    oracle = ttest_1samp((a[0] == gold) * 1.0 - (b[0] == gold) * 1.0, 0)
    assert result.p_value == pytest.approx(oracle.pvalue, rel=0.1)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_difference_changes_sign_with_its_arms(rng, gold, metric):
    a, b = predictions(rng, gold, right=0.8), predictions(rng, gold, right=0.7)
    forth, back = paired_difference(gold, a, b, metric), paired_difference(gold, b, a, metric)
    assert back.difference == pytest.approx(-forth.difference)
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))
    assert back.p_value == pytest.approx(forth.p_value)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_order_of_seeds_and_items_and_names_of_labels_do_not_matter(rng, gold, metric):
    a, b = predictions(rng, gold, right=0.8), predictions(rng, gold, right=0.7)
    expected = paired_difference(gold, a, b, metric)
    seeds, items = rng.permutation(4), rng.permutation(gold.size)
    names = np.array(["x", "y", "z"])
    same = paired_difference(names[gold], names[a][seeds], names[b][seeds], metric)
    assert same == pytest.approx(expected)
    moved = paired_difference(gold[items], a[:, items], b[:, items], metric)
    assert moved == pytest.approx(expected, abs=0.004)


def test_one_seed_says_nothing_about_a_difference(gold):
    result = paired_difference(gold, gold, (gold + 1) % 3)
    assert result.difference == 1
    assert np.isnan(result[1:]).all()


def test_equal_and_opposite_arms(gold):
    a = np.stack([gold] * 3)
    same = paired_difference(gold, a, a)
    assert (same.difference, same.p_value) == (0, 1)
    assert same.low < 0 < same.high
    opposite = paired_difference(gold, a, (a + 1) % 3)
    assert (opposite.difference, opposite.high, opposite.p_value) == (1, 1, 0)


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (np.zeros(3), np.zeros((2, 4)), "gold must be"),
        (np.zeros((2, 3)), np.zeros((2, 3)), "gold must be"),
        (np.zeros(1), np.zeros((2, 1)), "2 items"),
        (np.zeros(3), np.zeros((0, 3)), "1 seed"),
    ],
)
def test_wrong_shapes_are_refused(gold, predicted, message):
    with pytest.raises(ValueError, match=message):
        score_interval(gold, predicted)


def test_wrong_settings_are_refused(gold):
    with pytest.raises(ValueError, match="allowed: accuracy"):
        score_interval(gold, gold, metric="bleu")
    with pytest.raises(ValueError, match="level"):
        score_interval(gold, gold, level=95)
    with pytest.raises(ValueError, match="same seeds"):
        paired_difference(gold, [gold, gold], [gold])


def test_corrections_by_hand():
    p = [0.01, 0.04, 0.03, np.nan]
    assert holm(p)[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg(p)[:3] == pytest.approx([0.03, 0.04, 0.04])
    assert np.isnan(holm(p)[3])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([2.0])


def study(rng, levels=("D0", "D1", "D2"), gains=(0.0, 0.3, -0.3), seeds=5, items=200):
    """Predictions and arms of a tiny study: one baseline, one arm per level with its gain."""
    gold = rng.integers(3, size=items)
    rows, arms = [], []
    for arm, gain in [("real", 0.0), *zip(levels, gains, strict=True)]:
        predicted = predictions(rng, gold, seeds, 0.5 + gain)
        rows += [
            pl.DataFrame(
                {"id": [f"t{i}" for i in range(items)], "gold": gold, "predicted": predicted[s]}
            ).with_columns(pl.lit(arm).alias("arm"), pl.lit("m").alias("model"), seed=s)
            for s in range(seeds)
        ]
        generated = arm != "real"
        arms.append(
            {
                "arm": arm,
                "design": "mix-add",
                "generator": "g" if generated else None,
                "pipeline": "topic" if generated else None,
                "level": arm if generated else None,
                "n_real": 50,
                "n_generated": 100 * generated,
                "baseline": "real" if generated else None,
            }
        )
    return pl.concat(rows), pl.DataFrame(arms)


def test_findings_tell_better_from_worse(rng):
    frame = findings(*study(rng))
    assert dict(frame.schema) == {name: kind() for name, kind in FINDINGS.items()}
    for metric in ("accuracy", "macro_f1"):
        rows = frame.filter(metric=metric).sort("arm")
        verdicts = dict(zip(rows["arm"], rows["verdict"], strict=True))
        assert verdicts == {"D0": "no evidence", "D1": "better", "D2": "worse", "real": None}
        assert rows.filter(pl.col("arm") != "real")["p_holm"].to_list() == pytest.approx(
            holm(rows.filter(pl.col("arm") != "real")["p_value"].to_numpy())
        )


def test_findings_agree_with_the_functions_and_ignore_row_order(rng):
    rows, arms = study(rng)
    frame = findings(rows, arms)
    assert findings(rows.sample(fraction=1, shuffle=True, seed=1), arms).equals(frame)
    arm = rows.filter(arm="D1").sort("seed", "id")
    gold = arm.filter(seed=0)["gold"].to_numpy()
    a = arm["predicted"].to_numpy().reshape(5, -1)
    b = rows.filter(arm="real").sort("seed", "id")["predicted"].to_numpy().reshape(5, -1)
    row = frame.row(
        by_predicate=(pl.col("arm") == "D1") & (pl.col("metric") == "accuracy"), named=True
    )
    expected = score_interval(gold, a)
    assert (row["value"], row["low"], row["high"]) == pytest.approx(expected)
    assert row["difference"] == pytest.approx(paired_difference(gold, a, b).difference)
    assert (row["n"], row["seeds"]) == (200, 5)


def test_an_arm_of_two_designs_is_one_comparison(rng):
    rows, arms = study(rng)
    alone = findings(rows, arms)
    again = arms.filter(arm="D1").with_columns(design=pl.lit("another"))
    both = findings(rows, pl.concat([again, arms]))
    kept, before = (frame.sort("arm", "metric") for frame in (once(both), alone))
    assert kept["verdict"].to_list() == before["verdict"].to_list()
    p = [pytest.approx(value, nan_ok=True) for value in before["p_holm"]]
    assert kept["p_holm"].to_list() == p
    assert both.filter(arm="D1")["p_holm"].n_unique() == 2  # metrics
    asked = recommend(both), recommend(alone)
    assert asked[0]["comparisons"] == asked[1]["comparisons"]


def test_an_arm_is_compared_with_each_of_its_baselines(rng):
    rows, arms = study(rng)
    once = findings(rows, arms)
    again = arms.filter(arm="D1").with_columns(baseline=pl.lit("D2"))
    both = findings(rows, pl.concat([arms, again])).filter(arm="D1", metric="accuracy")
    assert both["baseline"].to_list() == ["real", "D2"]
    alone = once.filter(arm="D1", metric="accuracy")["difference"][0]
    value = dict(once.filter(metric="accuracy").select("arm", "value").iter_rows())
    assert both["difference"].to_list() == pytest.approx([alone, value["D1"] - value["D2"]])
    with pytest.raises(ValueError, match="twice in one design"):
        findings(rows, pl.concat([arms, arms]))


def test_findings_with_one_seed_have_no_evidence(rng):
    frame = findings(*study(rng, seeds=1)).filter(pl.col("baseline").is_not_null())
    assert frame["p_value"].null_count() == frame["difference_low"].null_count() == frame.height
    assert frame["verdict"].unique().to_list() == ["no evidence"]


def test_findings_count_a_missing_answer_as_wrong(rng):
    rows, arms = study(rng)
    silent = rows.with_columns(pl.when(pl.col("arm") != "D1").then(pl.col("predicted")))
    assert findings(silent, arms).filter(arm="D1")["value"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda rows: rows.filter((pl.col("seed") != 1) | (pl.col("id") != "t3")),
            "same test items",
        ),
        (
            lambda rows: rows.filter((pl.col("arm") != "D1") | (pl.col("id") != "t3")),
            "baseline real",
        ),
        (lambda rows: rows.filter(pl.col("arm") != "real"), "no predictions"),
        (lambda rows: pl.concat([rows, rows]), "twice"),
        (lambda rows: rows.head(0), "empty"),
        (lambda rows: rows.drop("id"), r"lack the columns \['id'\]"),
        (lambda rows: rows.with_columns(pl.col("arm").replace("D1", "new")), "does not list"),
        (lambda rows: rows.with_columns(gold=None), "without a gold label"),
    ],
)
def test_findings_refuse_bad_predictions(rng, spoil, message):
    rows, arms = study(rng)
    with pytest.raises(ValueError, match=message):
        findings(spoil(rows), arms)


def test_own_metric_with_partial_credit(rng):
    """A metric is any function of sums over items, here a mean of points per item."""
    points = Metric(
        lambda gold, predicted: (1 - np.abs(predicted - gold))[..., None] / gold.size,
        lambda sums: sums[..., 0],
    )
    gold = rng.random(50)
    predicted = rng.random((3, 50))
    assert score_interval(gold, predicted, points).value == pytest.approx(
        1 - np.abs(gold - predicted).mean()
    )


def test_recommendation_names_the_best_setting(rng):
    rows, arms = study(rng)
    costs = pl.DataFrame({"arm": ["D1"], "tokens": [5000]})
    answer = recommend(findings(rows, arms), n_real=50, model="m", costs=costs)
    assert (answer["arm"], answer["pipeline"], answer["level"]) == ("D1", "topic", "D1")
    assert answer["share"] == pytest.approx(2 / 3)
    assert answer["cost"] == {"generated_rows": 100, "tokens": 5000}
    assert answer["difference_low"] > 0
    assert "topic at D1 with 67% generated rows" in answer["sentence"]


def test_recommendation_says_when_nothing_helps(rng):
    table = findings(*study(rng, gains=(0.0, 0.0, -0.3)))
    assert recommend(table)["sentence"] == NO_GAIN == "No setting beats real data alone here."
    with pytest.raises(ValueError, match="no comparison with n_real 7"):
        recommend(table, n_real=7)


def test_detectable_effect_agrees_with_the_power_of_a_t_test():
    """With nothing from the items it is the paired t-test over seeds."""
    effect = minimum_detectable_effect(10, 1000, seed_sd=0.02, item_sd=0)
    power = TTestPower().power(effect / 0.02, 10, 0.05)
    assert power == pytest.approx(0.8, abs=0.02)
    assert minimum_detectable_effect(10, 1000, 0.02, 0.2, comparisons=14) > effect
    with pytest.raises(ValueError, match="2 seeds"):
        minimum_detectable_effect(1, 1000, 0.02, 0.2)


LEVELS = np.arange(7.0)


def test_one_seed_makes_trend_and_bend_ordinary_least_squares(rng):
    y = 0.5 + 0.03 * LEVELS - 0.004 * LEVELS**2 + rng.normal(0, 0.01, 7)
    line = sm.OLS(y, sm.add_constant(LEVELS)).fit()
    low, high = line.conf_int()[1]
    assert trend(LEVELS, y) == pytest.approx((line.params[1], low, high, line.pvalues[1]))
    curve = sm.OLS(y, np.column_stack([LEVELS**0, LEVELS, LEVELS**2])).fit()
    bend = inverted_u(LEVELS, y)
    assert bend.curvature == pytest.approx(curve.params[2])
    assert bend.peak == pytest.approx(-curve.params[1] / curve.params[2] / 2)
    ends = [curve.t_test([0, 1, 2 * at]) for at in (0, 6)]
    assert bend.p_value == pytest.approx(max(float(end.pvalue) for end in ends) / 2)


def test_peak_by_hand():
    """y = 9 - (x - 3)^2 without noise: the peak is at 3 and its interval closes on it."""
    result = inverted_u(LEVELS, np.tile(9 - (LEVELS - 3) ** 2, (3, 1)))
    assert result.curvature == pytest.approx(-1)
    assert result.peak == pytest.approx(3)
    assert result.p_value < 1e-6
    assert result.two_lines_p_value < 0.05


def test_bend_ignores_unit_and_origin_of_x_and_a_shift_of_a_seed(rng):
    y = 9 - (LEVELS - 3) ** 2 + rng.normal(0, 1, (4, 7))
    plain = inverted_u(LEVELS, y)
    moved = inverted_u(100 + 2 * LEVELS, y + np.array([[0], [5], [-3], [1]]))
    assert moved.p_value == pytest.approx(plain.p_value)
    assert moved.two_lines_p_value == pytest.approx(plain.two_lines_p_value)
    assert moved[3:] == pytest.approx([100 + 2 * at for at in plain[3:]])


def test_a_u_is_no_inverted_u(rng):
    result = inverted_u(LEVELS, (LEVELS - 3) ** 2 + rng.normal(0, 0.1, (4, 7)))
    assert result.p_value > 0.99
    assert result.two_lines_p_value > 0.5
    assert np.isnan([result.peak, result.peak_low, result.peak_high]).all()


def test_groups_have_their_own_intercept(rng):
    y = 0.1 * LEVELS + rng.normal(0, 0.01, (3, 7))
    both = np.hstack([y, y + 5])
    result = trend(np.tile(LEVELS, 2), both, np.repeat(["topic", "paraphrase"], 7))
    assert result.difference == pytest.approx(trend(LEVELS, y).difference)
    assert result.p_value < 0.01


def test_trend_is_the_mixed_model_when_arms_have_no_noise_of_their_own(rng):
    """The slope is that of a mixed model with seed as group; only its error counts more."""
    y = 0.1 * LEVELS + rng.normal(0, 1, (6, 1)) + rng.normal(0, 0.1, (6, 7))
    seeds, levels = np.indices(y.shape)
    fit = sm.MixedLM(y.ravel(), sm.add_constant(1.0 * levels.ravel()), seeds.ravel()).fit()
    result = trend(LEVELS, y)
    assert result.difference == pytest.approx(fit.params[1])
    assert result.low < fit.params[1] < result.high


def test_interaction_by_hand(rng):
    level, size = (axis.ravel() for axis in np.meshgrid(LEVELS, [1.0, 2.0, 4.0]))
    curve = np.sin(level) + size**2 + 0.5 * level * size
    result = interaction(level, size, curve + rng.normal(0, 0.01, (3, 21)))
    assert result.difference == pytest.approx(0.5, abs=0.01)
    assert result.p_value < 1e-6
    with pytest.raises(ValueError, match="independently"):
        interaction(LEVELS, LEVELS, np.zeros((3, 7)))


def test_mediation_splits_the_total_effect(rng):
    x = np.tile(LEVELS, 2)
    shift = 0.5 * x + rng.normal(0, 1, 14)
    y = 0.2 * x - 0.6 * shift + rng.normal(0, 0.01, (4, 14))
    total, direct, indirect = mediation(x, shift, y)
    assert total.difference == pytest.approx(direct.difference + indirect.difference)
    assert direct.difference == pytest.approx(0.2, abs=0.01)
    assert indirect.low < indirect.difference < indirect.high < 0
    with pytest.raises(ValueError, match="same up to scale"):
        mediation(x, 2 * x, y)


def test_rank_agreement_is_spearman(rng):
    x, y = rng.normal(size=14), rng.normal(size=(3, 14))
    result = rank_agreement(x, y)
    assert (result.difference, result.p_value) == pytest.approx(spearmanr(x, y.mean(0)))
    assert result.low < result.difference < result.high
    assert np.isnan(rank_agreement(np.ones(14), y)).all()


@pytest.mark.parametrize("test", [trend, inverted_u, rank_agreement])
def test_trends_refuse_bad_input(test):
    with pytest.raises(ValueError, match="y must be"):
        test(LEVELS, np.zeros((3, 6)))
    with pytest.raises(ValueError, match="missing"):
        test(LEVELS, np.full((3, 7), np.nan))
    with pytest.raises(ValueError, match=r"too few|5 different|4 arms"):
        test(LEVELS[:2], np.zeros((3, 2)))
