"""What lasts: the public measures of the room, and settings that load no array library."""

import subprocess
import sys

import numpy as np
import pytest

from mixtura import measure
from mixtura.measure import c2st, dcscore, frechet_distance, mmd, novelsum, prdc, vendi_score

X, Y = np.random.default_rng(0).normal(size=(2, 30, 4))


def test_public_measures_take_arrays() -> None:
    assert 1 <= dcscore(X, kernel="cosine", tau=1.0) <= 30
    assert 1 <= vendi_score(X, q=1.0) <= 4
    assert novelsum(X, Y) > 0
    assert mmd(X, Y) < 2 and frechet_distance(X, Y) > 0
    assert prdc(X, Y, k=5).keys() == {"precision", "recall", "density", "coverage"}
    assert 0 <= c2st(X, Y, seed=0) <= 1


def test_there_are_no_other_names() -> None:
    assert all(callable(getattr(measure, name)) for name in measure.__all__)
    with pytest.raises(AttributeError, match="no attribute 'sparkle'"):
        measure.sparkle  # noqa: B018


def test_settings_load_no_array_library() -> None:
    code = (
        "import sys, mixtura.measure.settings; sys.exit(bool({'numpy', 'polars'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
