"""The n-gram model is a distribution, and prefers what it read."""

import math

import pytest

from mixtura.measure.shift import NgramModel, perplexity_gap


def test_ngram_model_by_hand():
    # a x2, b x1, end x1 of 4; 3 kinds; uniform 1/4 over a, b, end, unknown.
    model = NgramModel(["a b a"], order=1, discount=0.5)
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
    model = NgramModel(["a b c a b", "b a", "c c c"])
    vocabulary = ["a", "b", "c", "</s>", "unknown"]
    assert sum(model.probability(history, w) for w in vocabulary) == pytest.approx(1)


def test_ngram_model_prefers_what_it_read():
    model = NgramModel(["the cat sat on the mat"] * 3 + ["the dog sat on the log"])
    like, unlike = model.log_probs(["the dog sat on the mat"]), model.log_probs(["mat the on"])
    assert perplexity_gap(*like, *unlike) > 1
    with pytest.raises(ValueError, match="no words"):
        NgramModel(["", " "])
    with pytest.raises(ValueError, match="order"):
        NgramModel(["a"], order=0)
