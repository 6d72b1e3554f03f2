"""All runs scored together: what a rule reads becomes three tables that fit each other."""

import polars as pl
import pytest

from mixtura.infer.alternatives import AnswersKey
from mixtura.infer.evaluation import Evaluation, about_judge, evaluation
from mixtura.infer.metrics import METRICS
from mixtura.infer.settings import ArmRow, EvaluateSettings

REAL = ArmRow(
    arm="real", design="real-only", generator=None, pipeline=None, level=None, shown=None,
    n_real=8, n_generated=0, share=0.0, rows=8, baseline=None, control=None,
)  # fmt: skip
ASKED = REAL.model_copy(
    update={"arm": "asked", "design": "alternatives", "generator": "writer"}
    | {"pipeline": "few-shot", "baseline": "real"}
)
SETTINGS = EvaluateSettings(
    arms=[REAL, ASKED], labels=["no", "yes"], metrics=["accuracy"], group=None
)
ABOUT = {
    "training": {"kind": "encoder", "steps": 4, "epochs": None, "batch_size": 4},
    "mix": {"n_real": 8, "n_generated": 0, "repeat_to": 0},
}


def run(seed: int, predicted: list[str]) -> pl.DataFrame:
    names = {"arm": "real", "model": "small", "replicate": 0, "seed": seed, "test": "test"}
    items = {"id": ["a", "b", "c"], "gold": ["no", "yes", "yes"], "predicted": predicted}
    return pl.DataFrame(names | items)


def evaluated(settings: EvaluateSettings, grouped: pl.DataFrame | None = None) -> Evaluation:
    runs = [(run(0, ["no", "no", "yes"]), ABOUT), (run(1, ["yes", "no", "no"]), ABOUT)]
    judged = run(0, ["no", "yes", "yes"]).select("test", "id", judged="predicted")
    return evaluation(runs, settings, [(AnswersKey("writer", "r0-8", "test"), judged)], grouped)


def test_runs_and_answers_of_a_generator_are_scored_side_by_side() -> None:
    predictions, arms, scores = evaluated(SETTINGS)
    assert predictions.height == 12 and "group" not in predictions.columns
    assert arms.select("arm", "real_passes").rows() == [("real", 2.0), ("asked", None)]
    values = scores.select("arm", "seed", "value", "n", "real_passes").rows()
    trained = [("real", 0, 2 / 3, 3, 2.0), ("real", 1, 0.0, 3, 2.0)]
    assert values == [*trained, ("asked", 0, 1.0, 3, None), ("asked", 1, 1.0, 3, None)]


def test_rows_of_a_group_stay_together() -> None:
    rows = pl.DataFrame({"id": ["z", "a", "b", "c"], "author": ["x", "x", "y", "y"]})
    settings = SETTINGS.model_copy(update={"group": "author"})
    predictions = evaluated(settings, rows).predictions
    assert predictions["group"].to_list() == ["a", "b", "b"] * 4


def test_what_a_judge_says_is_a_score_from_0_to_1() -> None:
    names = ["arm", "model", "replicate", "seed", "test", "id"]
    answers = run(0, ["yes", "no", "maybe"])
    settings = SETTINGS.model_copy(update={"arms": [REAL], "metrics": ["judge_score"]})
    judged = answers.select(*names, judged=pl.Series(["5", "2", ""]))
    result = evaluation([(answers, ABOUT)], settings, judged=judged)
    assert result.predictions["judge_score"].to_list() == [1.0, 0.25, 0.0]
    score = result.scores.row(0, named=True)
    assert score["value"] == pytest.approx(1.25 / 3) and score["low"] <= score["value"]
    assert not METRICS["judge_score"].lower
    with pytest.raises(ValueError, match="items without judge_score"):
        evaluation([(answers, ABOUT)], settings, judged=judged.head(2))
    check = {"judge": "large", "area": [0.9, 0.8, 1.0], "checked": 9, "seed": 1}
    about = about_judge(check, judged)
    assert (about["answers"], about["unanswered"]) == (3, 1) and "seed" not in about
