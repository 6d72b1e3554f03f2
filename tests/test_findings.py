"""What the findings say, draw and print follows from the tables, and from nothing else."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.figures import FIGURES, draw
from mixtura.findings import answers, findings_text
from mixtura.hypotheses import HYPOTHESES
from mixtura.report import CAPTIONS
from mixtura.stats import FINDINGS, NO_GAIN
from mixtura.words import describe_arm, measure_name
from studies import generation

STYLE = {"colours": "viridis", "width": 6.0, "height": 4.0}


def arm(
    level: str | None, n_real: int, n_generated: int, value: float, **more: Any
) -> dict[str, Any]:
    base = level is None
    row = dict.fromkeys(FINDINGS)
    return row | {
        "test": "test",
        "baseline": None if base else "None640",
        "arm": f"{level}{n_real}{n_generated}",
        "design": "real-only" if base else "mix-add" if n_real else "level",
        "generator": None if base else "writer",
        "pipeline": None if base else "topic",
        "level": level,
        "n_real": n_real,
        "n_generated": n_generated,
        "model": "reader",
        "metric": "accuracy",
        "value": value,
        "low": value - 0.05,
        "high": value + 0.05,
        "difference": None if base else value - 0.6,
        "difference_low": None if base else value - 0.65,
        "difference_high": None if base else value - 0.55,
        "p_holm": None if base else 0.2,
        "verdict": None if base else "no evidence",
        "n": 100,
        "seeds": 3,
        **more,
    }


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=FINDINGS)


BASE = arm(None, 64, 0, 0.6)
NULL = table(BASE, arm("D0", 64, 64, 0.61), arm("D6", 0, 64, 0.58), arm("D0", 0, 64, 0.55))
WON = table(
    BASE,
    arm("D0", 64, 64, 0.7, verdict="better"),
    arm("D3", 64, 64, 0.75, verdict="better"),
    arm("D6", 0, 64, 0.5, verdict="worse"),
)


def measures(**more: float) -> pl.DataFrame:
    rows = [
        {
            "generator": "writer",
            "pipeline": "topic",
            "level": level,
            "embedder": "reader",
            "measure": "vendi_score",
            "settings": '{"q": 1.0}',
            "n": 64,
            "repeats": 20,
            "value": value,
            "low": value - 1,
            "high": value + 1,
            **more,
        }
        for level, value in (("D0", 5.0), ("D6", 9.0))
    ]
    return pl.DataFrame(rows)


SHIFT = measures(floor=2.0, floor_low=1.5, floor_high=2.5, ratio=2.5, p_value=0.01)


def test_a_null_result_is_said_in_the_same_words() -> None:
    [answer] = answers(NULL)
    assert (answer.model, answer.n_real, answer.head) == ("reader", 64, NO_GAIN)
    assert (
        "Of 3 mixes with generated text, 0 are better than real data alone and 0 worse"
        in answer.sure
    )
    assert "for 3 there is no evidence" in answer.sure
    assert "64 real alone: 0.600 [0.550, 0.650]" in answer.sure and answer.cost == ""


def test_the_largest_sure_gain_is_named_with_its_interval() -> None:
    [answer] = answers(WON)
    assert answer.head == (
        "Use topic at D3 with 50% generated rows: accuracy +0.150 over real data alone "
        "(+0.100 to +0.200, p = 0.2 after correction)."
    )
    assert "64 generated rows for 64 real ones" in answer.sure
    assert "2 are better than real data alone and 1 worse; for 0" in answer.sure


def test_every_number_of_real_rows_gets_its_own_answer() -> None:
    more = arm(None, 256, 0, 0.7)
    none = arm("D0", 256, 64, 0.71, baseline="None2560")
    few, many = answers(pl.concat([WON, table(more, none)]))
    assert (few.n_real, many.n_real, many.head) == (64, 256, NO_GAIN)
    assert few.head.startswith("Use topic at D3")


def test_a_control_that_is_beaten_too_is_told() -> None:
    best = arm("D3", 64, 64, 0.75, verdict="better", control="again", control_verdict="better")
    [answer] = answers(table(BASE, best))
    assert "It also beats the same real rows repeated to the same size." in answer.sure


def test_what_the_rows_cost_is_shared_by_those_that_were_kept() -> None:
    spent = generation(7, ("topic",)).filter(level="D3")
    [answer] = answers(WON, spent)
    # 64 of 200 accepted rows: of 4,000 tokens written, 4,003 read and 4 CPU hours
    assert answer.cost == "1,280 tokens written, 1,281 read, 1.3 CPU hours"
    priced = spent.with_columns(cost=pl.lit(5.0))
    assert answers(WON, priced)[0].cost.endswith("1.60 in the currency of the prices")


def test_arms_and_measures_in_words() -> None:
    assert describe_arm(BASE) == "64 real"
    assert describe_arm(arm("D6", 0, 64, 0.5)) == "64 generated, topic D6 alone"
    assert measure_name("dcscore", '{"tau": 0.05, "kernel": "cosine"}') == "dcscore (tau 0.05)"
    assert measure_name("radius", "{}") == "radius"


def test_the_text_holds_every_arm_and_every_measure_with_its_floor() -> None:
    text = findings_text(NULL, measures(), SHIFT, pl.DataFrame(schema=HYPOTHESES))
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if "|" in line
    ]
    verdicts = [row[-1] for row in rows if row[1] == "reader"]
    assert sorted(verdicts) == ["baseline", *["no evidence"] * 3]
    measured = ["writer topic D0", "vendi_score (q 1.0)", "5.000 [4.000, 6.000]"]
    assert [*measured, "64"] in rows
    assert [*measured, "2.000 [1.500, 2.500]", "2.50", "0.010", "64"] in rows


@pytest.mark.parametrize(
    "name", ["score-by-level", "score-by-share", "diversity-by-level", "shift-by-score"]
)
def test_every_figure_shows_every_level(name: str, tmp_path: Path) -> None:
    tables = {"findings": NULL, "diversity": measures(), "shift": SHIFT}
    files = [tmp_path / f"{time}.svg" for time in range(2)]
    for file in files:
        draw(name, tables, STYLE).savefig(file, metadata={"Date": None})
    assert files[0].read_bytes() == files[1].read_bytes()
    words = [
        str(node.text).partition(",")[0]
        for node in ElementTree.parse(files[0]).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"D0", "D6"} <= set(words), words


def test_every_figure_has_a_caption() -> None:
    assert set(CAPTIONS) == set(FIGURES)
