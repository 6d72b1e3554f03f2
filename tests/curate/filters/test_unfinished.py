"""Texts that break off."""

import pytest

from filter_verdicts import passes, verdicts


def test_unfinished():
    texts = ["A film that", "A film, ", "A film :(", "A film!", 'He said "no."', "A film 😀"]
    reasons = ["length", None, "stop", "stop", "stop", "stop"]
    columns = {"finish_reason": reasons}
    assert passes("unfinished", texts, columns) == [False, False, True, True, True, True]
    assert passes("unfinished", texts, finish_reason=False)[:2] == [True, False]
    assert passes("unfinished", texts, finish_reason=False, end=True) == [
        *(False, False, False, True, True, True)
    ]
    with pytest.raises(ValueError, match="'finish_reason' is missing"):
        verdicts("unfinished", texts)
