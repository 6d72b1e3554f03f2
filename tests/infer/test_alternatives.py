"""A generator as classifier: its answers as predictions, its cost, and what is said of both."""

from typing import Any

import polars as pl
import pytest

import studies
from mixtura.core.tables import check
from mixtura.generate.settings import TokenPrices
from mixtura.infer.alternatives import (
    AnswersKey,
    alternatives_table,
    answers_of,
    few_shot_predictions,
)
from mixtura.infer.findings import findings
from mixtura.infer.scoring import item_scores
from mixtura.infer.settings import METRICS_OF_KIND, AlternativesSettings, ArmRow
from mixtura.infer.tables import Alternatives, Arms, Hypotheses
from mixtura.tell.alternatives import alternatives_line, alternatives_text, unit_costs
from mixtura.tell.answer import INSTEAD, QUESTIONS, answer_lines

KEY = AnswersKey("writer", "r0-64", "test")
NAMES: dict[str, Any] = {"level": "alternative", "shown": None, "control": None, "share": 0.0}
FEW_SHOT = ArmRow(
    arm="asked", design="alternatives", generator="writer", pipeline="few-shot", n_real=64,
    n_generated=0, rows=64, baseline="real64", **NAMES,
)  # fmt: skip
EDA = FEW_SHOT.model_copy(
    update={"arm": "eda", "pipeline": "eda", "generator": "words", "n_generated": 64}
)
INDEX = studies.arms(levels=3, pipelines=("topic",), alone=False)
RUNS = studies.predictions(INDEX, studies.flat, models=("small", "big"), items=60)
RUNS = RUNS.with_columns(replicate=pl.lit(0, pl.Int64), p_no=0.4, p_yes=0.6)


def answers(unanswered: int = 0) -> pl.DataFrame:
    """Right answers about the test rows, the first ones without a label."""
    gold = RUNS.select("test", "id", judged="gold").unique(maintain_order=True)
    place = pl.int_range(pl.len())
    judged = pl.when(place < unanswered).then(pl.lit("")).otherwise("judged")
    counts = {"prompt_tokens": 100, "cached_tokens": 50, "new_tokens": 2, "reasoning_tokens": 0}
    return gold.with_columns(judged=judged, **{n: pl.lit(v) for n, v in counts.items()})


def arms() -> pl.DataFrame:
    types = {name: kind for name, kind in Arms.types().items() if name in ArmRow.model_fields}
    index = INDEX.select(
        *(
            pl.col(name).cast(kind) if name in INDEX.columns else pl.lit(None, kind).alias(name)
            for name, kind in types.items()
        )
    )
    return pl.concat([index, pl.DataFrame([FEW_SHOT.model_dump(), EDA.model_dump()], types)])


def compared(unanswered: int = 0) -> pl.DataFrame:
    untrained = few_shot_predictions([(KEY, answers(unanswered))], RUNS, arms())
    changed = RUNS.filter(arm="real64").with_columns(arm=pl.lit("eda"))
    metrics = METRICS_OF_KIND["classification"]
    return findings(item_scores(pl.concat([RUNS, untrained, changed]), metrics), arms(), metrics)


def test_answers_are_predictions_beside_each_model_on_the_same_rows() -> None:
    rows = few_shot_predictions([(KEY, answers(6))], RUNS, arms())
    assert rows.columns == RUNS.columns and rows.height == 2 * 3 * 60
    assert {*rows["arm"]} == {"asked"} and {*rows["model"]} == {"small", "big"}
    answered = rows.filter(pl.col("predicted").is_not_null())
    assert answered.height == 6 * 54 and (answered["predicted"] == answered["gold"]).all()
    assert rows.filter(pl.col("predicted").is_null())["p_yes"].unique().to_list() == [0.5]
    table = compared(6).filter(arm="asked", model="small")
    assert table.filter(metric="accuracy")["value"].to_list() == pytest.approx([0.9])
    assert table["difference"].null_count() == 0
    assert answers_of("results/x/answers/writer/r0-64/test.parquet") == KEY


def test_an_answer_without_a_label_is_as_wrong_as_an_ordered_label_can_be() -> None:
    rows = few_shot_predictions([(KEY, answers(60))], RUNS, arms())
    scores = item_scores(rows, ["accuracy"], ranks={"no": 1.0, "yes": 4.0})
    assert ((scores["gold_rank"] - scores["predicted_rank"]).abs() == 3).all()


def test_rows_without_an_answer_are_an_error() -> None:
    with pytest.raises(ValueError, match="writer r0-64: 60 rows lack answers"):
        few_shot_predictions([(KEY, answers().head(50))], RUNS, arms())


def test_the_cost_is_that_of_the_recorded_usage() -> None:
    prices = TokenPrices(prompt_price=10.0, cached_price=1.0, completion_price=20.0)
    settings = AlternativesSettings(arms=[FEW_SHOT, EDA], prices={"writer": prices}, hours=(0, 0))
    stats = [{"seconds": 36, "gpus": 1, "threads": 2}]
    table = alternatives_table([(KEY, answers(6))], stats, settings)
    check(table, "alternatives", Alternatives)
    (row,) = table.rows(named=True)
    assert (row["arm"], row["answers"], row["unanswered"]) == ("asked", 60, 6)
    assert row["cost"] == pytest.approx(60 * (50 * 10 + 50 * 1 + 2 * 20) / 1e6)
    assert (row["gpu_hours"], row["cpu_hours"]) == (0.01, 0.02)
    each = unit_costs(table)["asked"]
    assert each["cost"] == pytest.approx(0.59) and each["unanswered"] == 0.1
    free = settings.model_copy(update={"prices": {}})
    assert alternatives_table([(KEY, answers())], stats, free)["cost"].to_list() == [None]


def test_the_answer_names_the_best_alternative_beside_the_best_mix() -> None:
    table = compared()
    settings = AlternativesSettings(arms=[FEW_SHOT], prices={}, hours=(0, 0))
    stats = [{"seconds": 36, "gpus": 0, "threads": 2}]
    costs = alternatives_table([(KEY, answers())], stats, settings)
    top = [{"n_real": 64, "gain": 0.12, "low": 0.07, "high": 0.17}]
    line = alternatives_line(table.filter(model="small"), top, costs)
    assert line.startswith(
        "Best in place of generated text: 64 real, shown to writer, which labels test rows: +0."
    )
    assert "gain shown (best mix +0.120 [+0.070, +0.170]); 1,000 predictions cost 2,000 " in line
    assert "0.33 CPU hours" in line
    assert line.endswith(
        "; others: 64 real and 64 copies of them with changed words: +0.000 [-0.293, +0.293]."
    )
    assert alternatives_line(table.filter(pl.col("design") != "alternatives"), top, costs) == ""
    heading, _, rows = alternatives_text(table, costs)
    assert heading == "## In place of generated text" and "it needs no generator" in rows
    assert "64 real and 64 copies of them with changed words" in rows and "0.0%" in rows
    hypotheses = pl.DataFrame(schema=Hypotheses.types())
    lines = dict(answer_lines(table, hypotheses, studies.recommended(), costs))
    assert {*lines} == {*QUESTIONS, INSTEAD} and lines[INSTEAD].startswith("Best in place")
    assert "another generator than writer," in lines["Not seen"]  # words alone write nothing
