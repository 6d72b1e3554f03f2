"""Texts that repeat themselves."""

import pytest

from filter_verdicts import passes, verdicts


def test_repetition():
    loop = "I love this film. I love this film. I love this film."
    result = verdicts(
        "repetition", [loop, "very very very good", "good good good good", "sooooooooo"]
    )
    assert result["passes"].to_list() == [False, True, False, False]
    # 10 trigrams of which 4 are distinct
    assert result["score"][0] == pytest.approx(0.6)
    assert passes("repetition", ["a b", "b b", "b b c"], max_run=3) == [True, True, True]
    assert passes("repetition", ["a a", "b c c d"], max_run=1) == [False, False]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_repetition_of_few_words(n):
    assert passes("repetition", ["x", "x", "x", "x"][:n]) == [True] * n
