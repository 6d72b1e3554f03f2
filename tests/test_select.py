"""Selection reaches a target by the embeddings alone: labels and lengths stay."""

from collections import Counter

import numpy as np
import pytest

from mixtura.diversity import dcscore, vendi_score
from mixtura.select import select


def pool(rows: int = 600, seed: int = 0) -> tuple[np.ndarray, list[str], list[int]]:
    """Half the rows in one tight cluster, the others all over the place; lengths differ."""
    rng = np.random.default_rng(seed)
    tight = np.eye(16)[0] + 0.02 * rng.normal(size=(rows // 2, 16))
    wide = rng.normal(size=(rows - rows // 2, 16))
    vectors = np.concatenate([tight, wide])[rng.permutation(rows)]
    labels = [("pos", "neg")[row % 2] for row in range(rows)]
    return vectors, labels, rng.geometric(0.05, rows).tolist()


@pytest.mark.parametrize(
    ("measure", "score", "options", "targets"),
    [
        ("vendi_score", vendi_score, {}, (2.0, 5.0, 9.0, 13.0)),
        ("dcscore", dcscore, {"tau": 0.05}, (10.0, 30.0, 60.0)),
    ],
)
def test_targets_are_reached_and_labels_and_lengths_held(measure, score, options, targets):
    vectors, labels, lengths = pool()
    for target in targets:
        got = select(vectors, labels, lengths, 100, target, measure=measure, options=options)
        assert abs(got.value - target) < 0.03 * target, (target, got)
        assert got.value == pytest.approx(score(vectors[got.rows].astype("f4"), **options), 1e-3)
        assert len(set(got.rows.tolist())) == 100
        assert Counter(labels[row] for row in got.rows) == {"pos": 50, "neg": 50}
        assert got.length_distance <= 0.1
        assert got.low <= got.value <= got.high and got.low < got.random < got.high


def test_a_target_out_of_reach_gives_the_end_and_the_range():
    vectors, labels, lengths = pool()
    for target, end in ((0.5, "low"), (40.0, "high")):
        got = select(vectors, labels, lengths, 100, target)
        assert got.value == getattr(got, end)
    assert 1.0 <= got.low < 1.5 and 13 < got.high <= 16  # one cluster; no more than 16 dimensions


def test_the_far_end_beats_random_choices():
    vectors, labels, lengths = pool()
    best = select(vectors, labels, lengths, 100, 99.0).value
    rng = np.random.default_rng(1)
    tries = [vendi_score(vectors[rng.permutation(600)[:100]]) for _ in range(50)]
    assert best > max(tries)


def test_the_same_pool_gives_the_same_rows():
    given = pool()
    first = select(*given, 100, 9.0)
    assert select(*given, 100, 9.0).rows.tolist() == first.rows.tolist()
    assert select(*given, 100, 9.0, seed=1).rows.tolist() != first.rows.tolist()


def test_lengths_hold_where_length_and_place_go_together():
    """In a pool whose long texts are the diverse ones, both ends still have the pool's lengths."""
    rng = np.random.default_rng(0)
    lengths = np.sort(rng.integers(5, 100, 400))
    vectors = np.eye(16)[0] + (lengths / 60)[:, None] * rng.normal(size=(400, 16))
    labels = ["a"] * 400
    for target in (0.0, 99.0):
        got = select(vectors, labels, lengths, 80, target, length_tolerance=0.05)
        assert got.length_distance <= 0.05
        assert abs(lengths[got.rows].mean() - lengths.mean()) < 3


def test_a_label_that_is_short_is_named():
    vectors, labels, lengths = pool()
    with pytest.raises(ValueError, match="label 'neg' has 300 rows in the pool of 301 wanted"):
        select(vectors, labels, lengths, 602, 5.0)
    with pytest.raises(ValueError, match="no multiple of the 2 labels"):
        select(vectors, labels, lengths, 99, 5.0)
