"""The table of a loop, and that no other table takes its rounds for levels."""

import math

import polars as pl
import pytest

from mixtura.core.tables import check
from mixtura.infer.hypotheses import hypotheses
from mixtura.infer.parts import mixes_alone
from mixtura.infer.recommend import recommend
from mixtura.infer.tables import Collapse
from mixtura.infer.verdicts import GAIN, LOSS, TOO_SMALL
from studies import collapse, looped


def test_the_table_has_every_measure_of_every_round() -> None:
    table = collapse()
    check(table, "collapse", Collapse)
    kinds = {"score", "perplexity", "diversity", "shift"}
    for _, part in table.group_by("scheme", "round"):
        assert set(part["kind"]) == kinds and part.height == 4
    likely = table.filter(kind="perplexity", scheme="replace").sort("round")
    tokens = sum(10 + text % 3 for text in range(40)) / 40
    assert likely["value"].to_list() == pytest.approx(
        [math.exp(3 + r / tokens) for r in range(3)], rel=1e-4
    )
    assert (likely["low"] <= likely["value"]).all() and (likely["n"] == 40).all()
    assert likely["difference"][0] is None and likely["difference"][2] == pytest.approx(
        likely["value"][2] - likely["value"][0]
    )
    tail = table.filter(measure="tail_loss", scheme="accumulate").sort("round")
    assert tail["value"].to_list() == [5, 6, 7] and tail["floor"].to_list() == [4, 4, 4]
    assert tail["difference_low"].null_count() == 3  # one chain: no interval of a change
    scores = table.filter(kind="score", round=2)
    verdicts = dict(scores.select("scheme", "verdict").iter_rows())
    assert verdicts == {"replace": LOSS, "accumulate": TOO_SMALL}
    lost = scores.filter(scheme="replace")
    assert lost["difference_low"][0] < -0.3 < lost["difference_high"][0] < 0


def test_no_other_table_takes_a_round_for_a_level() -> None:
    tables = looped()
    plain = mixes_alone(tables["diversity"])
    assert plain["level"].to_list() == ["D3"]
    names = ("predictions", "arms", "diversity", "shift", "findings")
    tests = hypotheses(*(tables[name] for name in names))
    assert set(tests["hypothesis"]) == {"power"}
    shown = {"verdict": pl.lit(GAIN), "simultaneous_low": 0.1, "control_simultaneous_low": 0.1}
    better = tables["findings"].with_columns(**shown)
    level = better.filter(arm="replace1").with_columns(design=pl.lit("level"))
    assert recommend(pl.concat([better, level])).alternatives == 0
    none = pl.concat([tables["findings"], level.with_columns(verdict=pl.lit(TOO_SMALL))])
    assert recommend(none).arm is None
