"""Selection reaches a target by the embeddings alone: labels and lengths stay."""

from collections import Counter

import numpy as np
import pytest

from mixtura.curate.select import Selection, select
from mixtura.curate.settings import SelectSettings
from mixtura.measure.diversity import dcscore, vendi_score


def pool(rows: int = 600, seed: int = 0) -> tuple[np.ndarray, list[str], list[int]]:
    """Half the rows in one tight cluster, the others all over the place; lengths differ."""
    rng = np.random.default_rng(seed)
    tight = np.eye(16)[0] + 0.02 * rng.normal(size=(rows // 2, 16))
    wide = rng.normal(size=(rows - rows // 2, 16))
    vectors = np.concatenate([tight, wide])[rng.permutation(rows)]
    labels = [("pos", "neg")[row % 2] for row in range(rows)]
    return vectors, labels, rng.geometric(0.05, rows).tolist()


def selected(
    rows: tuple[np.ndarray, list[str], list[int]], n: int, target: float, seed: int = 0, **options
) -> Selection:
    return select(*rows, SelectSettings(n=n, target=target, seed=seed, **options))


@pytest.mark.parametrize(
    ("measure", "score", "options", "targets"),
    [
        ("vendi_score", vendi_score, {}, (2.0, 5.0, 9.0, 13.0)),
        ("dcscore", dcscore, {"tau": 0.05}, (10.0, 30.0, 60.0)),
    ],
)
def test_targets_are_reached_and_labels_and_lengths_held(measure, score, options, targets):
    rows = vectors, labels, _ = pool()
    for target in targets:
        selection = selected(rows, 100, target, measure=measure, options=options)
        assert abs(selection.value - target) < 0.03 * target, (target, selection)
        assert selection.value == pytest.approx(
            score(vectors[selection.rows].astype("f4"), **options), 1e-3
        )
        assert len(set(selection.rows.tolist())) == 100
        assert Counter(labels[row] for row in selection.rows) == {"pos": 50, "neg": 50}
        assert selection.length_distance <= 0.1
        assert (
            selection.low <= selection.value <= selection.high
            and selection.low < selection.random < selection.high
        )


def test_a_target_out_of_reach_gives_the_end_and_the_range():
    rows = pool()
    for target, end in ((0.5, "low"), (40.0, "high")):
        selection = selected(rows, 100, target)
        assert selection.value == getattr(selection, end)
    assert (
        1.0 <= selection.low < 1.5 and 13 < selection.high <= 16
    )  # one cluster; no more than 16 dimensions


def test_the_far_end_beats_random_choices():
    rows = vectors, _, _ = pool()
    best = selected(rows, 100, 99.0).value
    rng = np.random.default_rng(1)
    tries = [vendi_score(vectors[rng.permutation(600)[:100]]) for _ in range(50)]
    assert best > max(tries)


def test_the_same_pool_gives_the_same_rows():
    rows = pool()
    first = selected(rows, 100, 9.0)
    assert selected(rows, 100, 9.0).rows.tolist() == first.rows.tolist()
    assert selected(rows, 100, 9.0, seed=1).rows.tolist() != first.rows.tolist()


def test_lengths_hold_where_length_and_place_go_together():
    """In a pool whose long texts are the diverse ones, both ends still have the pool's lengths."""
    rng = np.random.default_rng(0)
    lengths = np.sort(rng.integers(5, 100, 400))
    vectors = np.eye(16)[0] + (lengths / 60)[:, None] * rng.normal(size=(400, 16))
    labels = ["a"] * 400
    for target in (0.01, 99.0):
        selection = selected((vectors, labels, lengths), 80, target, length_tolerance=0.05)
        assert selection.length_distance <= 0.05
        assert abs(lengths[selection.rows].mean() - lengths.mean()) < 3


def test_a_label_that_is_short_is_named():
    rows = pool()
    with pytest.raises(ValueError, match="label 'neg' has 300 rows in the pool of 301 wanted"):
        selected(rows, 602, 5.0)
    with pytest.raises(ValueError, match="no multiple of the 2 labels"):
        selected(rows, 99, 5.0)
