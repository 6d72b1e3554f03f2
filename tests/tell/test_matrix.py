"""Matrices of gains: every mix once for each baseline, with what is known of it."""

import polars as pl

import studies
from mixtura.infer.verdicts import GAIN, LOSS, NO_GAIN, NO_LOSS, TOO_SMALL
from mixtura.tell.matrix import gain_cells, matrices, matrices_text

FINDINGS = studies.study(studies.peaked, real=(64, 256), items=60)["findings"]


def test_every_mix_stands_once_for_each_baseline() -> None:
    cells = gain_cells(pl.concat([FINDINGS, FINDINGS]))  # as if two designs shared all mixes
    assert not cells.select("arm", "model", "baseline").is_duplicated().any()
    mixes = FINDINGS.filter(pl.col("level").is_not_null())
    assert cells.height == mixes.height
    alone = cells.filter(form="alone")
    assert set(alone["n_real"]) == {0} and set(alone["alone"]) == {64}


def test_what_is_shown_excluded_and_unknown_are_told_apart() -> None:
    verdicts = [GAIN, LOSS, NO_GAIN, NO_LOSS, TOO_SMALL]
    mixes = FINDINGS.filter(pl.col("level").is_not_null()).head(5)
    some = mixes.with_columns(verdict=pl.Series(verdicts))
    base = FINDINGS.filter(pl.col("level").is_null())
    states = dict(gain_cells(pl.concat([base, some])).select("verdict", "state").iter_rows())
    assert states == {
        **{GAIN: "gain shown", LOSS: "loss shown", NO_GAIN: "no gain"},
        **{NO_LOSS: "unknown", TOO_SMALL: "unknown"},
    }


def test_a_mix_that_was_not_made_is_an_empty_cell() -> None:
    cells = gain_cells(FINDINGS).filter(~((pl.col("alone") == 64) & (pl.col("n_generated") == 64)))
    _, amounts, lines = next(line for line in matrices(cells) if len(line[2]) == 2)
    assert amounts == [192, 256, 768]
    assert [[cell is None for cell in line] for _, line in lines] == [
        [False, True, True],
        [True, False, False],
    ]


def test_the_text_has_the_gain_and_the_interval_that_holds_together() -> None:
    text = matrices_text(FINDINGS)
    row = gain_cells(FINDINGS).row(0, named=True)
    ends = f"[{row['simultaneous_low']:+.3f}, {row['simultaneous_high']:+.3f}]"
    assert f"{row['difference']:+.3f} {ends}" in text
    assert "| real rows | 64 generated" in text and "topic D0" in text
    assert matrices_text(FINDINGS.filter(pl.col("level").is_null())) == ""
