"""Texts that are too short or too long."""

from filter_verdicts import passes, verdicts


def test_length():
    texts = ["Good.", "a good film", "a b c d e f", "好电影啊"]
    result = verdicts("length", texts, min_words=3, max_words=5)
    assert result["passes"].to_list() == [False, True, False, True]
    assert result["score"].to_list() == [1, 3, 6, 4]
    assert result["reason"].to_list()[::2] == ["fewer than 3 words", "more than 5 words"]
    assert passes("length", ["ab", "abc", "abcd"], min_chars=3, max_chars=3) == [False, True, False]
