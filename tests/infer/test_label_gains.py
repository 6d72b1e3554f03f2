"""Gains of each label against recalls that scikit-learn computes."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, recall_score

from mixtura.core.wording import describe_arm
from mixtura.infer.findings import findings
from mixtura.infer.label_gains import label_gains, of_one_row
from mixtura.infer.runs import shared_rows
from mixtura.tell.labels import label_rows, labels_text

LABELS = ["common", "odd", "rare"]
ARMS = pl.DataFrame(
    {
        "arm": ["real", "over", "mix"],
        "design": ["real-only", "oversampled", "fill"],
        "generator": [None, None, "g"],
        "pipeline": [None, None, "p"],
        "level": [None, None, "D0"],
        "shown": [None, None, 40],
        "n_real": [40, 40, 40],
        "n_generated": [0, 0, 20],
        "rows": [40, 60, 60],
        "baseline": [None, None, "real"],
        "control": [None, None, "over"],
    }
)


def predictions() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    gold = np.repeat(LABELS, [60, 30, 10])
    chance = {"real": (0.9, 0.6, 0.1), "over": (0.8, 0.6, 0.4), "mix": (0.8, 0.7, 0.8)}
    rows = []
    for arm, right in chance.items():
        for replicate in range(3):
            hit = rng.random(100) < np.repeat(right, [60, 30, 10])
            predicted = np.where(hit, gold, "common")
            frame = {"id": [f"t{i:02}" for i in range(100)], "gold": gold, "predicted": predicted}
            names = {"arm": arm, "model": "m", "replicate": replicate, "seed": 0, "test": "test"}
            rows.append(
                pl.DataFrame(frame).with_columns(**{k: pl.lit(v) for k, v in names.items()})
            )
    return pl.concat(rows)


def test_the_gain_of_a_label_is_that_of_its_recall() -> None:
    frame = predictions()
    table = label_gains(frame, ARMS, LABELS)
    assert table.height == 9 and set(table["label"]) == set(LABELS)

    def recalls(arm: str) -> dict[str, float]:
        runs = [part for _, part in frame.filter(arm=arm).group_by("replicate")]
        of_runs = [
            recall_score(run["gold"], run["predicted"], labels=LABELS, average=None) for run in runs
        ]
        return dict(zip(LABELS, np.mean(of_runs, axis=0), strict=True))

    for row in table.to_dicts():
        value = recalls(row["arm"])[row["label"]]
        assert row["value"] == pytest.approx(value)
        if row["arm"] != "real":  # oversampling too is compared with real rows as they are
            gain = value - recalls("real")[row["label"]]
            assert row["difference"] == pytest.approx(gain)
            assert row["difference_low"] < gain < row["difference_high"]
    assert table.filter(label="rare")["n"].to_list() == [10, 10, 10]


def in_folds(rare: int) -> pl.DataFrame:
    """Every row is tested once in three folds, the rare label in the first one or two alone."""
    gold = np.array(["common"] * 12 + ["odd"] * 6 + ["rare"] * rare)
    fold = np.array([*range(12), *range(6), *(n // 2 for n in range(rare))]) % 3
    rng = np.random.default_rng(1)
    parts = []
    for arm in ARMS["arm"]:
        predicted = np.where(rng.random(len(gold)) < 0.7, gold, "common")
        frame = pl.DataFrame({"gold": gold, "predicted": predicted, "replicate": fold})
        names = {"arm": arm, "model": "m", "seed": 0, "test": "test"}
        columns = {k: pl.lit(v) for k, v in names.items()}
        parts.append(frame.with_row_index("id").with_columns(**columns))
    return pl.concat(parts)


@pytest.mark.parametrize("rare", [1, 2, 4])
def test_a_label_that_folds_lack_has_the_recall_of_those_that_test_it(rare: int) -> None:
    frame = in_folds(rare)
    table = label_gains(frame, ARMS, [*LABELS, "in no row"])
    assert set(table["label"]) == set(LABELS) and table.height == 9
    for row in table.filter(label="rare").to_dicts():
        tested = frame.filter(arm=row["arm"], gold="rare")
        assert row["n"] == rare
        assert row["value"] == pytest.approx((tested["predicted"] == "rare").mean())
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["difference"] is None) == (row["arm"] == "real")
    assert len(label_rows(table)) == 9


def test_a_label_with_one_test_row_has_the_exact_interval_of_one_row() -> None:
    frame = in_folds(1)
    of_rare = pl.col("gold") == "rare"
    hit = pl.when(pl.col("arm") == "mix").then(pl.lit("rare")).otherwise(pl.lit("common"))
    frame = frame.with_columns(predicted=pl.when(of_rare).then(hit).otherwise("predicted"))
    table = label_gains(frame, ARMS, ["rare"])
    of_arm = {row["arm"]: row for row in table.to_dicts()}
    for arm, hits in (("mix", 1), ("real", 0), ("over", 0)):
        exact = binomtest(hits, 1).proportion_ci(method="exact")
        row = of_arm[arm]
        assert (row["value"], row["n"]) == (hits, 1)
        assert (row["low"], row["high"]) == pytest.approx((exact.low, exact.high))
    gain = [of_arm["mix"][name] for name in ("difference", "difference_low", "difference_high")]
    assert gain == pytest.approx([1, -0.95, 1])  # one row never shows a gain
    gain = [of_arm["over"][name] for name in ("difference", "difference_low", "difference_high")]
    assert gain == pytest.approx([0, -0.975, 0.975])


def test_the_interval_of_one_row_holds_the_mean_of_rows_of_any_chance() -> None:
    rng = np.random.default_rng(3)
    for a, b in ((0.02, 0.02), (0.5, 8), (1, 1), (20, 3)):  # means of trainings of a row: beta
        values = pl.DataFrame({"value": rng.beta(a, b, 4000)})
        low, high = values.select(**of_one_row(pl.col("value"))).get_columns()
        assert ((low <= a / (a + b)) & (high >= a / (a + b))).mean() > 0.945


def test_repeated_folds_widen_the_gain_of_a_label_whose_rows_share_a_fold() -> None:
    """The trainings of 12 repetitions of 2 folds share rows, whatever rows a label has."""
    rng, parts = np.random.default_rng(2), []
    gold = np.array(["common"] * 20 + ["rare"] * 10)
    for repetition in range(12):
        fold = np.array([*rng.permutation(20) % 2, *[1] * 10])  # those of the rare label together
        for arm in ARMS["arm"]:
            predicted = np.where(rng.random(30) < 0.6, gold, "common")
            frame = pl.DataFrame({"gold": gold, "predicted": predicted, "replicate": fold})
            names = {"arm": arm, "model": "m", "seed": 0, "test": "test"}
            columns = {k: pl.lit(v) for k, v in names.items()}
            moved = pl.col("replicate") + 2 * repetition
            parts.append(frame.with_row_index("id").with_columns(moved, **columns))
    rows = pl.concat(parts)
    counts = rows.group_by("arm", "replicate").len()["len"]
    assert shared_rows(rows) == pytest.approx(counts.mean() / (30 - counts.mean())) == 1
    gains = label_gains(rows, ARMS, ["rare"])
    rare = rows.filter(gold="rare")
    plain = pl.Series("baseline", [None, "real", "real"])
    arms = ARMS.with_columns(plain, control=pl.lit(None, pl.String))

    def width(table: pl.DataFrame) -> float:
        mix = table.filter(arm="mix")
        return mix["difference_high"][0] - mix["difference_low"][0]

    wide, narrow = (width(findings(rare, arms, ["accuracy"], shared=s)) for s in (1.0, 0.0))
    assert width(gains) == pytest.approx(wide) and wide > 1.2 * narrow
    assert shared_rows(rows.filter(replicate=0)) is None


def test_balanced_accuracy_is_the_mean_recall() -> None:
    frame = predictions()
    table = findings(frame, ARMS, ["balanced_accuracy"])
    for arm, value in table.select("arm", "value").iter_rows():
        runs = [part for _, part in frame.filter(arm=arm).group_by("replicate")]
        scores = [balanced_accuracy_score(run["gold"], run["predicted"]) for run in runs]
        assert value == pytest.approx(np.mean(scores))


def test_labels_are_told_beside_real_data_and_controls() -> None:
    table = label_gains(predictions(), ARMS, LABELS)
    rows = label_rows(table)
    assert [row["label"] for row in rows] == ["rare"] * 3 + ["odd"] * 3 + ["common"] * 3
    assert {row["arm"] for row in rows} == {
        "40 real",
        "40 real, rare labels repeated to 60",
        "40 real + 20 generated, p D0 of rare labels",
    }
    [text] = labels_text(table)
    assert "| rare" in text and labels_text(table.clear()) == []
    assert describe_arm({**ARMS.row(0, named=True), "design": "class-weights"}) == (
        "40 real with class weights"
    )
