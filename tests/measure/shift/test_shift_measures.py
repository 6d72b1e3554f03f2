"""What holds for every measure of shift: order, rotation, copies, tiles, precision."""

import inspect

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from mixtura.measure import shift

RANDOM = np.random.default_rng(0)


X = RANDOM.normal(size=(90, 6))


Y = RANDOM.normal(size=(70, 6)) + 0.4


ROTATION = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0]


MEASURES = {
    "mmd": shift.mmd,
    "mmd_test": lambda x, y: shift.mmd_test(x, y, 50),
    "energy_distance": shift.energy_distance,
    "sliced_wasserstein": shift.sliced_wasserstein,
    "frechet_distance": shift.frechet_distance,
    "prdc": lambda x, y: tuple(shift.prdc(x, y).values()),
    "c2st": shift.c2st,
    "mauve": shift.mauve,
    "nearest_real_distance": shift.nearest_real_distance,
    "tail_loss": shift.tail_loss,
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full((9, 6), np.inf), "infinity"),
        (np.ones((9, 5)), "columns"),
        (np.ones(6), "shape"),
        (np.empty((0, 6)), "rows"),
    ],
)
def test_bad_input_is_refused(measure, bad, message):
    with pytest.raises(ValueError, match=message):
        measure(X, bad)
    with pytest.raises(ValueError, match=message):
        measure(bad, X)


@pytest.mark.parametrize("name", MEASURES)
def test_torch_and_float32_agree_with_numpy(name):
    measure = MEASURES[name]
    expected = pytest.approx(measure(X, Y), rel=1e-9)
    assert measure(torch.tensor(X), torch.tensor(Y)) == expected
    x, y = X.astype(np.float32), Y.astype(np.float32)
    assert measure(x, y) == pytest.approx(measure(X, Y), rel=1e-4)


# The classifier standardises each dimension; the slices are directions of their own.
@pytest.mark.parametrize("name", [n for n in MEASURES if n not in ("sliced_wasserstein", "c2st")])
def test_rotation_does_not_matter(name):
    assert MEASURES[name](X @ ROTATION, Y @ ROTATION) == pytest.approx(MEASURES[name](X, Y))


# A permutation p-value, the folds of the classifier and the starts of K-means draw rows by number.
HEAPS = np.repeat(np.eye(6)[:2], 20, axis=0) + RANDOM.normal(scale=0.01, size=(40, 6))


BY_NUMBER = {
    "mmd_test": (lambda x, y: shift.mmd_test(x, y, 1)[0], X, Y),
    "c2st of sets apart": (shift.c2st, X, X + 10),
    "mauve of heaps": (lambda x, y: shift.mauve(x, y, 2), HEAPS, HEAPS[8:]),
}


EXACT = {n: (m, X, Y) for n, m in MEASURES.items() if n not in ("mmd_test", "c2st", "mauve")}


EXACT |= BY_NUMBER | {"median_bandwidth": (shift.median_bandwidth, X, Y)}


@pytest.mark.parametrize("name", EXACT)
def test_order_of_rows_does_not_matter(name):
    measure, x, y = EXACT[name]
    result = measure(RANDOM.permutation(x), RANDOM.permutation(y))
    assert result == pytest.approx(measure(x, y), rel=1e-9)


@pytest.mark.parametrize("name", ["mmd", "energy_distance", "sliced_wasserstein"])
def test_order_of_sets_does_not_matter(name):
    assert MEASURES[name](Y, X) == pytest.approx(MEASURES[name](X, Y))


def test_rotation_of_what_looks_along_directions():
    slices = [shift.sliced_wasserstein(X @ r, Y @ r, 20_000) for r in (np.eye(6), ROTATION)]
    assert slices[1] == pytest.approx(slices[0], rel=0.02)
    # The classifier standardises each dimension: those may change places and signs.
    turned = [a[:, ::-1] * [1, -1, -1, 1, 1, -1] for a in (X, Y)]
    assert shift.c2st(*turned) == pytest.approx(shift.c2st(X, Y), abs=1e-3)


def mmd_twice(x, y):
    """Unbiased MMD^2 at width 2 of both sets twice: a row's copy counts as another one, k = 1."""
    n, between = len(x), np.exp(-cdist(x, y, "sqeuclidean") / 8).mean()
    return (2 * (n - 1) * shift.mmd(x, y, 2.0) + 2 - 2 * between) / (2 * n - 1)


def frechet_twice(x, y):
    """Covariances divided by 2n - 1 in place of 2 (n - 1)."""
    n, means = len(x), ((x.mean(0) - y.mean(0)) ** 2).sum()
    spread = shift.frechet_distance(x, y, shrinkage=False) - means
    return means + spread * 2 * (n - 1) / (2 * n - 1)


def prdc_twice(x, y):
    """The 5th neighbour is the 2nd of the set once, and each ball is there twice."""
    once = shift.prdc(x, y, 2)
    return {**once, "density": once["density"] * 2 * 2 / 5}


# What a measure of both sets twice must be, by its formula. Not here: the classifier, which then
# learns copies of what it is tested on, and the width, for which a row and its copy are a pair.
TWICE = {
    "mmd": (lambda x, y: shift.mmd(x, y, 2.0), mmd_twice),
    "mmd_test": (lambda x, y: shift.mmd_test(x, y, 1, bandwidth=2.0)[0], mmd_twice),
    "energy_distance": (shift.energy_distance, shift.energy_distance),
    "sliced_wasserstein": (shift.sliced_wasserstein, shift.sliced_wasserstein),
    "frechet_distance": (lambda x, y: shift.frechet_distance(x, y, False), frechet_twice),
    "prdc": (shift.prdc, prdc_twice),
    "tail_loss": (shift.tail_loss, lambda x, y: shift.tail_loss(x, y, 2)),
    "nearest_real_distance": (shift.nearest_real_distance, shift.nearest_real_distance),
}


@pytest.mark.parametrize("name", TWICE)
def test_both_sets_twice(name):
    measure, expected = TWICE[name]
    x, y = X[: len(Y)], Y
    result = measure(np.tile(x, (2, 1)), np.tile(y, (2, 1)))
    assert result == pytest.approx(expected(x, y), rel=1e-9)


def test_mauve_of_heaps_twice():
    once = shift.mauve(HEAPS, HEAPS[8:], 2)
    assert shift.mauve(np.tile(HEAPS, (2, 1)), np.tile(HEAPS[8:], (2, 1)), 2) == pytest.approx(once)


WORDED = {
    "ngram_jensen_shannon": lambda x, y: shift.ngram_jensen_shannon(x, y, 2),
    "length_shift": shift.length_shift,
    "length_shift_test": lambda x, y: shift.length_shift_test(x, y)[0],
    "total_variation": shift.total_variation,
    "label_shift": shift.label_shift,
    "perplexity_gap": lambda x, y: shift.perplexity_gap(
        *(model := shift.NgramModel(["a b c", "b a"])).log_probs(x), *model.log_probs(y)
    ),
}


@pytest.mark.parametrize("name", WORDED)
def test_order_and_a_second_copy_of_texts_do_not_matter(name):
    x, y = ["a b a", "c b", "a b c d", "a b a"], ["b a", "c b", "d d a"]
    expected = pytest.approx(WORDED[name](x, y), rel=1e-12)
    assert WORDED[name](x[::-1], [y[1], y[2], y[0]]) == expected
    assert WORDED[name](x * 2, y * 2) == expected


@pytest.mark.parametrize("array", [np.asarray, torch.tensor])
@pytest.mark.parametrize("block", [7, 64])
def test_block_size_does_not_matter(block, array):
    x, y = array(X), array(Y)
    for measure in (shift.mmd, shift.energy_distance, shift.nearest_real_distance, shift.prdc):
        assert measure(x, y, block=block) == pytest.approx(measure(X, Y), rel=1e-9)
    assert shift.mmd_test(x, y, 20, block=block) == pytest.approx(shift.mmd_test(X, Y, 20))


BLOCKWISE = {
    "mmd": shift.mmd,
    "mmd of far rows": lambda x, y, block: shift.mmd(x, y, 1.0, block=block),
    "mmd_test": lambda x, y, block: shift.mmd_test(x, y, 20, block=block),
    "energy_distance": shift.energy_distance,
    "prdc": lambda x, y, block: list(shift.prdc(x, y, block=block).values()),
    "tail_loss": shift.tail_loss,
    "nearest_real_distance": shift.nearest_real_distance,
}


@pytest.mark.parametrize("array", [np.asarray, torch.tensor])
@pytest.mark.parametrize("name", BLOCKWISE)
def test_block_size_does_not_matter_in_float32(name, array):
    # No shift at all: the values are small differences of near-equal means.
    x, y = (array((RANDOM.normal(size=(n, 32)) + 0.3).astype(np.float32)) for n in (800, 700))
    expected = BLOCKWISE[name](x, y, block=512)
    # Means over pairs round in float32, by far less than what the next draw of rows would change.
    rounding = 1e-7 if name.startswith(("mmd", "energy")) else 0
    for block in (100, 800):
        assert BLOCKWISE[name](x, y, block=block) == pytest.approx(expected, rel=1e-9, abs=rounding)


def test_every_measure_with_a_block_size_is_among_them():
    with_block = {
        name
        for name in shift.__all__
        if "block" in inspect.signature(getattr(shift, name)).parameters
    }
    assert with_block == {name.split()[0] for name in BLOCKWISE}
