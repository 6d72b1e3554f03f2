"""A person's own measures."""

import json
import math

import numpy as np
import pytest
import torch

from mixtura.core.wording import measure_name
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.shift_panel import shift_panel
from panel_sets import HELD, HELD_TEXTS, REAL, REAL_TEXTS, TEXTS, X


@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_an_own_measure_gets_texts_and_unit_rows_as_arrays(kind):
    x = torch.as_tensor(X) if kind == "tensor" else X

    def norm(texts, embeddings, s=1.0, tau=2.0):
        assert type(embeddings) is np.ndarray and len(texts) == len(embeddings)
        return s * tau * np.linalg.norm(embeddings, axis=1).mean()

    frame = diversity_panel(
        TEXTS, x, repeats=3, measures=["norm"], own={"norm": norm},
        options={"norm": {"tau": [1, 3], "s": [1, 2]}},
    )  # fmt: skip
    assert frame["value"].to_list() == pytest.approx([1, 3, 2, 6])
    names = [measure_name(*row) for row in frame["measure", "settings"].rows()]
    assert names == [f"norm (s {s}, tau {tau})" for s in (1, 2) for tau in (1, 3)]

    def apart(real_texts, real_embeddings, texts, embeddings):
        return np.linalg.norm(real_embeddings.mean(0) - embeddings.mean(0))

    arrays = (REAL_TEXTS, REAL, TEXTS, x, HELD_TEXTS, HELD)
    far = shift_panel(*arrays, measures=["apart"], own={"apart": apart})
    assert far["value"].item() > 0 and far["floor"].item() > 0
    assert json.loads(far["settings"].item()) == {"normalise": True, "own": True}


@pytest.mark.parametrize("wrong", [math.nan, -0.1, math.inf])
def test_an_own_measure_gives_a_finite_number(wrong):
    with pytest.raises(ValueError, match=f"mine: it gave {wrong}"):
        diversity_panel(TEXTS, X, measures=["mine"], own={"mine": lambda texts, x: wrong})


def test_a_default_of_an_own_measure_can_be_written_down():
    with pytest.raises(ValueError, match="mine: a default is no number, text or list"):
        diversity_panel(TEXTS, X, own={"mine": lambda texts, x, words=frozenset(): 0})
