"""Refusals, phrases of an assistant, rests of a template."""

import polars as pl

from mixtura.curate.filters.verdict import verdict
from mixtura.curate.settings import Refusal
from mixtura.generate.phrases import REFUSALS

BOILERPLATE = (
    r"^\W*(?:sure|certainly|of course|absolutely)\b[,!.]+ (?:here|i(?:'d be|'ll| can| will))\b",
    r"^\W*here(?:'s| is| are) (?:a|an|some|the|your|my|\w+ more)\b[^.!?]{0,80}:",
    r"\b(?:i hope (?:this|that) helps|let me know if you|feel free to (?:ask|let me))\b",
    r"^\W*(?:note|disclaimer|explanation|example|output|response|answer|text|label)\W*\d*\W*:",
    r"^\W*(?:hier (?:ist|sind)|voici|aquí (?:tienes|está)) (?:eine?|une?|una?|\w+ weitere)\b"
    r"[^.!?]{0,80}:",
    r"^\W*(?:以下是|下面是)[^。！？]{0,40}[:：]",
    r"<\|[\w ]+\|>|\[/?INST\]|</?s>",
    r"\[(?:insert|your|name|company|product|title)\b[^\]]*\]",
)


def refusal(rows: pl.DataFrame, settings: Refusal) -> pl.DataFrame:
    """Pass texts without refusals, assistant phrases, template rests and the extra `patterns`.

    Patterns are regular expressions, case ignored; the score is how many of them match.
    """
    text = rows["text"].str.replace_all("[’‘`]", "'")
    refused = _matches(text, REFUSALS)
    boilerplate = _matches(text, (*BOILERPLATE, *settings.patterns))
    faults = {"refusal": refused > 0, "assistant boilerplate": boilerplate > 0}
    return verdict(faults, refused + boilerplate)


def _matches(text: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    """How many of the patterns each text matches."""
    counts = pl.zeros(len(text), pl.Int64, eager=True)
    for pattern in patterns:
        counts += text.str.contains(f"(?i){pattern}").cast(pl.Int64)
    return counts
