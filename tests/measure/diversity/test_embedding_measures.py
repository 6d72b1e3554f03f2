"""What holds for every measure of embeddings: order, scale, rotation, copies, tiles, precision."""

import inspect
import math

import numpy as np
import pytest
import torch

from mixtura.measure import diversity as dv

RANDOM = np.random.default_rng(0)


X = RANDOM.normal(size=(120, 9))


REFERENCE = RANDOM.normal(size=(80, 9))


ROTATION = np.linalg.qr(RANDOM.normal(size=(9, 9)))[0]


IDENTICAL = np.tile([[0.6, 0.8]], (5, 1))


EMBEDDING_MEASURES = {
    "dcscore": dv.dcscore,
    "dcscore rbf": lambda x: dv.dcscore(x, "rbf", 0.1),
    "dcscore polynomial": lambda x: dv.dcscore(x, "polynomial", 0.1),
    "vendi_score": dv.vendi_score,
    "vendi_score inf": lambda x: dv.vendi_score(x, math.inf),
    "mean_pairwise_distance": dv.mean_pairwise_distance,
    "chamfer_distance": dv.chamfer_distance,
    "knn_distance": dv.knn_distance,
    "log_determinant": dv.log_determinant,
    "radius": dv.radius,
    "kmeans_inertia": lambda x: dv.kmeans_inertia(x, clusters=1),
    "novelsum": lambda x: dv.novelsum(x, x),
    "facility_location": lambda x: dv.facility_location(x[:50], x[50:]),
    "partition_entropy": lambda x: dv.partition_entropy(x[:50], x[50:]),
}


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("measure", EMBEDDING_MEASURES.values(), ids=EMBEDDING_MEASURES)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full((3, 2), np.nan), "NaN"),
        (np.zeros((100, 2)), "zeros"),
        (np.ones(4), "shape"),
        (np.empty((0, 3)), "rows"),
        (np.array([["a", "b"]]), "numbers"),
    ],
)
def test_bad_embeddings_are_refused(measure, bad, message):
    with pytest.raises(ValueError, match=message):
        measure(bad)


@pytest.mark.parametrize("name", EMBEDDING_MEASURES)
def test_scale_and_order_do_not_matter(name):
    measure = EMBEDDING_MEASURES[name]
    scaled = X * RANDOM.uniform(0.1, 9, size=(len(X), 1))
    assert measure(scaled) == pytest.approx(measure(X), rel=1e-9)
    # K-means starts depend on the order of the reference, the rows from 50 on.
    rest = np.arange(50, 120) if name == "partition_entropy" else 50 + RANDOM.permutation(70)
    order = np.concatenate((RANDOM.permutation(50), rest))
    assert measure(X[order]) == pytest.approx(measure(X), rel=1e-9)


def test_order_scale_and_rotation_do_not_matter_to_the_rest():
    order = RANDOM.permutation(len(X))
    shuffled = dv.dcscore(X[order], "laplacian", 0.1)
    assert shuffled == pytest.approx(dv.dcscore(X, "laplacian", 0.1), rel=1e-9)
    for x in (X[order], X @ ROTATION, 3 * X):
        assert dv.spectrum(x) == pytest.approx(dv.spectrum(X), rel=1e-9)
    density = dv.novelsum_density(X, REFERENCE)
    assert dv.novelsum_density(X[order], REFERENCE[::-1]) == pytest.approx(density[order])
    assert dv.novelsum_density(X @ ROTATION, REFERENCE @ ROTATION) == pytest.approx(density)
    # Radius and the laplacian kernel look along the axes: those may change places and signs.
    turned = X[:, ::-1] * [1, -1, 1, 1, -1, 1, -1, 1, 1]
    assert dv.radius(turned) == pytest.approx(dv.radius(X), rel=1e-9)
    assert dv.dcscore(turned, "laplacian") == pytest.approx(dv.dcscore(X, "laplacian"), rel=1e-9)
    # Starts of K-means depend on the order; where heaps lie apart, all of them end in the same.
    heaps = np.repeat(np.eye(9)[:3], 10, axis=0) + RANDOM.normal(scale=0.01, size=(30, 9))
    inertia = dv.kmeans_inertia(heaps, 3)
    for x in (heaps[RANDOM.permutation(30)], heaps @ ROTATION, np.tile(heaps, (2, 1))):
        assert dv.kmeans_inertia(x, 3) == pytest.approx(inertia, rel=1e-9)
    assign, again = dv.partition(heaps, 3), dv.partition(heaps @ ROTATION, 3)
    assert (np.diff(assign(heaps)) != 0).sum() == (np.diff(again(heaps @ ROTATION)) != 0).sum() == 2


N = len(X)


# What a measure of the whole set twice must be, by its formula. Not here: novelsum with other
# alpha (ranks weigh otherwise) and K-means on no clear clusters (its starts are random).
TWICE = {
    **{
        f"dcscore {kernel}": (lambda x, k=kernel: dv.dcscore(x, k, 0.1), lambda once: once)
        for kernel in ("cosine", "rbf", "laplacian", "polynomial")
    },
    **{
        f"vendi_score {q}": (lambda x, q=q: dv.vendi_score(x, q), lambda once: once)
        for q in (0, 0.5, 1, 2, math.inf)
    },
    "spectrum": (dv.spectrum, lambda once: 2 * once),
    "radius": (dv.radius, lambda once: once),
    "kmeans_inertia": (lambda x: dv.kmeans_inertia(x, 1), lambda once: once),
    "facility_location": (lambda x: dv.facility_location(x, REFERENCE), lambda once: once),
    "partition_entropy": (lambda x: dv.partition_entropy(x, REFERENCE), lambda once: once),
    "partition": (dv.partition(REFERENCE), lambda once: np.tile(once, 2)),
    "novelsum_density": (
        lambda x: dv.novelsum_density(x, REFERENCE),
        lambda once: np.tile(once, 2),
    ),
    "novelsum": (lambda x: dv.novelsum(x, REFERENCE, alpha=0), lambda once: once),
    # The same sum of distances, four times, over more pairs.
    "mean_pairwise_distance": (
        dv.mean_pairwise_distance,
        lambda once: once * 2 * (N - 1) / (2 * N - 1),
    ),
    "chamfer_distance": (dv.chamfer_distance, lambda once: 0),
    # The copy, then the two nearest twice each.
    "knn_distance": (dv.knn_distance, lambda once: dv.knn_distance(X, 2) * 4 / 5),
    "log_determinant": (dv.log_determinant, lambda once: dv.log_determinant(X, 0.5) / 2),
}


@pytest.mark.parametrize("name", TWICE)
def test_the_whole_set_twice(name):
    measure, expected = TWICE[name]
    result = measure(np.tile(X, (2, 1)))
    assert result == pytest.approx(expected(measure(X)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [n for n in EMBEDDING_MEASURES if n != "radius"])
def test_rotation_does_not_matter(name):
    measure = EMBEDDING_MEASURES[name]
    assert measure(X @ ROTATION) == pytest.approx(measure(X), rel=1e-9)


@pytest.mark.parametrize("name", [n for n in EMBEDDING_MEASURES if n != "partition_entropy"])
def test_torch_and_float32_agree_with_numpy(name):
    measure = EMBEDDING_MEASURES[name]
    assert measure(torch.tensor(X)) == pytest.approx(measure(X), rel=1e-9)
    assert measure(torch.tensor(X).float()) == pytest.approx(measure(X), rel=1e-5)
    assert measure(X.astype(np.float16)) == pytest.approx(measure(X), rel=1e-2)


@pytest.mark.parametrize("array", [np.asarray, torch.tensor])
@pytest.mark.parametrize("block", [5, 64, 4096])
def test_block_size_does_not_matter(block, array):
    x, y = array(X), array(REFERENCE)
    for kernel in ("cosine", "rbf", "laplacian", "polynomial"):
        expected = dv.dcscore(X, kernel, [1, 0.05])
        assert dv.dcscore(x, kernel, [1, 0.05], block=block) == pytest.approx(expected, rel=1e-9)
    for k in (1, 4):
        assert dv.knn_distance(x, k, block=block) == pytest.approx(dv.knn_distance(X, k), rel=1e-9)
    assert dv.novelsum(x, y, block=block) == pytest.approx(dv.novelsum(X, REFERENCE), rel=1e-9)
    expected = dv.facility_location(X, REFERENCE)
    assert dv.facility_location(x, y, block=block) == pytest.approx(expected, rel=1e-9)


FLOAT32 = (RANDOM.normal(size=(2500, 64)) + 0.3).astype(np.float32)


BLOCKWISE = {
    "dcscore cosine": lambda x, y, block: dv.dcscore(x, tau=[1, 0.05], block=block),
    "dcscore rbf": lambda x, y, block: dv.dcscore(x, "rbf", [1, 0.05], block=block),
    "dcscore laplacian": lambda x, y, block: dv.dcscore(x, "laplacian", [1, 0.05], block=block),
    "dcscore polynomial": lambda x, y, block: dv.dcscore(x, "polynomial", [1, 0.05], block=block),
    "knn_distance": lambda x, y, block: dv.knn_distance(x, block=block),
    "chamfer_distance": lambda x, y, block: dv.chamfer_distance(x, block=block),
    "facility_location": lambda x, y, block: dv.facility_location(x, y, block=block),
    "novelsum_density": lambda x, y, block: dv.novelsum_density(x, y, block=block),
    "novelsum": lambda x, y, block: dv.novelsum(x, y, block=block),
}


@pytest.mark.parametrize("array", [np.asarray, torch.tensor])
@pytest.mark.parametrize("name", BLOCKWISE)
def test_block_size_does_not_matter_in_float32(name, array):
    x, y = array(FLOAT32[:1500]), array(FLOAT32[1500:])
    expected = np.asarray(BLOCKWISE[name](x, y, 512))
    rel = 1e-7 if name.startswith("dcscore") else 1e-9  # rows of a tile are summed in float32
    for block in (100, 1500):
        result = np.asarray(BLOCKWISE[name](x, y, block))
        assert result == pytest.approx(expected, rel=rel)


def test_every_measure_with_a_block_size_is_among_them():
    with_block = {
        name for name in dv.__all__ if "block" in inspect.signature(getattr(dv, name)).parameters
    }
    assert with_block == {name.split()[0] for name in BLOCKWISE}


def test_inputs_are_not_changed():
    for x in (X.copy(), torch.tensor(X)):
        for measure in EMBEDDING_MEASURES.values():
            measure(np.asarray(x) if measure is EMBEDDING_MEASURES["partition_entropy"] else x)
        assert np.array_equal(np.asarray(x), X)


def test_against_the_package_emb_diversity():
    import emb_diversity as measures

    def theirs(name, **options):
        return pytest.approx(getattr(measures, name)(X, **options)["value"], rel=1e-6)

    n = len(X)
    assert dv.dcscore(X) == theirs("dcscore")
    assert dv.dcscore(X, tau=0.05) == theirs("dcscore", tau=0.05)
    # Its tau is gamma or the degree in the other kernels, which take rows as they are.
    for kernel, short in (("rbf", "rbf"), ("laplacian", "lap")):
        result = measures.dcscore(unit(X), kernel_type=short, tau=0.7)["value"]
        assert dv.dcscore(X, kernel, gamma=0.7) == pytest.approx(result, rel=1e-6)
    result = measures.dcscore(unit(X), kernel_type="poly", tau=2)["value"]
    assert dv.dcscore(X, "polynomial", degree=2) == pytest.approx(result, rel=1e-6)
    assert math.log(dv.vendi_score(X, 2)) == theirs("renyi_entropy", alpha=2.0)
    assert math.log(dv.vendi_score(X)) == theirs("renyi_entropy", alpha=1.0)
    assert dv.mean_pairwise_distance(X) == theirs("mean_pw_dist")
    assert dv.chamfer_distance(X) == theirs("chamfer_dist")
    # It divides by n - 1, and leaves the unit matrix out of the determinant.
    assert dv.radius(X, normalise=False) * math.sqrt(n / (n - 1)) == theirs("geo_mean_std")
    eps = 0.5
    ours = n * (dv.log_determinant(X, eps) + math.log(eps))
    assert ours == theirs("log_determinant", eps=eps)
    inertia = measures.cluster_inertia(unit(X), n_clusters=1)["value"]
    assert dv.kmeans_inertia(X, clusters=1) * n == pytest.approx(inertia)
