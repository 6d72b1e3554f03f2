"""Corrections of p-values by hand."""

import numpy as np
import pytest

from mixtura.infer.corrections import holm


def test_corrections_by_hand():
    p = [0.01, 0.04, 0.03, np.nan]
    assert holm(p)[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert np.isnan(holm(p)[3])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([2.0])
