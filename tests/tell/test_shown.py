"""Where a mix has text of a generator that saw more real rows than it has, findings say so."""

import polars as pl

from mixtura.core.wording import describe_arm
from mixtura.tell.shown import shown_text

COLUMNS = {"arm": pl.String, "baseline": pl.String, "n_real": pl.Int64, "shown": pl.Int64}


def findings(*rows: tuple[str, str | None, int, int | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, COLUMNS, orient="row")


def test_mixes_of_fewer_rows_than_their_generator_saw_are_named() -> None:
    few, many = ("few", None, 4, None), ("many", None, 64, None)
    assert shown_text(findings(few, many, ("mix", "many", 64, 64))) == []
    (text,) = shown_text(findings(few, many, ("mix", "few", 4, 64), ("all", "many", 64, 64)))
    assert "4 real rows have the text of a generator that saw 64" in text
    # text alone knows what its generator saw, and is compared with few rows
    (text,) = shown_text(findings(few, many, ("a", "few", 0, 64), ("b", "many", 0, 64)))
    assert "with, 4 real rows" in text


def test_the_row_of_such_a_mix_says_so() -> None:
    row = {"design": "mix-add", "n_real": 4, "n_generated": 8, "pipeline": "topic", "level": "D0"}
    assert describe_arm(row | {"shown": 4}) == "4 real + 8 generated, topic D0"
    words = "4 real + 8 generated, topic D0 (its generator saw 64 real)"
    assert describe_arm(row | {"shown": 64}) == words
