import inspect
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.special import softmax

from mixtura import diversity as dv

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
    ("bad", "says"),
    [
        (np.full((3, 2), np.nan), "NaN"),
        (np.zeros((100, 2)), "zeros"),
        (np.ones(4), "shape"),
        (np.empty((0, 3)), "rows"),
        (np.array([["a", "b"]]), "numbers"),
    ],
)
def test_bad_embeddings_are_refused(measure, bad, says):
    with pytest.raises(ValueError, match=says):
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
    found = measure(np.tile(X, (2, 1)))
    assert found == pytest.approx(expected(measure(X)), rel=1e-9, abs=1e-12)


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
    for block in (100, 1500):
        found = np.asarray(BLOCKWISE[name](x, y, block))
        assert found == pytest.approx(expected, rel=1e-9)


def test_every_measure_with_a_block_size_is_among_them():
    with_block = {
        name for name in dv.__all__ if "block" in inspect.signature(getattr(dv, name)).parameters
    }
    assert with_block == {name.split()[0] for name in BLOCKWISE}


def test_near_duplicates_keep_their_distance_in_float32():
    # 1 - cosine would round to a multiple of 6e-8.
    x = np.array([[1, 0], [1, 1e-4]], np.float32)
    assert dv.chamfer_distance(x) == pytest.approx(0.5e-8, rel=1e-3)


def test_inputs_are_not_changed():
    for x in (X.copy(), torch.tensor(X)):
        for measure in EMBEDDING_MEASURES.values():
            measure(np.asarray(x) if measure is EMBEDDING_MEASURES["partition_entropy"] else x)
        assert np.array_equal(np.asarray(x), X)


# DCScore


def test_dcscore_of_orthogonal_pair_by_hand():
    e = math.e
    assert dv.dcscore(np.eye(2)) == pytest.approx(2 * e / (e + 1))
    assert dv.dcscore(np.eye(2), tau=0.5) == pytest.approx(2 * e**2 / (e**2 + 1))


@pytest.mark.parametrize("tau", [1, 0.05])
def test_dcscore_against_the_dense_formula(tau):
    from sklearn.metrics import pairwise as sk

    x = unit(X)
    dense = {
        "cosine": x @ x.T,
        "rbf": sk.rbf_kernel(x, gamma=0.7),
        "laplacian": sk.laplacian_kernel(x, gamma=0.7),
        "polynomial": sk.polynomial_kernel(x, degree=2),
    }
    for kernel, k in dense.items():
        expected = np.trace(softmax(k / tau, axis=1))
        score = dv.dcscore(X, kernel, tau, gamma=0.7, degree=2)
        assert score == pytest.approx(expected, rel=1e-12), kernel


def test_dcscore_limits():
    assert dv.dcscore(IDENTICAL) == pytest.approx(1)
    assert dv.dcscore(IDENTICAL, tau=1e-3) == pytest.approx(1)
    assert dv.dcscore(X[:1]) == 1
    assert dv.dcscore(np.eye(50), tau=0.01) == pytest.approx(50)
    assert dv.dcscore(np.eye(500)) < math.e
    # Twice the same set: each row's weight is shared with its copy.
    assert dv.dcscore(np.tile(X, (2, 1)), tau=0.1) == pytest.approx(dv.dcscore(X, tau=0.1))


def test_dcscore_several_tau_in_one_pass():
    taus = [1, 0.5, 0.05]
    assert dv.dcscore(X, tau=taus) == pytest.approx([dv.dcscore(X, tau=t) for t in taus])
    assert isinstance(dv.dcscore(X, tau=[1]), list)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"tau": 0}, "tau"),
        ({"tau": [1, -1]}, "tau"),
        ({"tau": []}, "tau"),
        ({"tau": math.nan}, "tau"),
        ({"kernel": "sigmoid"}, "cosine, rbf, laplacian, polynomial"),
        ({"kernel": "rbf", "gamma": 0}, "gamma"),
    ],
)
def test_dcscore_refuses_bad_settings(settings, says):
    with pytest.raises(ValueError, match=says):
        dv.dcscore(X, **settings)


# Spectral measures


def test_vendi_by_hand():
    # Two copies of e1 and one e2: eigenvalues of K/n are 2/3 and 1/3.
    x = [[1, 0], [1, 0], [0, 1]]
    shannon = math.exp(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)))
    assert dv.vendi_score(x) == pytest.approx(shannon)
    assert dv.vendi_score(x, 2) == pytest.approx(1 / (4 / 9 + 1 / 9))
    assert dv.vendi_score(x, math.inf) == pytest.approx(1.5)
    assert dv.vendi_score(x, 0) == 2
    assert dv.vendi_score(x, 0.5) == pytest.approx((math.sqrt(2 / 3) + math.sqrt(1 / 3)) ** 2)


@pytest.mark.parametrize("shape", [(40, 9), (9, 40), (1, 4)])
def test_vendi_against_the_published_package(shape):
    from vendi_score import vendi

    x = RANDOM.normal(size=shape)
    kernel = unit(x) @ unit(x).T
    assert dv.vendi_score(x) == pytest.approx(vendi.score_K(kernel))
    assert 1 - 1e-12 <= dv.vendi_score(x) <= min(shape)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10**6))
def test_vendi_falls_with_order_and_ignores_a_second_copy(n, d, seed):
    x = np.random.default_rng(seed).normal(size=(n, d))
    values = [dv.vendi_score(x, q) for q in (0, 0.5, 1, 1.5, 2, 10, math.inf)]
    assert all(a >= b - 1e-9 for a, b in pairwise(values))
    assert dv.vendi_score(np.tile(x, (2, 1))) == pytest.approx(values[2])
    assert values[-1] >= 1 - 1e-9 and values[0] <= min(n, d)


def test_against_the_package_emb_diversity():
    import emb_diversity as measures

    def theirs(name, **options):
        return pytest.approx(getattr(measures, name)(X, **options)["value"], rel=1e-6)

    n = len(X)
    assert dv.dcscore(X) == theirs("dcscore")
    assert dv.dcscore(X, tau=0.05) == theirs("dcscore", tau=0.05)
    # Its tau is gamma or the degree in the other kernels, which take rows as they are.
    for kernel, short in (("rbf", "rbf"), ("laplacian", "lap")):
        found = measures.dcscore(unit(X), kernel_type=short, tau=0.7)["value"]
        assert dv.dcscore(X, kernel, gamma=0.7) == pytest.approx(found, rel=1e-6)
    found = measures.dcscore(unit(X), kernel_type="poly", tau=2)["value"]
    assert dv.dcscore(X, "polynomial", degree=2) == pytest.approx(found, rel=1e-6)
    assert math.log(dv.vendi_score(X, 2)) == theirs("renyi_entropy", alpha=2.0)
    assert math.log(dv.vendi_score(X)) == theirs("renyi_entropy", alpha=1.0)
    assert dv.mean_pairwise_distance(X) == theirs("mean_pw_dist")
    assert dv.chamfer_distance(X) == theirs("chamfer_dist")
    # It divides by n - 1, and leaves the unit matrix out of the determinant.
    assert dv.radius(X, normalise=False) * math.sqrt(n / (n - 1)) == theirs("geo_mean_std")
    eps = 0.5
    ours = n * (dv.log_determinant(X, eps) + math.log(eps))
    assert ours == theirs("log_determinant", eps=eps)
    one = measures.cluster_inertia(unit(X), n_clusters=1)["value"]
    assert dv.kmeans_inertia(X, clusters=1) * n == pytest.approx(one)


def test_vendi_refuses_negative_order():
    with pytest.raises(ValueError, match="q must"):
        dv.vendi_score(X, -1)


def test_log_determinant_against_the_determinant():
    x = unit(X)[:30]
    expected = np.linalg.slogdet(np.eye(30) + x @ x.T / 0.1)[1] / 30
    assert dv.log_determinant(x, 0.1) == pytest.approx(expected)
    assert dv.log_determinant([[3.0, 0], [0, 1]], normalise=False) == pytest.approx(
        math.log(20) / 2
    )


# Distances


def test_distances_against_scipy():
    condensed = pdist(X, "cosine")
    dense = squareform(condensed)
    np.fill_diagonal(dense, np.inf)
    dense.sort(axis=1)
    assert dv.mean_pairwise_distance(X) == pytest.approx(condensed.mean())
    assert dv.chamfer_distance(X) == pytest.approx(dense[:, 0].mean())
    assert dv.knn_distance(X, 5) == pytest.approx(dense[:, :5].mean())


def test_identical_texts_have_no_distance():
    for measure in (dv.mean_pairwise_distance, dv.chamfer_distance, dv.radius):
        assert measure(IDENTICAL) == pytest.approx(0, abs=1e-12)
    assert dv.kmeans_inertia(IDENTICAL, 3) == pytest.approx(0, abs=1e-12)
    assert dv.vendi_score(IDENTICAL) == pytest.approx(1)
    assert dv.novelsum(IDENTICAL, X[:, :2]) == pytest.approx(0, abs=1e-12)


def test_one_text_has_no_pairs():
    for measure in (dv.mean_pairwise_distance, dv.chamfer_distance, dv.knn_distance, dv.radius):
        with pytest.raises(ValueError, match="at least 2 rows"):
            measure(X[:1])
    with pytest.raises(ValueError, match="k must be between 1 and 4"):
        dv.knn_distance(X[:5], 5)


def test_radius_by_hand():
    x = [[1.0, 0], [3, 8]]
    assert dv.radius(x, normalise=False) == pytest.approx(2)
    assert dv.radius([[1.0, 5], [3, 5]], normalise=False) == 0


def test_kmeans_inertia_by_hand():
    x = np.array([[0, 1], [0, 3], [10, 0], [10, 2.0]])
    assert dv.kmeans_inertia(x, 2, normalise=False) == pytest.approx(1)
    with pytest.raises(ValueError, match="clusters must be between 1 and the 4 rows"):
        dv.kmeans_inertia(x, 5)


def test_partition_entropy_by_hand():
    reference = np.repeat(np.eye(3), 4, axis=0)
    assert dv.partition_entropy(np.eye(3), reference, 3) == pytest.approx(math.log(3))
    assert dv.partition_entropy([[1.0, 0, 0]], reference, 3) == 0
    with pytest.raises(ValueError, match="columns"):
        dv.partition_entropy(np.eye(2), reference, 3)


def test_facility_location_by_hand():
    assert dv.facility_location(np.eye(2), np.eye(2)) == pytest.approx(1)
    assert dv.facility_location([[1.0, 0]], np.eye(2)) == pytest.approx(0.5)


def test_novelsum_by_hand():
    # Reference e1; k = 1. Squared distances: e1 0, e2 2. Densities: 1e-9^-.5, (2 + 1e-9)^-.5.
    # From e1 the other text e2 weighs its density, at rank 2; from e2 the text e1 does.
    first, second = (1e-9) ** -0.5, (2 + 1e-9) ** -0.5
    expected = ((second / 2) / 1.5 + (first / 2) / 1.5) / 2
    assert dv.novelsum(np.eye(2), [[1.0, 0]], k=1) == pytest.approx(expected, rel=1e-9)


def test_novelsum_against_the_dense_formula():
    x, y = unit(X), unit(REFERENCE)
    squared = np.sort(((x[:, None] - y[None]) ** 2).sum(-1), axis=1)[:, :7].mean(1)
    values = np.sort((1 - x @ x.T) * (squared + 1e-9) ** -0.3, axis=1)
    weights = np.arange(1, len(x) + 1) ** -1.5
    expected = (values @ weights / weights.sum()).mean()
    assert dv.novelsum(X, REFERENCE, alpha=1.5, beta=0.3, k=7) == pytest.approx(expected)
    with pytest.raises(ValueError, match="k must be between 1 and 80"):
        dv.novelsum(X, REFERENCE, k=81)


# Words

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log!",
    "A bird flew over the old house, and the cat saw it.",
    "The cat sat on the old mat and the dog saw it.",
]
LEXICAL = {
    name: getattr(dv, name)
    for name in (
        "compression_ratio",
        "distinct_n",
        "ngram_diversity",
        "self_bleu",
        "self_repetition",
        "rouge_l_homogenisation",
        "mattr",
        "mtld",
        "hdd",
        "length_entropy",
    )
}


@pytest.mark.parametrize("measure", LEXICAL.values(), ids=LEXICAL)
@pytest.mark.parametrize("bad", [[], ["", " "], "one string"])
def test_texts_without_words_are_refused(measure, bad):
    with pytest.raises(ValueError):
        measure(bad)


# mattr and mtld read the stream of all tokens in order, gzip what is near in it, and a budget of
# tokens cuts it; llm_cluster_score and samples below n draw texts by their number.
@pytest.mark.parametrize("name", [n for n in LEXICAL if n != "compression_ratio"])
def test_order_of_texts(name):
    options = {"window": 8} if name == "mattr" else {"sample": 20} if name == "hdd" else {}
    cut = [dv.words(text) for text in TEXTS]
    # Both passes of mtld and every window of mattr are there in the stream read backward.
    other = (
        [t[::-1] for t in cut[::-1]]
        if name in ("mattr", "mtld")
        else [cut[i] for i in (2, 0, 3, 1)]
    )
    assert LEXICAL[name](other, **options) == pytest.approx(LEXICAL[name](cut, **options), 1e-12)


def test_order_of_labels():
    assert dv.label_entropy("abac") == pytest.approx(dv.label_entropy("caab"), rel=1e-12)
    assert dv.entropy([1, 5, 2]) == pytest.approx(dv.entropy([5, 2, 1]), rel=1e-12)


def test_all_texts_twice():
    n = len(TEXTS)
    twice = TEXTS * 2
    assert dv.distinct_n(twice) == pytest.approx(dv.distinct_n(TEXTS) / 2)
    assert dv.ngram_diversity(twice) == pytest.approx(dv.ngram_diversity(TEXTS) / 2)
    assert dv.length_entropy(twice) == pytest.approx(dv.length_entropy(TEXTS))
    assert dv.label_entropy("aab" * 2) == pytest.approx(dv.label_entropy("baa"))
    assert dv.entropy([4, 2]) == pytest.approx(dv.entropy([1, 2]))
    # Each text is among the others.
    assert dv.self_bleu(twice) == pytest.approx(1)
    rouge = dv.rouge_l_homogenisation(TEXTS)
    expected = (2 * rouge * (n - 1) + 1) / (2 * n - 1)
    assert dv.rouge_l_homogenisation(twice) == pytest.approx(expected)
    assert dv.self_repetition(twice) > dv.self_repetition(TEXTS)
    assert dv.compression_ratio(twice) > dv.compression_ratio(TEXTS)
    # Less is drawn from more tokens of each kind: nearer to a draw with replacement.
    assert dv.hdd(twice, 20) < dv.hdd(TEXTS, 20)
    # Two streams with their windows, and those over the seam, whose ratio lies between 0 and 1.
    tokens, window = sum(len(dv.words(text)) for text in TEXTS), 8
    windows = 2 * (tokens - window + 1)
    low = windows * dv.mattr(TEXTS, window) / (windows + window - 1)
    assert low < dv.mattr(twice, window) <= low + (window - 1) / (windows + window - 1)
    # A stretch ends with the stream, so that the second copy starts as the first did.
    assert dv.mtld(["a a", "b b"] * 2) == dv.mtld(["a a", "b b"])


def test_words():
    assert dv.words("Don't stop: 2 well-known facts.") == [
        "don't",
        "stop",
        "2",
        "well-known",
        "facts",
    ]
    assert dv.words(["Kept", "."]) == ["Kept", "."]


def test_distinct_by_hand():
    assert dv.distinct_n(["a b a b"], 1) == 0.5
    assert dv.distinct_n(["a b a b"], 2) == pytest.approx(2 / 3)
    # n-grams do not cross texts.
    assert dv.distinct_n(["a b", "a b"], 2) == 0.5
    assert dv.distinct_n(["a b", "a c d", "e"], 1, tokens=3) == pytest.approx(2 / 3)
    assert dv.ngram_diversity(["a b c d e"]) == 4
    with pytest.raises(ValueError, match="between 1 and the 4"):
        dv.distinct_n(["a b c d"], tokens=5)
    with pytest.raises(ValueError, match="no 3-grams"):
        dv.distinct_n(["a b"], 3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=12), min_size=2, max_size=8))
def test_lexical_ranges_and_order(texts):
    if sum(map(bool, texts)) < 2 or max(map(len, texts)) < 2:
        return
    assert 0 < dv.distinct_n(texts) <= 1
    bleu, rouge = dv.self_bleu(texts), dv.rouge_l_homogenisation(texts)
    assert 0 <= bleu <= 1 + 1e-9 and 0 <= rouge <= 1
    assert dv.self_bleu(texts[::-1]) == pytest.approx(bleu)
    assert dv.rouge_l_homogenisation(texts[::-1]) == pytest.approx(rouge)


def sentence_bleu(texts):
    from sacrebleu.metrics import BLEU

    bleu = BLEU(effective_order=True, tokenize="none", smooth_method="exp")
    lines = [" ".join(text) for text in texts]
    scores = [
        bleu.sentence_score(line, lines[:i] + lines[i + 1 :]).score for i, line in enumerate(lines)
    ]
    return sum(scores) / len(scores) / 100


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=9),
        min_size=2,
        max_size=6,
    )
)
def test_self_bleu_against_sacrebleu(texts):
    assert dv.self_bleu(texts) == pytest.approx(sentence_bleu(texts), abs=1e-9)


def test_self_bleu_limits_and_sample():
    assert dv.self_bleu(["a b c d e"] * 3) == pytest.approx(1)
    assert dv.self_bleu(["a b c", "d e f"]) == 0
    assert dv.self_bleu(TEXTS * 20, sample=10, seed=1) == dv.self_bleu(
        TEXTS * 20, sample=10, seed=1
    )
    with pytest.raises(ValueError, match="at least 2"):
        dv.self_bleu(TEXTS, sample=1)


def test_rouge_l_by_hand():
    # Longest common subsequence "a c" of 3 and 4 words: F1 = 2 * 2 / 7.
    assert dv.rouge_l_homogenisation(["a b c", "a d c e"]) == pytest.approx(4 / 7)
    assert dv.rouge_l_homogenisation(["a b", "b a"]) == pytest.approx(0.5)
    assert dv.rouge_l_homogenisation(["x y"] * 4) == 1
    assert dv.rouge_l_homogenisation(["a", "b"]) == 0


@settings(max_examples=60, deadline=None)
@given(st.text("abc", min_size=1, max_size=80), st.text("abc", min_size=1, max_size=80))
def test_rouge_l_against_the_table(a, b):
    row = [0] * (len(b) + 1)
    for s in a:
        above = row
        row = [0]
        for j, t in enumerate(b):
            row.append(above[j] + 1 if s == t else max(above[j + 1], row[j]))
    expected = 2 * row[-1] / (len(a) + len(b))
    assert dv.rouge_l_homogenisation([list(a), list(b)]) == pytest.approx(expected)


def test_compression_ratio():
    import gzip

    raw = "\n".join(TEXTS).encode()
    assert dv.compression_ratio(TEXTS) == len(raw) / len(gzip.compress(raw))
    assert dv.compression_ratio(TEXTS * 50) > 10 * dv.compression_ratio(TEXTS)


def test_self_repetition_by_hand():
    # "a b c d" is in two texts; the second text has one 4-gram more of its own.
    value = dv.self_repetition(["a b c d", "a b c d e", "v w x y"])
    assert value == pytest.approx(2 * math.log(2) / 3)
    assert dv.self_repetition(["a b c d a b c d"]) == 0
    with pytest.raises(ValueError, match="4-grams"):
        dv.self_repetition(["a b c"])


def test_mattr_by_hand():
    # Windows of two: ab, ba, aa -> 2, 2, 1 types.
    assert dv.mattr(["a b", "a a"], window=2) == pytest.approx(5 / 6)
    with pytest.raises(ValueError, match="the 4 tokens"):
        dv.mattr(["a b a a"], window=5)


def test_mtld_by_hand():
    # Every "a a" falls to 1/2 <= 0.72: three stretches of two tokens, either way.
    assert dv.mtld(["a a a a a a"]) == pytest.approx(2)
    # "a a" is one stretch, the rest "b" none; backward "b a" keeps 1, "b a a" falls to 2/3.
    assert dv.mtld(["a a b"]) == pytest.approx(3)
    # Forward: a b a = 2/3, one stretch, then "c" with ratio 1. Backward: c a b a = 3/4,
    # a quarter of the way down from 1 to 0.72 is 0.25 / 0.28 of a stretch.
    assert dv.mtld(["a b a c"]) == pytest.approx((4 + 4 * 0.28 / 0.25) / 2)
    assert dv.mtld(["a b c"]) == 3
    with pytest.raises(ValueError, match="threshold"):
        dv.mtld(TEXTS, threshold=1)


def test_hdd_is_the_expected_ratio():
    # Two of a a b: aa or ab, ab -> types 1, 2, 2.
    assert dv.hdd(["a a b"], sample=2) == pytest.approx(5 / 6)
    assert dv.hdd(TEXTS, sample=1) == pytest.approx(1)
    with pytest.raises(ValueError, match="sample"):
        dv.hdd(["a b"])


def test_entropies():
    assert dv.entropy([1, 1, 0, 2]) == pytest.approx(1.5 * math.log(2))
    assert dv.entropy([5]) == 0
    assert dv.entropy([3, 3, 3], normalised=True) == pytest.approx(1)
    assert dv.label_entropy(["x", "y", "x", "y"]) == pytest.approx(math.log(2))
    assert dv.length_entropy(["a", "b c", "d e"]) == pytest.approx(dv.entropy([1, 2]))
    for bad in ([], [0, 0], [-1, 2], [math.nan]):
        with pytest.raises(ValueError, match="counts"):
            dv.entropy(bad)


def test_llm_cluster_score():
    texts = [f"topic {i % 5}" for i in range(50)]
    assert dv.llm_cluster_score(texts, lambda some: some[:1] * 10) == pytest.approx(0.1)
    assert dv.llm_cluster_score(texts, lambda some: list(range(10))) == pytest.approx(10)
    # Five clusters of two: 5 / 2.
    assert dv.llm_cluster_score(texts, lambda some: [i // 2 for i in range(10)]) == 2.5
    with pytest.raises(ValueError, match="3 labels for 10"):
        dv.llm_cluster_score(texts, lambda some: [1, 2, 3])
    with pytest.raises(ValueError, match="the 4 texts"):
        dv.llm_cluster_score(TEXTS, len)
