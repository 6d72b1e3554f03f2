"""Sets of several generators: alike where they write the same."""

from typing import Any

import numpy as np
import pytest

from mixtura.core.sets import SetKey
from mixtura.core.tables import check
from mixtura.measure.similarity import alike, similarity_table
from mixtura.measure.tables import Similarity
from mixtura.plan.plan import read_plan


def test_sets_of_one_source_are_as_near_as_their_own_rows(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 300, 8))
    value, low, high, within = alike(x, y)
    assert low < value < high and value == pytest.approx(within, abs=0.01)
    far = np.concatenate([y[:, :4], np.full((300, 4), 9.0)], axis=1)
    assert alike(x, far)[0] < within - 0.1
    turned = alike(x, x @ np.eye(8))
    assert turned[0] == pytest.approx(1)


def test_every_two_generators_of_a_set_are_compared(rng: np.random.Generator) -> None:
    keys = [SetKey(g, "topic", level, "r0") for g in "abc" for level in ("D0", "D6")]
    sets = [(key, "minilm", rng.normal(size=(20, 4)).astype(np.float32)) for key in keys]
    table = similarity_table(sets, 32)
    check(table, "similarity", Similarity)
    pairs = table.filter(level="D6").select("generator", "other", "n", "shown").rows()
    assert pairs == [("a", "b", 40, 32), ("a", "c", 40, 32), ("b", "c", 40, 32)]


def test_one_generator_has_no_such_table(tiny: dict[str, Any]) -> None:
    assert read_plan(tiny).score.similarity() == {}
    two = {**tiny, "generators": {**tiny["generators"], "other": tiny["generators"]["writer"]}}
    two["generate"] = {**tiny["generate"], "generators": ["writer", "other"]}
    score = read_plan(two).score
    assert len(score.compared()) == 4 and score.similarity()
