"""What a set may be: finite embeddings, parts of one length, a reference that is cut."""

import json

import numpy as np
import pytest

from mixtura.measure import diversity, sample
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.shift_panel import shift_panel
from panel_sets import REAL, TEXTS, X


def test_nan_is_refused_and_empty_sets_too():
    broken = X.copy()
    broken[3, 3] = np.nan
    with pytest.raises(ValueError, match="generated embeddings must be finite"):
        diversity_panel(TEXTS, broken)
    with pytest.raises(ValueError, match="held-out embeddings must be finite"):
        shift_panel(None, X, None, X, None, broken)
    with pytest.raises(ValueError, match="at least 1"):
        diversity_panel([])


def test_a_long_reference_is_cut_and_its_length_recorded(monkeypatch):
    monkeypatch.setattr(sample, "REFERENCE_LIMIT", 20)
    frame = diversity_panel(None, X, REAL, measures=["facility_location"], repeats=0)
    assert json.loads(frame["settings"][0])["n_reference"] == 20
    assert frame["value"][0] == pytest.approx(diversity.facility_location(X, REAL[:20]))
