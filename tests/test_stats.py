"""Statistics against hand-worked values, other libraries, invariances and bad input."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_1samp
from sklearn.metrics import accuracy_score, f1_score

from mixtura.stats import (
    FINDINGS,
    benjamini_hochberg,
    findings,
    holm,
    paired_difference,
    score_interval,
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
