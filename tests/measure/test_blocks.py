"""Arrays and tensors give the same panels, on a GPU too."""

import numpy as np
import pytest
import torch
from polars.testing import assert_frame_equal

from mixtura.measure import blocks
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.shift_panel import SHIFT, shift_panel
from panel_sets import HELD, HELD_TEXTS, REAL, REAL_TEXTS, TEXTS, X

ON = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


@pytest.mark.parametrize("device", ON)
def test_panels_of_torch_tensors_are_those_of_arrays(device):
    def on(x):
        return torch.as_tensor(x.astype("f4"), device=device)

    expected = diversity_panel(TEXTS, X.astype("f4"), REAL.astype("f4"), repeats=2)
    frame = diversity_panel(TEXTS, on(X), on(REAL), repeats=2)
    assert_frame_equal(frame, expected, rel_tol=1e-5)
    floats = [x.astype("f4") for x in (REAL, X, HELD)]
    arguments = {"repeats": 2, "measures": [*SHIFT.keys() - {"label_shift"}]}
    expected = shift_panel(
        *(REAL_TEXTS, floats[0], TEXTS, floats[1], HELD_TEXTS, floats[2]), **arguments
    )
    frame = shift_panel(*(REAL_TEXTS, on(REAL), TEXTS, on(X), HELD_TEXTS, on(HELD)), **arguments)
    # MMD without a shift is a difference that all but cancels.
    assert_frame_equal(frame.drop("z"), expected.drop("z"), rel_tol=1e-5, abs_tol=1e-5)
    # A z divides by the spread of the floor, and so does the error of its float32 values.
    z, spread = expected["z"], (expected["value"] - expected["floor"]) / expected["z"]
    assert ((frame["z"] - z).abs() <= 1e-6 * (1 + z.abs()) / spread).all()


def test_on_gpu_moves_arrays_where_there_is_one():
    moved = blocks.on_gpu(X)
    assert np.array_equal(blocks.numpy_array(moved), X)
    assert (moved is X) == (not torch.cuda.is_available())
