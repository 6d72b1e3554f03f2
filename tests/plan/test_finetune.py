"""What the runs of downstream models look up."""

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.plan.plan import Plan, read_plan


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


def test_trackers_follow_the_runs_of_a_model_and_rerun_none(tiny: dict[str, Any]) -> None:
    followed = copy.deepcopy(tiny)
    followed["downstream"]["reader"]["report_to"] = ["tensorboard"]
    plan, silent = read_plan(followed), read_plan(tiny)
    run = SimpleNamespace(arm=next(iter(plan.sets.arms)), model="reader", replicate="0", part="0")
    assert plan.finetune.settings(run) == silent.finetune.settings(run)
    assert [p.finetune.report_to(run, None) for p in (plan, silent)] == [["tensorboard"], []]
    assert plan.finetune.events(run, None) == f"results/tiny/events/{run.arm}/reader/r0"


def test_a_mix_trains_longer_where_passes_over_real_rows_are_held(
    tiny: dict[str, Any], plan: Plan
) -> None:
    changed = copy.deepcopy(tiny)
    changed["downstream"]["reader"]["regime"] = "real_passes"
    by_passes = read_plan(changed)
    jobs = [SimpleNamespace(arm=name, model="reader") for name in by_passes.sets.arms]
    steps = {
        by_passes.sets.arms[job.arm].rows: json.loads(by_passes.finetune.settings(job))
        for job in jobs
    }
    lengths = {rows: settings["training"]["steps"] for rows, settings in steps.items()}
    assert lengths == {16: 4, 32: 8}  # real rows alone; as many generated rows beside them
    alone = next(job for job in jobs if by_passes.sets.arms[job.arm].rows == 16)
    assert by_passes.finetune.settings(alone) == plan.finetune.settings(alone)


def test_the_runs_of_a_mix_are_one_job_or_several(tiny: dict[str, Any]) -> None:
    """Another number of them trains nothing anew, for the settings of a run stay."""
    few = copy.deepcopy(tiny) | {"seeds": [7, 8, 9]}
    few["downstream"]["few"] = {"model": "reader", "runs_per_job": 2}
    plan = read_plan(few)
    arm = next(iter(plan.sets.arms))
    parts = [
        SimpleNamespace(arm=arm, model=model, replicate="0", part=part)
        for model, part in (("reader", "0"), ("few", "0"), ("few", "1"))
    ]
    assert [plan.finetune.seeds(part) for part in parts] == [[7, 8, 9], [7, 8], [9]]
    runtime = plan.resources.of("finetune")["runtime"]
    assert [runtime(part, attempt=2) for part in parts] == [2 * 60 * runs for runs in (3, 2, 1)]
    folder = f"results/tiny/runs/{arm}/few/r0/part-"
    run = SimpleNamespace(arm=arm, model="few", replicate="0", seed="9")
    assert plan.finetune.runs(run) == plan.finetune.runs(parts[2]) == f"{folder}1"
    paths = plan.findings.predictions()
    assert {path for path in paths if path.startswith(folder)} == {f"{folder}0", f"{folder}1"}
    assert len(paths) == 5 * (1 + 2)
    assert len({plan.finetune.resume(part) for part in parts}) == 3
    few["downstream"]["few"]["runs_per_job"] = 1
    assert read_plan(few).finetune.settings(run) == plan.finetune.settings(run)
