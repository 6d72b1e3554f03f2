import inspect
import math

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy import linalg, stats
from scipy.spatial.distance import cdist

from mixtura import shift

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
    ("bad", "says"),
    [
        (np.full((9, 6), np.inf), "infinity"),
        (np.ones((9, 5)), "columns"),
        (np.ones(6), "shape"),
        (np.empty((0, 6)), "rows"),
    ],
)
def test_bad_input_is_refused(measure, bad, says):
    with pytest.raises(ValueError, match=says):
        measure(X, bad)
    with pytest.raises(ValueError, match=says):
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
    found = measure(RANDOM.permutation(x), RANDOM.permutation(y))
    assert found == pytest.approx(measure(x, y), rel=1e-9)


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
    found = measure(np.tile(x, (2, 1)), np.tile(y, (2, 1)))
    assert found == pytest.approx(expected(x, y), rel=1e-9)


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
    for block in (100, 800):
        assert BLOCKWISE[name](x, y, block=block) == pytest.approx(expected, rel=1e-9, abs=0)


def test_every_measure_with_a_block_size_is_among_them():
    functions = inspect.getmembers(shift, inspect.isfunction)
    with_block = {
        name
        for name, function in functions
        if not name.startswith("_")
        and function.__module__ == shift.__name__
        and "block" in inspect.signature(function).parameters
    }
    assert with_block == {name.split()[0] for name in BLOCKWISE}


def test_mmd_by_hand_and_dense():
    # Within: k = exp(-2), exp(-2); between: 1, exp(-2), exp(-2), exp(-8) over 4.
    value = shift.mmd([[0.0], [2]], [[0.0], [-2]], bandwidth=1)
    assert value == pytest.approx(2 * math.exp(-2) - (1 + 2 * math.exp(-2) + math.exp(-8)) / 2)

    width = np.median(cdist(pool := np.concatenate((X, Y)), pool)[np.triu_indices(len(pool), 1)])
    k = np.exp(-cdist(pool, pool, "sqeuclidean") / (2 * width**2))
    np.fill_diagonal(k, 0)
    n, m = len(X), len(Y)
    dense = k[:n, :n].sum() / n / (n - 1) + k[n:, n:].sum() / m / (m - 1) - 2 * k[:n, n:].mean()
    assert shift.mmd(X, Y) == pytest.approx(dense)
    assert shift.mmd_test(X, Y)[0] == pytest.approx(dense)


def test_mmd_refuses_bad_settings():
    with pytest.raises(ValueError, match="bandwidth"):
        shift.mmd(X, Y, bandwidth=0)
    with pytest.raises(ValueError, match="same row"):
        shift.mmd(np.ones((5, 2)), np.ones((5, 2)))
    with pytest.raises(ValueError, match="permutations"):
        shift.mmd_test(X, Y, 0)


def test_permutation_p_value():
    assert shift.mmd_test(X, Y + 3, 99)[1] == pytest.approx(0.01)
    # Under no shift p is uniform: over 100 draws the share below a half is near a half.
    ps = []
    for seed in range(100):
        z = np.random.default_rng(seed).normal(size=(24, 3))
        ps.append(shift.mmd_test(z[:12], z[12:], 99, seed)[1])
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    assert min(ps) >= 0.01


def test_energy_distance_against_scipy():
    x, y = X[:, :1], Y[:, :1]
    expected = stats.energy_distance(x[:, 0], y[:, 0]) ** 2
    assert shift.energy_distance(x, y) == pytest.approx(expected)
    assert shift.energy_distance(X, X) == pytest.approx(0, abs=1e-9)


def test_sliced_wasserstein_in_one_dimension():
    # One dimension has one direction: the plain 2-Wasserstein distance.
    assert shift.sliced_wasserstein([[0.0], [1]], [[3.0], [5]]) == pytest.approx(math.sqrt(12.5))
    # Unequal sizes: quantiles 0, 0, 1, 1 against 2, 2, 2, 2 over a doubled grid.
    assert shift.sliced_wasserstein([[0.0], [1]], [[2.0]]) == pytest.approx(math.sqrt(2.5))
    assert shift.sliced_wasserstein(X, X[::-1]) == 0


def test_sliced_wasserstein_of_a_shift():
    # Moving a set by v moves each projection by v.u: mean square |v|^2 / d.
    moved = shift.sliced_wasserstein(X, X + 2.0, projections=20_000)
    assert moved == pytest.approx(2, rel=0.02)


def test_frechet_by_hand_and_dense():
    # One dimension: (mean difference)^2 + (sd difference)^2.
    x, y = np.array([[0.0], [2]]), np.array([[3.0], [7]])
    expected = 16 + (math.sqrt(2) - math.sqrt(8)) ** 2
    assert shift.frechet_distance(x, y, shrinkage=False) == pytest.approx(expected)

    sx, sy = np.cov(X.T), np.cov(Y.T)
    root = linalg.sqrtm(sx @ sy).real
    dense = ((X.mean(0) - Y.mean(0)) ** 2).sum() + np.trace(sx + sy - 2 * root)
    assert shift.frechet_distance(X, Y, shrinkage=False) == pytest.approx(dense)
    assert shift.frechet_distance(X, X) == pytest.approx(0, abs=1e-9)


def test_frechet_shrinks_as_ledoit_and_wolf():
    from sklearn.covariance import ledoit_wolf

    few = X[:8]
    shrunk = shift._covariance(few, few.mean(0), True)
    assert shrunk == pytest.approx(ledoit_wolf(few)[0])
    # Fewer rows than dimensions: shrinkage brings two draws of one distribution closer together.
    wide = RANDOM.normal(size=(40, 200))
    pair = wide[:20], wide[20:]
    assert shift.frechet_distance(*pair) < 0.5 * shift.frechet_distance(*pair, shrinkage=False)
    assert shift.frechet_distance(np.ones((3, 2)), np.ones((3, 2))) == 0


def test_tail_loss_by_hand():
    draw = np.random.default_rng(3).normal
    core, rare = draw(size=(80, 4)) / 10, draw(size=(20, 4))
    rare += np.repeat([[50.0], [-50]], 10, axis=0)  # two heaps far off, sparser than the core
    real = np.concatenate((core, rare))
    assert shift.tail_loss(real, real) == 0
    assert shift.tail_loss(real, core + 0.01) == 1  # what is common is there, the tail is not
    assert shift.prdc(real, core + 0.01)["coverage"] > 0.7
    assert shift.tail_loss(real, np.concatenate((core, rare[:10]))) == 0.5
    # Of rows at 0, 1, 3 and 7 the last two are the tail, which reach 2 and 4 to their neighbours.
    line = np.array([[0.0], [1], [3], [7]])
    assert shift.tail_loss(line, np.array([[4.0], [20]]), k=1, tail=0.5) == 0
    assert shift.tail_loss(line, np.array([[2.5], [20]]), k=1, tail=0.5) == 0.5
    assert shift.tail_loss(line, np.array([[11.0], [1]]), k=1, tail=0.5) == 1  # on the edge


@pytest.mark.parametrize(("told", "options"), [("k must", {"k": 90}), ("tail must", {"tail": 0.0})])
def test_tail_loss_refuses_bad_settings(told, options):
    with pytest.raises(ValueError, match=told):
        shift.tail_loss(X, Y, **options)


def test_prdc_by_hand():
    # k = 1: real balls 0+-1, 1+-1, 5+-4 (strictly inside); generated balls 0.5+-6.5, 7+-6.5.
    x, y = [[0.0], [1], [5]], [[0.5], [7]]
    found = shift.prdc(x, y, k=1)
    assert found == pytest.approx(
        {"precision": 1, "recall": 1, "density": (2 + 1) / 2, "coverage": 1}
    )
    found = shift.prdc(y, x, k=1)
    assert found["density"] == pytest.approx((1 + 2 + 2) / 3)
    with pytest.raises(ValueError, match="k must be between 1 and 1"):
        shift.prdc(x, y, k=2)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_prdc_against_the_published_package(k, capsys):
    expected = compute_prdc(X, Y, k)
    assert shift.prdc(X, Y, k) == pytest.approx(expected)
    far = shift.prdc(X, Y + 100, k)
    assert far == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_c2st():
    same = RANDOM.normal(size=(600, 4))
    assert shift.c2st(same[:300], same[300:]) == pytest.approx(0.5, abs=0.08)
    assert shift.c2st(X, X + 10) == 1
    assert shift.c2st(X, Y, seed=1) == shift.c2st(X, Y, seed=1)
    with pytest.raises(ValueError, match="at least 5 rows"):
        shift.c2st(X, Y[:4])


def test_nearest_real_distance_by_hand():
    assert shift.nearest_real_distance(np.eye(2), [[3.0, 0], [1, 1]]) == pytest.approx(
        (1 - math.sqrt(0.5)) / 2
    )
    assert shift.nearest_real_distance(X, X[:5]) == pytest.approx(0, abs=1e-12)
    expected = cdist(Y, X, "cosine").min(1).mean()
    assert shift.nearest_real_distance(X, Y) == pytest.approx(expected)


def test_mauve_limits():
    ends = np.repeat([[0.0], [10]], 20, axis=0)
    assert shift.mauve(ends, ends, 2) == pytest.approx(1)
    # Disjoint: the curve is ((1 - l)^5, l^5), area 5 B(6, 5) = 5 * 5! 4! / 10!.
    apart = shift.mauve(ends[:20], ends[20:], 2)
    assert apart == pytest.approx(5 * 120 * 24 / 3628800, rel=1e-2)
    assert apart < shift.mauve(ends[:30], ends[20:], 2) < 1
    with pytest.raises(ValueError, match="clusters must"):
        shift.mauve(X, Y, 1000)


def test_mauve_against_the_published_package():
    from mauve import compute_mauve

    random = np.random.default_rng(5)
    # Four tight heaps on the sphere, so that any clustering finds the same four buckets.
    centres = np.eye(4)
    real, made = (
        centres[random.choice(4, 200, p=share)] + random.normal(scale=1e-3, size=(200, 4))
        for share in ([0.4, 0.3, 0.2, 0.1], [0.1, 0.1, 0.3, 0.5])
    )
    found = compute_mauve(
        real, made, num_buckets=4, kmeans_explained_var=0.999,
        divergence_curve_discretization_size=100,
    )  # fmt: skip
    assert shift.mauve(real, made, buckets=4) == pytest.approx(found.mauve, abs=1e-3)
    assert 0.1 < found.mauve < 0.9


def test_label_shift_by_hand():
    assert shift.label_shift("aab", "abb") == pytest.approx(1 / 3)
    assert shift.label_shift([1, 2], [3]) == 1
    with pytest.raises(ValueError, match="empty"):
        shift.label_shift([], [1])


def test_ngram_jensen_shannon_against_scipy():
    from scipy.spatial.distance import jensenshannon

    value = shift.ngram_jensen_shannon(["a a b", "c"], ["a b", "b d"])
    root = jensenshannon([0.5, 0.25, 0.25, 0], [0.25, 0.5, 0, 0.25], base=2)
    assert value == pytest.approx(root**2)
    assert shift.ngram_jensen_shannon(["a b"], ["b c"], 2) == pytest.approx(1)
    assert shift.ngram_jensen_shannon(["a b"], ["a b"], 2) == 0
    with pytest.raises(ValueError, match=r"3-grams of y \(generated\)"):
        shift.ngram_jensen_shannon(["a b c"], ["a b"], 3)


def test_length_shift_by_hand():
    assert shift.length_shift(["a", "a b"], ["a", "a"]) == 0.5
    value, p = shift.length_shift_test(["a"] * 30, ["a b"] * 30)
    assert value == 1 and p < 1e-6
    with pytest.raises(ValueError, match="texts"):
        shift.length_shift([], ["a"])


def test_perplexity_gap_by_hand():
    assert shift.perplexity_gap([-2, -4], [1, 2], [-3], [1]) == pytest.approx(1)
    for bad in (([0.5], [1]), ([math.nan], [1]), ([-1], [0]), ([-1, -2], [1])):
        with pytest.raises(ValueError, match=r"y \(generated\)"):
            shift.perplexity_gap([-1], [1], *bad)


def test_ngram_model_by_hand():
    # a x2, b x1, end x1 of 4; 3 kinds; uniform 1/4 over a, b, end, unknown.
    model = shift.NgramModel(["a b a"], order=1, discount=0.5)
    assert model.probability((), "a") == pytest.approx((1.5 + 0.5 * 3 / 4) / 4)
    assert model.probability((), "zzz") == pytest.approx(0.5 * 3 / 4 / 4)
    logs, tokens = model.log_probs(["a", ""])
    assert tokens.tolist() == [2, 1]
    end = (0.5 + 0.375) / 4
    assert logs == pytest.approx([math.log(1.875 / 4) + math.log(end), math.log(end)])


@pytest.mark.parametrize(
    "history", [(), ("a",), ("a", "b"), ("x", "a"), ("<s>", "<s>"), ("x", "y")]
)
def test_ngram_model_sums_to_one(history):
    model = shift.NgramModel(["a b c a b", "b a", "c c c"])
    vocabulary = ["a", "b", "c", "</s>", "unknown"]
    assert sum(model.probability(history, w) for w in vocabulary) == pytest.approx(1)


def test_ngram_model_prefers_what_it_read():
    model = shift.NgramModel(["the cat sat on the mat"] * 3 + ["the dog sat on the log"])
    like, unlike = model.log_probs(["the dog sat on the mat"]), model.log_probs(["mat the on"])
    assert shift.perplexity_gap(*like, *unlike) > 1
    with pytest.raises(ValueError, match="no words"):
        shift.NgramModel(["", " "])
    with pytest.raises(ValueError, match="order"):
        shift.NgramModel(["a"], order=0)
