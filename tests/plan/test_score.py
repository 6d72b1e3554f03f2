"""What the jobs that measure look up."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.plan.plan import Plan, read_plan


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


def _measured(plan: Plan, kind: str = "diversity") -> dict[str, Any]:
    settings = getattr(plan.score, f"{kind}_settings")
    panel: dict[str, Any] = json.loads(
        settings(SimpleNamespace(embedder="e", pipeline="topic", draw="r0"))
    )
    return panel


def test_the_token_budget_is_the_same_for_all_sets(tiny: dict[str, Any], plan: Plan) -> None:
    assert _measured(plan)["token_budget"] == 16 * 3  # rows x least words that curation passes
    assert "token_budget" not in _measured(plan, "shift")
    changed = read_plan({**tiny, "diversity": {"token_budget": 77}})
    assert _measured(changed)["token_budget"] == 77
    unfiltered = read_plan({**tiny, "curation": {"full": {"filters": {}}}})
    assert _measured(unfiltered)["token_budget"] == 16


@pytest.mark.parametrize(("reference", "rows"), [(32, 16), (100, 16), (22, 10), (4, 2)])
def test_measures_run_on_half_of_the_reference_or_on_all_rows_of_a_set(
    tiny: dict[str, Any], reference: int, rows: int
) -> None:
    """Of each label as many, whatever is generated."""
    plan = read_plan({**tiny, "task": {**tiny["task"], "reference": reference}})
    assert {_measured(plan, kind)["n"] for kind in ("diversity", "shift")} == {rows}
    assert _measured(plan)["token_budget"] == 3 * rows


def test_a_judge_adds_its_measure_and_its_model(tiny: dict[str, Any], plan: Plan) -> None:
    assert plan.score.judge_model() == [] and _measured(plan)["judge"] is None
    judged = read_plan({**tiny, "diversity": {"judge": "writer"}})
    assert judged.score.judge_model() == ["results/tiny/models/writer"]
    assert _measured(judged)["measures"][-1] == "llm_cluster_score"
    assert _measured(judged)["judge"]["model"] == "writer"
