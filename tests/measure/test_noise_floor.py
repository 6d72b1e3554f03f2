"""The noise floor, a measure between halves of the same real text, and z on its scale."""

import numpy as np
import pytest

from mixtura.measure import shift
from mixtura.measure.noise_floor import Floor, read_floors, write_floors
from mixtura.measure.shift_panel import shift_panel
from panel_sets import HELD, HELD_TEXTS, LABELS, REAL, REAL_TEXTS, TEXTS, N, X, value


def panel(real, generated, held_out, *measures, **options):
    return shift_panel(
        REAL_TEXTS, real, TEXTS, generated, HELD_TEXTS, held_out, normalise=False,
        real_labels=LABELS, generated_labels=LABELS, held_out_labels=LABELS,
        measures=measures, options={"c2st": {"folds": 2}} if "c2st" in measures else None,
        **options,
    )  # fmt: skip


def test_z_is_the_distance_from_the_floor_in_its_spreads():
    floor = Floor(0.25, 0.5, 21)
    assert floor.z(1.75) == 3
    assert floor.z(-0.75) == -2
    assert floor.z(None) is None
    low, high = floor.interval()
    assert (low, high) == (pytest.approx(0.25 - 2.086 * 0.5, rel=1e-3), pytest.approx(1.293, 1e-3))


def test_z_is_null_where_splits_do_not_differ():
    assert Floor(0.0, 0.0, 21).z(1.0) is None
    assert Floor(0.3, 1e-17, 21).z(0.3) is None
    assert Floor(0.3).z(1.0) is None
    assert Floor(0.3).interval() == (None, None)


@pytest.mark.workflow
def test_more_real_text_has_a_z_near_zero_and_a_shift_a_large_one():
    random = np.random.default_rng(3)
    measures = ("mmd", "c2st", "prdc")
    near = panel(REAL, random.normal(size=(N, 8)) + 1, HELD, *measures)
    far = panel(REAL, X + 1, HELD, *measures)
    for measure in ("mmd", "c2st"):
        assert abs(value(near, measure)["z"]) < 3.5
        assert value(far, measure)["z"] > 5
    assert value(far, "recall")["z"] < -3  # lower is further
    floor = value(far, "mmd")
    assert floor["floor_low"] < 0 < floor["floor_high"]
    assert abs(floor["floor"]) < 0.01  # unbiased
    # the panel draws rows, and so the folds
    expected = 2 * shift.c2st(REAL, X + 1, folds=2) - 1
    assert value(far, "c2st")["value"] == pytest.approx(expected, abs=0.1)


def test_the_floors_of_one_set_are_those_of_the_next(tmp_path):
    """Nothing is measured twice, and every number is as if it were."""
    measures, file = ("mmd", "prdc", "ngram_jensen_shannon"), tmp_path / "floors.json"
    assert read_floors(file) == {}
    floors = {}
    panel(REAL, X, HELD, *measures, floors=floors)
    write_floors(floors, file)
    kept = read_floors(file)
    assert kept == floors and len(kept) == 3
    alone = panel(REAL, X + 1, HELD, *measures)
    # Other rows in place of the held-out ones would change a floor that was measured again.
    assert panel(REAL, X + 1, X + 9, *measures, floors=kept).equals(alone)
    file.write_text('{"mmd"')
    assert read_floors(file) == {}


def test_fewer_rows_have_a_floor_of_their_own():
    floors = {}
    for n in (N, 30, 30):
        panel(REAL, X, HELD, "energy_distance", n=n, floors=floors)
    assert len(floors) == 2


def test_a_set_without_a_value_of_several_has_a_row_that_says_why():
    """Words of one letter make no pairs: one null stands for both n, and real text has two."""
    frame = shift_panel(REAL_TEXTS, REAL, ["a"] * N, X, HELD_TEXTS, HELD, repeats=3)
    rows = frame.filter(measure="ngram_jensen_shannon")
    assert rows["value"].to_list() == [None] and "undefined" in rows["settings"][0]
    assert rows["floor"].to_list() == [None]


def test_halves_hold_the_labels_as_the_samples_do():
    """Sets with equal labels are no further apart in labels than real text, whatever the split."""
    labels = value(panel(REAL, X, HELD, "label_shift", repeats=5), "label_shift")
    assert (labels["floor"], labels["floor_high"], labels["z"]) == (0, 0, None)


def test_above_the_subset_the_spread_is_that_of_smaller_halves():
    """The spread falls with the root of n, as that of a mean does."""
    frames = [
        panel(REAL, X + 1, HELD, "nearest_real_distance", repeats=60, subset=subset)
        for subset in (45, 1500)
    ]
    small, whole = (value(frame, "nearest_real_distance") for frame in frames)
    assert small["floor"] == pytest.approx(shift.nearest_real_distance(REAL, HELD))
    assert whole["floor"] != small["floor"]
    width = [row["floor_high"] - row["floor_low"] for row in (small, whole)]
    assert width[0] == pytest.approx(width[1], rel=0.4)
