"""Self-BLEU and ROUGE-L."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtura.measure.diversity import rouge_l_homogenisation, self_bleu

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log!",
    "A bird flew over the old house, and the cat saw it.",
    "The cat sat on the old mat and the dog saw it.",
]


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
    assert self_bleu(texts) == pytest.approx(sentence_bleu(texts), abs=1e-9)


def test_self_bleu_limits_and_sample():
    assert self_bleu(["a b c d e"] * 3) == pytest.approx(1)
    assert self_bleu(["a b c", "d e f"]) == 0
    assert self_bleu(TEXTS * 20, sample=10, seed=1) == self_bleu(TEXTS * 20, sample=10, seed=1)
    with pytest.raises(ValueError, match="at least 2"):
        self_bleu(TEXTS, sample=1)


def test_rouge_l_by_hand():
    # Longest common subsequence "a c" of 3 and 4 words: F1 = 2 * 2 / 7.
    assert rouge_l_homogenisation(["a b c", "a d c e"]) == pytest.approx(4 / 7)
    assert rouge_l_homogenisation(["a b", "b a"]) == pytest.approx(0.5)
    assert rouge_l_homogenisation(["x y"] * 4) == 1
    assert rouge_l_homogenisation(["a", "b"]) == 0


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
    assert rouge_l_homogenisation([list(a), list(b)]) == pytest.approx(expected)
