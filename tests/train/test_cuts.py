"""Texts whose end a model does not read are counted."""

from pathlib import Path

import polars as pl
from transformers import AutoTokenizer

from mixtura.train.cuts import cut_shares, largest_cuts
from mixtura.train.runs import Rows


def rows(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"text": texts}, {"text": pl.String})


def test_shares_of_cut_texts_are_those_of_training_and_test(encoder: Path) -> None:
    tokenizer, lines = AutoTokenizer.from_pretrained(encoder), []
    long = rows("a film", "a film " * 31, "a film " * 32)
    parts = Rows(rows(), long, rows(), long.head(1))
    assert cut_shares(tokenizer, 64, parts, lines.append) == {"training": 1 / 3}
    assert lines == [
        "1 of 3 training texts have more than max_length tokens (64): the rest of them is not read"
    ]
    assert cut_shares(tokenizer, 64, Rows(rows(), rows(), rows(), rows()), lines.append) == {}


def test_of_several_runs_the_largest_shares_are_told() -> None:
    runs = [
        ("short", {"cut": {"training": 0.2}}),
        ("short", {"cut": {"training": 0.1, "test": 0.3}}),
        ("long", {"cut": {}}),
        ("probe", {}),
    ]
    tables = [(pl.DataFrame({"model": [model]}), about) for model, about in runs]
    assert largest_cuts(tables) == {"short": {"training": 0.2, "test": 0.3}}
