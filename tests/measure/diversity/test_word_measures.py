"""What holds for every measure of words: order, copies, ranges."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtura.measure import diversity as dv

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
