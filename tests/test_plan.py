"""The plan: what a study is made of, and what names it."""

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.config import ConfigError
from mixtura.plan import Arm, Plan, read_plan


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


def test_designs_become_arms_and_share_the_baseline(plan: Plan) -> None:
    found = [(p.design, p.arm.n_real, p.arm.n_generated, p.arm.level) for p in plan.points]
    assert found == [
        ("real-only", 16, 0, None),
        ("mix-add", 16, 16, "D0"),
        ("level", 0, 16, "D0"),
        ("mix-add", 16, 16, "D6"),
        ("level", 0, 16, "D6"),
    ]
    assert {p.baseline for p in plan.points} == {None, Arm(16)}
    assert len(plan.predictions()) == 5 * 2


def test_an_arm_is_named_by_its_own_settings(tiny: dict[str, Any], plan: Plan) -> None:
    more = copy.deepcopy(tiny)
    more["designs"]["mix-add"]["ratios"] = [0.5, 1]
    more["seeds"] = [0, 1, 2]
    more["generators"]["writer"]["sampling"]["temperature"] = 0.5
    assert set(plan.arms) < set(read_plan(more).arms)
    assert len({Arm(16).name, Arm(18).name, Arm(16, 16, "g", "p", "D0").name}) == 3


def test_a_larger_n_adds_shards(tiny: dict[str, Any], plan: Plan) -> None:
    assert len(plan.shards) == 2  # 16 rows x 3.0 prompts, 32 in a shard
    larger = copy.deepcopy(tiny)
    larger["generate"]["n"] = 32
    larger["task"]["reference"] = 64
    assert len(read_plan(larger).shards) == 3

    wildcards = SimpleNamespace(generator="writer", pipeline="topic", level="D0", shard="0")
    assert plan.generate_settings(wildcards) == read_plan(larger).generate_settings(wildcards)


def test_resources_grow_with_the_attempt(tiny: dict[str, Any]) -> None:
    given = read_plan({**tiny, "resources": {"finetune": {"mem_mb": 500}}})
    job = SimpleNamespace(model="reader")
    assert given.mem_mb("finetune")(job, 1) == 500
    assert given.mem_mb("finetune")(job, 3) == 1500
    assert given.runtime("finetune")(job, 2) == 2 * given.runtime("finetune")(job, 1)


def _measured(plan: Plan, kind: str = "diversity") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        plan.measure_settings(kind)(SimpleNamespace(embedder="e", pipeline="topic"))
    )
    return found


def test_the_token_budget_is_the_same_for_all_sets(tiny: dict[str, Any], plan: Plan) -> None:
    assert _measured(plan)["token_budget"] == 16 * 3  # rows x least words that curation passes
    assert "token_budget" not in _measured(plan, "shift")
    given = read_plan({**tiny, "diversity": {"token_budget": 77}})
    assert _measured(given)["token_budget"] == 77
    unfiltered = read_plan({**tiny, "curation": {"full": {"filters": {}}}})
    assert _measured(unfiltered)["token_budget"] == 16


def test_a_judge_adds_its_measure_and_its_model(tiny: dict[str, Any], plan: Plan) -> None:
    assert plan.judge_model() == [] and _measured(plan)["judge"] is None
    judged = read_plan({**tiny, "diversity": {"judge": "writer"}})
    assert judged.judge_model() == ["results/tiny/models/writer"]
    assert _measured(judged)["measures"][-1] == "llm_cluster_score"
    assert _measured(judged)["judge"]["model"] == "writer"
    for wrong, told in (
        ({"judge": "nobody"}, "diversity.judge: 'nobody' is not defined; allowed: writer"),
        ({"measures": ["llm_cluster_score"]}, "'llm_cluster_score' needs diversity.judge"),
    ):
        with pytest.raises(ConfigError, match=told):
            read_plan({**tiny, "diversity": wrong})


def test_a_pipeline_of_another_is_the_same_text_curated_otherwise(tiny: dict[str, Any]) -> None:
    more = copy.deepcopy(tiny)
    more["pipelines"]["bare"] = {"of": "topic", "curation": "none"}
    more["generate"]["pipelines"] = ["topic", "bare"]
    plan, own = read_plan(tiny), read_plan(more)
    assert own.sets == [("writer", p, level) for p in ("topic", "bare") for level in ("D0", "D6")]
    topic, bare = (
        SimpleNamespace(generator="writer", pipeline=p, level="D6") for p in ("topic", "bare")
    )
    assert own.generated_shards(bare) == own.generated_shards(topic) == plan.generated_shards(topic)
    assert own.curate_settings(topic) == plan.curate_settings(topic)
    found = json.loads(own.curate_settings(bare))
    assert (found["n"], found["exact"], found["filters"]) == (
        16,
        False,
        {},
    ) and "fuzzy" not in found
    # no text of one word is removed there, so measures read one word a row of every set
    assert (_measured(plan)["token_budget"], _measured(own)["token_budget"]) == (48, 16)


def test_a_variant_changes_the_keys_that_it_gives(tiny: dict[str, Any]) -> None:
    changes = {"exact": {"fuzzy": {}}, "mine": {"exact": False}, "full": {"fuzzy": None}}
    found = read_plan({**tiny, "curation": changes}).study.curation
    on = {
        name: (
            v.exact,
            v.filters.length is not None,
            v.fuzzy is not None,
            v.decontaminate is not None,
        )
        for name, v in found.items()
    }
    assert on == {
        "none": (False, False, False, False),
        "exact": (True, False, True, False),
        "full": (True, True, False, True),
        "mine": (False, True, True, True),
    }


def test_a_models_own_resources_come_before_its_stages(tiny: dict[str, Any]) -> None:
    given = copy.deepcopy(tiny)
    given["resources"] = {"finetune": {"mem_mb": 5000, "runtime": 20}}
    given["downstream"]["large"] = {
        "model": "reader",
        "resources": {"mem_mb": 90_000, "gpu": 2, "threads": 8},
    }
    plan = read_plan(given)
    small, large = SimpleNamespace(model="reader"), SimpleNamespace(model="large")
    assert [plan.mem_mb("finetune")(m, attempt=1) for m in (small, large)] == [5000, 90_000]
    assert plan.mem_mb("finetune")(large, attempt=3) == 270_000
    assert [plan.gpu("finetune")(m) for m in (small, large)] == [0, 2]
    assert plan.runtime("finetune")(large, attempt=2) == 40 and plan.threads("finetune")(large) == 8
    without = copy.deepcopy(given)
    del without["downstream"]["large"]["resources"], without["resources"]
    assert plan.finetune_settings(large) == read_plan(without).finetune_settings(large)
    assert plan.report_settings() == read_plan(without).report_settings()
