"""Patterns of personal data."""

import re

import polars as pl

from mixtura.curate.filters.verdict import verdict
from mixtura.curate.settings import Pii

PATTERNS = {
    "e-mail address": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}",
    "IP address": r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b",
    "card number": r"\b(?:\d[ -]?){12,18}\d\b",
    "social security number": r"\b\d{3}-\d{2}-\d{4}\b",
    "phone number": r"\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}\b"
    r"|(?:\(\d{3}\) ?|\b\d{3}[.-])\d{3}[ .-]\d{4}\b",
    "bank account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
}


def pii(rows: pl.DataFrame, settings: Pii) -> pl.DataFrame:
    """Pass texts without patterns of personal data; the score counts them.

    Card numbers must have a right check digit (ISO/IEC 7812).
    """
    hits = {}
    for kind in settings.kinds:
        matches = (re.findall(PATTERNS[kind], text) for text in rows["text"])
        check = _luhn if kind == "card number" else bool
        hits[kind] = pl.Series([sum(map(check, match)) for match in matches], dtype=pl.Int64)
    total = sum(hits.values(), pl.zeros(len(rows), pl.Int64, eager=True))
    return verdict({kind: count > 0 for kind, count in hits.items()}, total)


def _luhn(number: str) -> bool:
    digits = [int(d) for d in number if d.isdigit()][::-1]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10
