"""Loss of the tail."""

import numpy as np
import pytest

from mixtura.measure.shift import prdc, tail_loss

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6))
Y = RANDOM.normal(size=(70, 6)) + 0.4


def test_tail_loss_by_hand():
    draw = np.random.default_rng(3).normal
    core, rare = draw(size=(80, 4)) / 10, draw(size=(20, 4))
    rare += np.repeat([[50.0], [-50]], 10, axis=0)  # two heaps far off, sparser than the core
    real = np.concatenate((core, rare))
    assert tail_loss(real, real) == 0
    assert tail_loss(real, core + 0.01) == 1  # what is common is there, the tail is not
    assert prdc(real, core + 0.01)["coverage"] > 0.7
    assert tail_loss(real, np.concatenate((core, rare[:10]))) == 0.5
    # Of rows at 0, 1, 3 and 7 the last two are the tail, which reach 2 and 4 to their neighbours.
    line = np.array([[0.0], [1], [3], [7]])
    assert tail_loss(line, np.array([[4.0], [20]]), k=1, tail=0.5) == 0
    assert tail_loss(line, np.array([[2.5], [20]]), k=1, tail=0.5) == 0.5
    assert tail_loss(line, np.array([[11.0], [1]]), k=1, tail=0.5) == 1  # on the edge


@pytest.mark.parametrize(
    ("message", "options"), [("k must", {"k": 90}), ("tail must", {"tail": 0.0})]
)
def test_tail_loss_refuses_bad_settings(message, options):
    with pytest.raises(ValueError, match=message):
        tail_loss(X, Y, **options)
