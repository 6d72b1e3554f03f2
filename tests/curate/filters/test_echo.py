"""Texts that repeat the prompt."""

import pytest

from filter_verdicts import passes, verdicts


def test_echo():
    shown = "Write a short review of a film about two brothers who rob a bank"
    example = "a moving and often very funny portrait of a family"
    texts = [
        "A moving and often very funny portrait of a family!",
        "a review of two funny brothers and their family bank",
        "two brothers",
        "quite dull",
    ]
    result = verdicts("echo", texts, {"prompt_text": [f"{shown}:\n- {example}\n-"] * 4})
    assert result["passes"].to_list() == [False, True, False, True]
    assert result["score"].to_list() == [1, 0, 1, 0]
    assert passes("echo", texts, {"prompt_text": [shown, None, None, "so quite dull"]}) == [
        *(True, True, True, False)
    ]
    with pytest.raises(ValueError, match="echo needs a column"):
        verdicts("echo", texts)
