"""The columns of both panels."""

import polars as pl

from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.shift_panel import shift_panel
from panel_sets import REAL_TEXTS, TEXTS


def test_columns():
    frame = diversity_panel(TEXTS, repeats=2, measures=["mtld"])
    assert frame.columns == ["measure", "settings", "n", "repeats", "value", "low", "high"]
    frame = shift_panel(REAL_TEXTS, None, TEXTS, None, repeats=2, measures=["length_shift"])
    assert frame.columns[7:] == ["floor", "floor_low", "floor_high", "z", "p_value"]
    assert frame.schema["floor"] == pl.Float64
