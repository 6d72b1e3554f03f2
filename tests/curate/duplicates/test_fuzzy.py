"""Rows of similar wording."""

import itertools

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from duplicate_texts import WORDS, frame_of, jaccard, random_texts, sequential, shingles
from mixtura.core.text import normalise
from mixtura.curate.duplicates import fuzzy as by_wording
from mixtura.curate.duplicates import greedy
from mixtura.curate.duplicates.fuzzy import Wordings, bands, fuzzy


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_fuzzy_is_the_exhaustive_greedy_result(threshold):
    rng = np.random.default_rng(1)
    texts = random_texts(120)
    for text in texts[:80]:
        words = text.split()
        for at in rng.choice(12, rng.integers(1, 4), replace=False):
            words[at] = str(rng.choice(WORDS))
        texts.append(" ".join(words))
    frame = frame_of(texts)
    remaining, removed = fuzzy(frame, threshold)
    assert len(removed) > (2 if threshold == 0.9 else 10)
    sets = shingles(texts)
    expected = sequential(frame, lambda i, j: jaccard(sets[i], sets[j]) >= threshold)
    # MinHash may miss one pair in a thousand at the threshold
    assert len(set(expected) ^ set(remaining["id"])) <= 2
    of = dict(zip(frame["id"], sets, strict=True))
    for row in removed.iter_rows(named=True):
        assert row["score"] == pytest.approx(jaccard(of[row["id"]], of[row["kept_id"]]))
        assert row["score"] >= threshold
        assert row["kept_id"] in set(remaining["id"])


def test_no_two_kept_rows_are_similar():
    frame = frame_of(random_texts(200, words=3))
    remaining, removed = fuzzy(frame, 0.5)
    assert len(removed) > 5
    pairs = itertools.combinations(shingles(remaining["text"]), 2)
    assert sum(jaccard(a, b) >= 0.5 for a, b in pairs) <= 1


def test_texts_shorter_than_a_shingle():
    remaining, removed = fuzzy(frame_of(["no", "No!", "yes", "好", "好。", "x"]), 0.7)
    assert sorted(normalise(remaining["text"])) == ["no", "x", "yes", "好"]
    assert removed["score"].to_list() == [1.0, 1.0]


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.7, 0.8, 0.95, 1.0])
def test_bands_fit_and_miss_little(threshold):
    count, rows = bands(threshold)
    assert count * rows <= 128
    if threshold >= 0.3:
        assert (1 - threshold**rows) ** count <= 1e-3


def test_block_size_changes_nothing(monkeypatch):
    frame = frame_of(random_texts(1500, words=3))
    expected = fuzzy(frame, 0.6)
    assert len(expected[1]) > 50
    monkeypatch.setattr(by_wording, "BLOCK", 256)
    monkeypatch.setattr(greedy, "BLOCK", 256)
    for a, b in zip(expected, fuzzy(frame, 0.6), strict=True):
        assert_frame_equal(a, b)


@pytest.mark.workflow
@pytest.mark.parametrize("threshold", [0.6, 0.75])
def test_comparing_a_group_as_a_whole_changes_nothing(threshold, monkeypatch):
    """Texts of one template, some above the threshold and most below it."""
    frame = frame_of(
        [
            f"everybody in the family said that the {text} was fine"
            for text in random_texts(300, 3, 3)
        ]
        + random_texts(300, 4, 5)
    )
    monkeypatch.setattr(by_wording, "CROWD", 10**9)
    expected = fuzzy(frame, threshold)
    assert 5 < len(expected[1]) < 500
    for crowd in (0, 50):
        monkeypatch.setattr(by_wording, "CROWD", crowd)
        for a, b in zip(expected, fuzzy(frame, threshold), strict=True):
            assert_frame_equal(a, b)


@pytest.mark.workflow
def test_large_cluster_is_not_quadratic():
    texts = [f"{' '.join(WORDS)} and so the story ends number {i}" for i in range(8000)]
    calls = []
    verify, verify_all = Wordings._verify, Wordings._verify_all
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Wordings,
            "_verify",
            lambda self, left, right: calls.append(len(left)) or verify(self, left, right),
        )
        patch.setattr(
            Wordings,
            "_verify_all",
            lambda self, left, right: (
                calls.append(len(left) * len(right)) or verify_all(self, left, right)
            ),
        )
        remaining, _ = fuzzy(frame_of(texts), 0.7)
    assert len(remaining) == 1
    # all pairs would be 32 million; a block of 256 is compared with itself, perhaps by all bands
    assert sum(calls) < 256**2 * 30
