"""Nearest rows are those of all distances, whatever the tiles."""

import numpy as np
import pytest

from mixtura.measure.blocks import unit_rows
from mixtura.measure.nearest import nearest, neighbours

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(9, 4)), RNG.normal(size=(70, 4))
X, Y = unit_rows(X, "x"), unit_rows(Y, "y")


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sort(((x[:, None] - y[None]) ** 2).sum(-1), axis=1)


@pytest.mark.parametrize("search", [nearest, neighbours])
@pytest.mark.parametrize("block", [2, 1000])
@pytest.mark.parametrize("k", [1, 3, 70])
def test_the_nearest_rows_of_another_set(search, block: int, k: int) -> None:
    assert search(X, Y, k, block=block) == pytest.approx(distances(X, Y)[:, :k], abs=1e-9)


@pytest.mark.parametrize("search", [nearest, neighbours])
@pytest.mark.parametrize("k", [1, 69])
def test_a_row_is_no_neighbour_of_itself(search, k: int) -> None:
    expected = distances(Y, Y)[:, 1 : k + 1]
    assert search(Y, Y, k, same=True, block=2) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("search", [nearest, neighbours])
@pytest.mark.parametrize(("k", "same", "most"), [(0, False, 70), (71, False, 70), (70, True, 69)])
def test_as_many_neighbours_as_there_are(search, k: int, same: bool, most: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and {most} with 70 rows, not {k}"):
        search(Y, Y, k, same=same)
