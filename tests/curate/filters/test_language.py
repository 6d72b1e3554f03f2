"""Texts in another language."""

import pytest

from filter_verdicts import passes, verdicts


def test_language():
    texts = [
        "The director never finds the tone that this story needs.",
        "Der Film ist leider viel zu lang und die Handlung ohne jede Spannung.",
        "这部电影非常好看，演员的表演很出色。",
        "Bof.",
    ]
    assert passes("language", texts) == [True, False, False, True]
    assert passes("language", texts, languages=["de", "zh"], min_words=1)[1:3] == [True, True]
    with pytest.raises(ValueError, match="'xx'"):
        verdicts("language", texts, languages=["xx"])
