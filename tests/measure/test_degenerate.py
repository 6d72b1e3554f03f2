"""Every public measure on input at its limits: a finite value or a ValueError that says why."""

import math
import warnings

import numpy as np
import pytest

from mixtura.measure import diversity as dv
from mixtura.measure import shift

RANDOM = np.random.default_rng(0)
SETS = {
    "one text": RANDOM.normal(size=(1, 4)),
    "two texts": RANDOM.normal(size=(2, 4)),
    "identical": np.tile([[0.6, 0.8, 0.0]], (12, 1)),
    "one other": np.vstack([np.tile([[0.6, 0.8, 0.0]], (11, 1)), [[0.8, 0.6, 0.0]]]),
    "n > d": RANDOM.normal(size=(40, 2)),
    "d > n": RANDOM.normal(size=(12, 40)),
    "one dimension": RANDOM.normal(size=(12, 1)),
    "tiny numbers": RANDOM.normal(size=(12, 4)) * 1e-30,
    "huge numbers": RANDOM.normal(size=(12, 4)) * 1e30,
    "float16": RANDOM.normal(size=(12, 4)).astype(np.float16),
    "integers": RANDOM.integers(1, 9, size=(12, 4)),
    "NaN": np.array([[1.0, math.nan], [1.0, 1.0]]),
    "infinity": np.array([[1.0, math.inf], [1.0, 1.0]]),
    "a row of zeros": np.array([[1.0, 0.0], [0.0, 0.0], [0.5, 0.1]]),
    "no text": np.empty((0, 3)),
    "no dimension": np.empty((3, 0)),
}
TEXTS = {
    "no text": [],
    "one text": ["the cat sat on the mat"],
    "one word": ["cat"],
    "identical": ["the cat sat on the mat"] * 30,
    "empty texts": ["", "  ", "..."],
    "empty among others": ["", "the cat sat on the mat", "a dog"],
    "one character": ["a", "b", "c"],
    "other script": ["猫坐在垫子上", "狗", "Ночь, улица, фонарь"],
}
ONE_SET = {
    name: getattr(dv, name)
    for name in (
        "dcscore", "vendi_score", "mean_pairwise_distance", "chamfer_distance", "knn_distance",
        "kmeans_inertia", "radius", "log_determinant", "spectrum",
    )
} | {
    f"dcscore {kernel}": lambda x, kernel=kernel: dv.dcscore(x, kernel, [1, 0.05])
    for kernel in ("cosine", "rbf", "laplacian", "polynomial")
} | {
    f"vendi_score {q}": lambda x, q=q: dv.vendi_score(x, q) for q in (0, 0.5, 2, math.inf)
}  # fmt: skip
WITH_REFERENCE = {
    name: getattr(dv, name)
    for name in ("novelsum", "novelsum_density", "partition_entropy", "facility_location")
} | {"partition": lambda x, y: dv.partition(y)(x)}
LEXICAL = {
    name: getattr(dv, name)
    for name in (
        "compression_ratio", "distinct_n", "hdd", "length_entropy", "mattr", "mtld",
        "ngram_diversity", "rouge_l_homogenisation", "self_bleu", "self_repetition",
    )
} | {"llm_cluster_score": lambda texts: dv.llm_cluster_score(texts, lambda some: some)}  # fmt: skip
COUNTED = {"entropy": dv.entropy, "label_entropy": dv.label_entropy}
PAIRED = {
    name: getattr(shift, name)
    for name in (
        "median_bandwidth", "mmd", "energy_distance", "sliced_wasserstein", "frechet_distance",
        "prdc", "c2st", "nearest_real_distance", "mauve", "tail_loss",
    )
} | {
    "mmd_test": lambda x, y: shift.mmd_test(x, y, 20),
    "frechet_distance plain": lambda x, y: shift.frechet_distance(x, y, shrinkage=False),
}  # fmt: skip
PAIRED_TEXTS = {
    name: getattr(shift, name)
    for name in ("ngram_jensen_shannon", "length_shift", "length_shift_test")
} | {
    "perplexity_gap": lambda x, y: shift.perplexity_gap(
        *(model := shift.NgramModel(x)).log_probs(x), *model.log_probs(y)
    )
}
PAIRED_VALUES = {"label_shift": shift.label_shift, "total_variation": shift.total_variation}


def defined(measure, *inputs):
    """The value is finite, or a ValueError has a message; nothing is warned of on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            value = measure(*inputs)
        except ValueError as error:
            assert len(str(error)) > 10
            return None
    numbers = list(value.values()) if isinstance(value, dict) else value
    assert np.isfinite(np.asarray(numbers, float)).all(), value
    return numbers


def test_no_public_measure_is_left_out():
    named = {name.split()[0] for name in (*ONE_SET, *WITH_REFERENCE, *LEXICAL, *COUNTED)}
    assert named | {"words"} >= set(dv.__all__)
    named = {name.split()[0] for name in (*PAIRED, *PAIRED_TEXTS, *PAIRED_VALUES)}
    assert named | {"NgramModel"} >= set(shift.__all__)


@pytest.mark.parametrize("case", SETS)
@pytest.mark.parametrize("name", ONE_SET)
def test_one_set_of_embeddings(name, case):
    value = defined(ONE_SET[name], SETS[case])
    if case in ("NaN", "infinity", "a row of zeros", "no text", "no dimension"):
        assert value is None


@pytest.mark.parametrize("case", SETS)
@pytest.mark.parametrize("name", WITH_REFERENCE)
def test_embeddings_and_a_reference(name, case):
    bad = SETS[case]
    values = [
        defined(WITH_REFERENCE[name], bad, bad),
        defined(WITH_REFERENCE[name], RANDOM.normal(size=(15, max(bad.shape[1], 1))), bad),
        defined(WITH_REFERENCE[name], bad, RANDOM.normal(size=(15, max(bad.shape[1], 1)))),
    ]
    if case in ("NaN", "infinity", "a row of zeros", "no text", "no dimension"):
        assert values == [None] * 3


@pytest.mark.parametrize("case", SETS)
@pytest.mark.parametrize("name", PAIRED)
def test_two_sets_of_embeddings(name, case):
    bad = SETS[case]
    good = RANDOM.normal(size=(15, max(bad.shape[1], 1)))
    values = [defined(PAIRED[name], *pair) for pair in ((bad, bad), (good, bad), (bad, good))]
    if case in ("NaN", "infinity", "no text", "no dimension"):
        assert values == [None] * 3


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("name", LEXICAL)
def test_texts(name, case):
    value = defined(LEXICAL[name], TEXTS[case])
    if case == "no text" or (case == "empty texts" and name != "compression_ratio"):
        assert value is None


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("name", PAIRED_TEXTS)
def test_two_sets_of_texts(name, case):
    good = ["the cat sat on the mat", "a dog barks", "birds fly"]
    pairs = ((TEXTS[case], TEXTS[case]), (good, TEXTS[case]), (TEXTS[case], good))
    values = [defined(PAIRED_TEXTS[name], *pair) for pair in pairs]
    if case == "no text":
        assert values == [None] * 3


@pytest.mark.parametrize("values", [[], [math.nan], [-1, 2], [0, 0], [3], [1, 1]])
@pytest.mark.parametrize("name", COUNTED)
def test_counts(name, values):
    defined(COUNTED[name], values)


@pytest.mark.parametrize("name", PAIRED_VALUES)
def test_two_collections(name):
    for pair in (([], ["a"]), (["a"], []), ([], [])):
        assert defined(PAIRED_VALUES[name], *pair) is None
    assert defined(PAIRED_VALUES[name], [None], ["a"]) == 1
