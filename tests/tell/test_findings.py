"""What the findings say, draw and print follows from the tables, and from nothing else."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.core.wording import describe_arm, measure_name
from mixtura.infer.results import Results
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import Findings, Hypotheses, LabelGains
from mixtura.infer.verdicts import GAIN, LOSS, TOO_SMALL
from mixtura.tell.captions import CAPTIONS
from mixtura.tell.figures import FIGURES, draw
from mixtura.tell.findings import answers, findings_text
from mixtura.tell.settings import FigureSettings
from mixtura.tell.verdicts import scope_text
from studies import generation

STYLE = FigureSettings(width=6.0)


def arm(
    level: str | None, n_real: int, n_generated: int, value: float, **more: Any
) -> dict[str, Any]:
    base = level is None
    row = dict.fromkeys(Findings.types())
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
        "simultaneous_low": None if base else value - 0.67,
        "simultaneous_high": None if base else value - 0.53,
        "p_simultaneous": None if base else 0.2,
        "p_step_down": None if base else 0.2,
        "verdict": None if base else TOO_SMALL,
        "bound": None if base else 0.09,
        "detectable": None if base else 0.09,
        "n": 100,
        "groups": 100,
        "replicates": 5,
        "seeds": 3,
        "identical": 0,
        **more,
    }


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=Findings.types())


BASE = arm(None, 64, 0, 0.6)
NULL = table(BASE, arm("D0", 64, 64, 0.61), arm("D6", 0, 64, 0.58), arm("D0", 0, 64, 0.55))
WON = table(
    BASE,
    arm("D0", 64, 64, 0.7, verdict=GAIN),
    arm("D3", 64, 64, 0.75, verdict=GAIN),
    arm("D6", 0, 64, 0.5, verdict=LOSS),
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


NO_OTHERS = [pl.DataFrame(schema=table.types()) for table in (Hypotheses, Surface, LabelGains)]
RESULTS = Results(NULL, *NO_OTHERS)
SHIFT = measures(floor=2.0, floor_low=1.5, floor_high=2.5, z=2.5, p_value=0.01)


def test_a_null_result_is_said_in_the_same_words() -> None:
    [answer] = answers(NULL)
    assert (answer.model, answer.n_real, answer.recommended) == ("reader", 64, False)
    assert answer.head == (
        "Too small to tell: this study finds gains over real data alone only where they are larger "
        "than 0.090."
    )
    assert "0 are shown to gain over real data alone, 0 to lose" in answer.sure
    assert "for 3 the study is too small to tell" in answer.sure
    assert "64 real alone: 0.600 [0.550, 0.650]" in answer.sure and answer.cost == ""


def test_the_largest_sure_gain_is_named_with_its_interval() -> None:
    [answer] = answers(WON)
    assert answer.head == (
        "Use topic at D3 with 50% generated rows: accuracy +0.150 over real data alone "
        "(simultaneous interval +0.080 to +0.220, p = 0.2)."
    )
    assert "64 generated rows for 64 real ones" in answer.sure
    assert "2 are shown to gain over real data alone, 1 to lose" in answer.sure
    assert "5 replicates of 3 seeds" in answer.sure


def test_every_number_of_real_rows_gets_its_own_answer() -> None:
    more = arm(None, 256, 0, 0.7)
    none = arm("D0", 256, 64, 0.71, baseline="None2560")
    few, many = answers(pl.concat([WON, table(more, none)]))
    assert (few.n_real, many.n_real, many.recommended) == (64, 256, False)
    assert few.head.startswith("Use topic at D3")


def test_what_a_mix_gains_over_its_control_is_told() -> None:
    control = {"control": "again", "control_verdict": GAIN, "control_difference": 0.1}
    ends = {"control_simultaneous_low": 0.02, "control_simultaneous_high": 0.18}
    best = arm("D3", 64, 64, 0.75, verdict=GAIN, **control, **ends)
    [answer] = answers(table(BASE, best))
    words = "Over the same real rows, repeated to the same size, it gains +0.100 [+0.020, +0.180]."
    assert answer.recommended and words in answer.sure
    [unsure] = answers(table(BASE, best | {"control_simultaneous_low": -0.01}))
    assert not unsure.recommended and "none is shown to gain over its control" in unsure.head


def test_the_first_lines_say_what_the_findings_hold_for() -> None:
    assert scope_text(NULL) == (
        "Rests on 5 replicates of 3 seeds. Every replicate has its own real rows, generated text "
        "and trainings."
    )
    assert "share one generator's text: no interval counts" in scope_text(NULL, shared=True)
    single = NULL.with_columns(replicates=pl.lit(1), seeds=pl.lit(1), identical=pl.lit(4))
    text = scope_text(single)
    assert text.startswith("Rests on 1 replicate of 1 seed. One replicate: everything here holds")
    assert text.endswith("16 runs repeat another in every prediction and count once.")


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
    text = findings_text(RESULTS, measures(), SHIFT)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if "|" in line
    ]
    verdicts = [row[-1] for row in rows if row[1] == "reader"]
    assert sorted(verdicts) == ["baseline", *["too small to tell (0.090)"] * 3]
    measured = ["writer topic D0", "vendi_score (q 1.0)", "5.000 [4.000, 6.000]"]
    assert [*measured, "64"] in rows
    assert [*measured, "2.000 [1.500, 2.500]", "2.5", "0.010", "64"] in rows


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


def test_results_of_lm_eval_have_the_spread_of_the_seeds_and_no_more() -> None:
    row = {"arm": "D06464", "model": "reader", "task": "mood", "metric": "acc", "n": 40}
    results = pl.DataFrame([row | {"seed": s, "value": v} for s, v in ((0, 0.5), (1, 0.75))])

    def text(frame: pl.DataFrame | None) -> str:
        return findings_text(RESULTS, measures(), SHIFT, lm_eval=frame)

    assert "lm-eval" not in text(None)
    both = text(results)
    assert "Means over 2 seeds, in brackets the lowest and the highest seed" in both
    assert "64 real + 64 generated, topic D0" in both and "0.625 [0.500, 0.750]" in both
    tasks = NULL.head(2).with_columns(test=pl.lit("mood"), metric=pl.lit("acc"))
    judged = findings_text(
        RESULTS._replace(lm_eval_findings=tasks), measures(), SHIFT, lm_eval=results
    )
    assert "### mood (acc on" in judged and "Means over" not in judged
    single = text(results.filter(seed=0))
    assert "One seed: how far seeds differ is not known" in single and "0.500 " in single


def test_sets_of_several_generators_stand_beside_each_other_as_means_of_their_draws() -> None:
    names = {"generator": "a", "other": "b", "pipeline": "topic", "level": "D3", "embedder": "e"}
    draws = [{"value": 0.5, "low": 0.4, "high": 0.6, "within": 0.7}]
    draws += [{"value": 0.7, "low": 0.6, "high": 0.8, "within": 0.8}]
    table = pl.DataFrame([{**names, **draw} for draw in draws])
    text = findings_text(RESULTS, measures(), SHIFT, similarity=table)
    [line] = [line for line in text.splitlines() if line.startswith("| a and b")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["a and b", "topic D3", "e", "0.600 [0.500, 0.700]", "0.750"]
    assert "## Sets of several generators" not in findings_text(RESULTS, measures(), SHIFT)
