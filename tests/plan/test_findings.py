"""What the rules of scores and comparisons look up: a judge of answers, gains label by label."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from changes import changed
from mixtura.plan.plan import read_plan


def test_without_a_judge_no_answer_is_judged(instructions: dict[str, Any]) -> None:
    plan = read_plan(changed(instructions, "evaluation", {}))
    assert plan.findings.judged() == {} and "judge_score" not in plan.findings.metrics


def test_every_run_is_judged_after_the_judge_is_checked(instructions: dict[str, Any]) -> None:
    plan = read_plan(instructions)
    inputs, folder = plan.findings.judged(), "results/tiny/judged/judge"
    assert inputs["judge"] == f"{folder}/test.parquet"
    runs = [path.removeprefix("results/tiny/runs") for path in plan.findings.predictions()]
    assert inputs["judged"] == [f"{folder}{run}.parquet" for run in runs]
    assert plan.findings.metrics == ["rouge_l", "perplexity", "judge_score"]
    assert json.loads(plan.findings.settings())["metrics"][-1] == "judge_score"


def test_each_job_of_a_judge_goes_on_by_itself(instructions: dict[str, Any]) -> None:
    plan = read_plan(instructions)
    check = SimpleNamespace(judge="judge")
    names = {"arm": "a1", "model": "pupil", "replicate": "0", "part": "0"}
    jobs = [SimpleNamespace(judge="judge", **{**names, "part": part}) for part in ("0", "1")]
    assert len({plan.curate.judge_resume(each) for each in (check, *jobs)}) == 3
    settings = json.loads(plan.curate.judge_settings(check))
    assert settings["kind"] == "instruction" and settings["labels"] == list("12345")
    assert plan.resources.runs(jobs[0]) == len(plan.sets.study.seeds)


def test_another_judge_trains_nothing_anew(instructions: dict[str, Any]) -> None:
    plan = read_plan(instructions)
    other = read_plan(changed(instructions, "generators/judge/openai/model", "n"))
    arm, check = next(iter(plan.sets.arms)), SimpleNamespace(judge="judge")
    run = SimpleNamespace(arm=arm, model="pupil", replicate="0", part="0")
    assert other.finetune.settings(run) == plan.finetune.settings(run)
    assert other.findings.evaluate_settings() == plan.findings.evaluate_settings()
    assert other.curate.judge_settings(check) != plan.curate.judge_settings(check)


@pytest.mark.parametrize(("labels", "told"), [(40, 40), (41, 0)])
def test_gains_of_each_label_are_told_up_to_forty(
    tiny: dict[str, Any], tmp_path: Path, labels: int, told: int
) -> None:
    rows = [f"{label} {at},{label}" for label in range(labels) for at in range(6)]
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *rows]))
    task = {key: value for key, value in tiny["task"].items() if key != "labels"}
    task |= {"data": {"path": str(tmp_path / "rows.csv")}, "test": labels, "reference": 2 * labels}
    plan = read_plan({**tiny, "task": task})
    assert len(json.loads(plan.findings.settings())["labels"]) == told
