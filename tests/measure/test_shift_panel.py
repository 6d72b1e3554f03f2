"""The panel of shift: every measure, its floor, equal numbers of rows."""

import pytest

from mixtura.measure import shift
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.shift_panel import SHIFT, shift_panel
from panel_sets import HELD, HELD_TEXTS, LABELS, REAL, REAL_TEXTS, TEXTS, N, X, value


def test_every_shift_measure_and_its_floor():
    frame = shift_panel(
        REAL_TEXTS, REAL, TEXTS, X + 1, HELD_TEXTS, HELD, repeats=0, normalise=False,
        real_labels=LABELS, generated_labels=["a"] * N, held_out_labels=LABELS,
    )  # fmt: skip
    expected = (SHIFT.keys() - {"prdc", "mauve"}) | {
        "precision", "recall", "density", "coverage",
    }  # fmt: skip
    assert set(frame["measure"]) == expected
    result = value(frame, "mmd")
    # value and floor in one kernel, that of the real rows
    width = shift.median_bandwidth(REAL[::2], REAL[1::2])
    assert result["value"] == pytest.approx(shift.mmd(REAL, X + 1, width))
    assert result["floor"] == pytest.approx(shift.mmd(REAL, HELD, width))
    assert value(frame, "energy_distance")["z"] is None  # no splits
    assert value(frame, "c2st", scale="(AUC - 1/2) / (1/2)")["value"] > 0.5
    assert value(frame, "recall")["value"] == pytest.approx(shift.prdc(REAL, X + 1)["recall"])
    distance = shift.frechet_distance(REAL, X + 1)
    assert value(frame, "frechet_distance")["value"] == pytest.approx(distance)
    assert value(frame, "label_shift")["value"] == pytest.approx(2 / 3)
    assert value(frame, "label_shift")["floor"] == 0
    p = value(frame, "mmd_test")["p_value"]
    assert p < 0.05
    assert value(frame, "mmd")["p_value"] is None


def test_without_held_out_the_floor_is_null():
    frame = shift_panel(REAL_TEXTS, REAL, TEXTS, X, repeats=3, measures=["mmd", "prdc"])
    assert frame.height == 5
    for column in ("floor", "floor_low", "floor_high", "z"):
        assert frame[column].null_count() == 5
    assert frame["low"].null_count() == 0


def test_equal_n_for_all_sets():
    frame = shift_panel(
        REAL_TEXTS, REAL, TEXTS[:30], X[:30], HELD_TEXTS, HELD, repeats=0, measures=["c2st"]
    )
    assert frame["n"].to_list() == [30]
    frame = diversity_panel(TEXTS, X, n=40, repeats=2, measures=["dcscore", "distinct_n"])
    assert frame["n"].unique().to_list() == [40]
