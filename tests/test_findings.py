"""What the findings say, draw and print follows from the tables, and from nothing else."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.figures import FIGURES, draw
from mixtura.findings import answers, describe_arm, findings_text, measure_name
from mixtura.report import CAPTIONS, render_report
from mixtura.stats import FINDINGS, NO_GAIN

TEMPLATE = Path(__file__).parent.parent / "workflow/report/report.html.j2"
STYLE = {"colours": "viridis", "width": 6.0, "height": 4.0}


def arm(
    level: str | None, n_real: int, n_generated: int, value: float, **more: Any
) -> dict[str, Any]:
    base = level is None
    row = dict.fromkeys(FINDINGS)
    return row | {
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
    [(model, head, detail)] = answers(NULL)
    assert (model, head) == ("reader", NO_GAIN)
    assert "Of 3 mixes with generated text, 0 are better than real data alone and 0 worse" in detail
    assert "for 3 there is no evidence" in detail
    assert "64 real: 0.600 [0.550, 0.650]" in detail


def test_the_largest_gain_with_evidence_is_named_with_its_interval() -> None:
    [(_, head, detail)] = answers(WON)
    assert head == (
        "Best: 64 real + 64 generated, topic D3, +0.150 [+0.100, +0.200] over real data alone."
    )
    assert "2 are better than real data alone and 1 worse; for 0" in detail


def test_arms_and_measures_in_words() -> None:
    assert describe_arm(BASE) == "64 real"
    assert describe_arm(arm("D6", 0, 64, 0.5)) == "64 generated, topic D6 alone"
    assert measure_name("dcscore", '{"tau": 0.05, "kernel": "cosine"}') == "dcscore (tau 0.05)"
    assert measure_name("radius", "{}") == "radius"


def test_the_text_holds_every_arm_and_every_measure_with_its_floor() -> None:
    text = findings_text(NULL, measures(), SHIFT)
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
        node.text for node in ElementTree.parse(files[0]).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"D0", "D6"} <= set(words), words


def test_every_figure_has_a_caption() -> None:
    assert set(CAPTIONS) == set(FIGURES)


def page(text: str) -> str:
    rows = pl.DataFrame({"id": ["a"], "text": [text], "label": ["positive"]})
    gone = rows.select(
        "id", "text", stage=pl.lit("exact"), reason=pl.lit("equal"), score=pl.lit(1.0)
    )
    return render_report(
        TEMPLATE.read_text(),
        study={
            "study": "tiny",
            "task": {"noun": "review", "labels": {"1": "positive"}, "test": 9, "draw": "fixed"},
            "designs": {"real": [64]},
            "generate": {"n": 64},
            "seeds": [0, 1, 2],
        },
        tables={
            "findings": NULL,
            "diversity": measures(),
            "shift": SHIFT,
            "curation": pl.DataFrame(
                {
                    "generator": ["writer"],
                    "pipeline": ["topic"],
                    "level": ["D0"],
                    "stage": ["exact"],
                    "reason": ["equal"],
                    "rows_in": [70],
                    "removed": [6],
                    "rows_out": [64],
                }
            ),
        },
        figures={"score-by-level": "<?xml?><svg><text>D0</text></svg>"},
        samples={"real": rows, "writer/topic/D0": rows},
        removed={"writer/topic/D0": gone},
        provenance={"writer": {"path": "models/writer"}},
    )


def test_the_report_answers_first_and_needs_nothing_else() -> None:
    html = page("A fine film.")
    assert html.index(NO_GAIN) < html.index("<figure")
    assert "<svg><text>D0</text></svg>" in html and "<?xml" not in html
    assert "models/writer" in html and "vendi_score (q 1.0)" in html
    assert not any(part in html for part in ("http://", "https://", "src=", "<link", "@import"))


def test_generated_text_never_becomes_markup() -> None:
    html = page("<script>alert(1)</script><img src=x onerror=y>{{ 7 * 7 }}")
    assert "<script>alert" not in html and "<img" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "{{ 7 * 7 }}" in html
