"""Patterns of personal data."""

import pytest

from filter_verdicts import passes, verdicts
from mixtura.curate.filters.pii import PATTERNS
from mixtura.curate.settings import Pii


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("write to jane.doe@example.co.uk today", "e-mail address"),
        ("call (212) 566-8082 now", "phone number"),
        ("call +49 30 1234 5678 now", "phone number"),
        ("from 192.168.0.1 it came", "IP address"),
        ("paid with 4111 1111 1111 1111", "card number"),
        ("number 078-05-1120 it is", "social security number"),
        ("to DE89 3704 0044 0532 0130 00 please", "bank account"),
        ("paid with 4111 1111 1111 1112", None),
        ("from 1999 to 2004, 10 of 10, version 1.2.3", None),
        ("@anonymous costs $1,299.99", None),
    ],
)
def test_pii(text, reason):
    result = verdicts("pii", [text])
    assert result["reason"].to_list() == [reason]
    assert (result["score"][0] > 0) == (reason is not None)


def test_pii_kinds():
    assert passes("pii", ["jane@example.org"], kinds=["card number"]) == [True]
    with pytest.raises(ValueError, match="'name'"):
        verdicts("pii", ["x"], kinds=["name"])


def test_every_kind_has_a_pattern():
    assert Pii().kinds == list(PATTERNS)
