"""Texts that name a label."""

import pytest

from filter_verdicts import passes, verdicts


def test_label_leak():
    texts = ["A Positive review.", "so negative!", "positively good", "fine"]
    columns = {"label": ["positive", "positive", "negative", None]}
    assert passes("label_leak", texts, columns) == [False, False, True, True]
    assert passes("label_leak", texts, words=["so negative"]) == [True, False, True, True]
    with pytest.raises(ValueError, match="'words'"):
        verdicts("label_leak", texts, {"label": [1, 0, 1, 0]})
    with pytest.raises(ValueError, match="'label' is missing"):
        verdicts("label_leak", texts)
