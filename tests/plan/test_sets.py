"""Sets and arms: what a study is made of, and what names it."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.plan.designs import Arm
from mixtura.plan.plan import Plan, read_plan


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


def test_designs_become_arms_and_share_the_baseline(plan: Plan) -> None:
    parsed = [(p.design, p.arm.n_real, p.arm.n_generated, p.arm.level) for p in plan.sets.points]
    assert parsed == [
        ("real-only", 16, 0, None),
        ("mix-add", 16, 16, "D0"),
        ("mix-add", 16, 16, "D6"),
        ("level", 0, 16, "D0"),
        ("level", 0, 16, "D6"),
    ]
    assert {p.baseline for p in plan.sets.points} == {None, Arm(16)}
    assert len(plan.findings.predictions()) == 5  # folders, each of two seeds


def test_a_model_on_some_mixes_has_their_baselines_too(tiny: dict[str, Any]) -> None:
    some = {"model": "reader", "mixes": {"designs": ["mix-add"], "levels": ["D6"]}}
    probe = {"kind": "probe", "embedder": "reader", "mixes": {"levels": ["D0"]}}
    plan = read_plan({**tiny, "downstream": {"some": some, "probe": probe}})
    arms = [plan.sets.arms[name] for name in plan.sets.arms_of("some")]
    assert [(arm.n_real, arm.n_generated, arm.level) for arm in arms] == [
        (16, 0, None),
        (16, 16, "D6"),
    ]
    assert len(plan.findings.predictions()) == 2 + 2  # a job an arm; a probe has a file a seed
    job = SimpleNamespace(model="probe", replicate="0", seed="0")
    assert len(json.loads(plan.probe.settings(job))["arms"]) == 3
    assert [Path(path).parts[-2] for path in plan.probe.generated(job)] == ["D0"]


def test_an_arm_is_named_by_its_own_settings(tiny: dict[str, Any], plan: Plan) -> None:
    more = copy.deepcopy(tiny)
    more["designs"]["mix-add"]["ratios"] = [0.5, 1]
    more["seeds"] = [0, 1, 2]
    more["generators"]["writer"]["sampling"]["temperature"] = 0.5
    assert set(plan.sets.arms) < set(read_plan(more).sets.arms)
    assert len({Arm(16).name, Arm(18).name, Arm(16, 16, "g", "p", "D0").name}) == 3


def with_designs(tiny: dict[str, Any], **designs: Any) -> Plan:
    return read_plan({**tiny, "designs": designs})


def test_shares_of_a_fixed_total_are_compared_with_all_real(tiny: dict[str, Any]) -> None:
    plan = with_designs(
        tiny, **{"real": [8], "mix-fixed": {"total": 16, "shares": [0, 0.25, 1]}, "controls": []}
    )
    rows = plan.findings.arm_rows()
    alone = [row.n_real for row in rows if row.design == "real-only"]
    assert alone == [8, 12, 16]  # at every number of real rows that occurs
    mixed = [row for row in rows if row.design == "mix-fixed" and row.level == "D6"]
    assert [(row.n_real, row.n_generated, row.share) for row in mixed] == [
        (12, 4, 0.25),
        (0, 16, 1),
    ]
    assert {row.baseline for row in mixed} == {Arm(16).name}
    assert {row.rows for row in mixed} == {16}


def test_a_grid_crosses_real_with_generated(tiny: dict[str, Any]) -> None:
    plan = with_designs(
        tiny, real=[4], grid={"real": [8, 16], "generated": [4, 8]}, controls=["repeated"]
    )
    grid = [point for point in plan.sets.points if point.design == "grid"]
    assert [(p.arm.n_real, p.arm.n_generated) for p in grid if p.arm.level == "D0"] == [
        (8, 4),
        (8, 8),
        (16, 4),
        (16, 8),
    ]
    assert all(p.baseline == Arm(p.arm.n_real) for p in grid)
    # The control has the arm's real rows and its size; the two levels share it.
    assert all(p.control == Arm(p.arm.n_real, repeat_to=p.arm.rows) for p in grid)
    repeated = [p.arm.rows for p in plan.sets.points if p.design == "real-repeated"]
    assert repeated == [12, 16, 20, 24]


def test_sources_are_compared_at_equal_n_beside_an_untrained_model(tiny: dict[str, Any]) -> None:
    two = copy.deepcopy(tiny)
    two["generators"]["second"] = two["generators"]["writer"]
    two["generate"]["generators"] = ["writer", "second"]
    plan = with_designs(two, real=[16], sources={"n": 8}, controls=["zero-shot"])
    points = [point for point in plan.sets.points if point.design == "sources"]
    assert {point.arm.generator for point in points} == {"writer", "second"}
    assert {(point.arm.n_real, point.arm.n_generated) for point in points} == {(16, 8)}
    assert [row.rows for row in plan.findings.arm_rows() if row.design == "zero-shot"] == [0]
    assert Arm(0).name in plan.sets.arms


def test_replicates_add_files_and_share_settings(tiny: dict[str, Any], plan: Plan) -> None:
    three = read_plan({**tiny, "replicates": 3})
    assert three.sets.arms == plan.sets.arms
    for old, new in (
        (plan.findings.predictions(), three.findings.predictions()),
        (plan.score.parts("shift"), three.score.parts("shift")),
        *((plan.generate.stats()[k], three.generate.stats()[k]) for k in ("shards", "counts")),
    ):
        assert set(old) < set(new) and len(new) == 3 * len(old)
    card = SimpleNamespace(generator="writer", pipeline="topic", level="D0", draw="r0", shard="0")
    before = plan.generate.settings(card)
    assert three.generate.settings(card) == before
    card.draw = "r2"
    assert three.generate.settings(card) == before.replace('"r0"', '"r2"')
    assert three.generate.examples(card) == "results/tiny/data/examples/r2.parquet"
    settings = json.loads(three.prepare.examples_settings(card))
    assert settings.items() >= {"replicate": 2, "rows": 16, "seed": 3}.items()
    arm = next(name for name, arm in plan.sets.arms.items() if arm.n_generated)
    run = SimpleNamespace(arm=arm, model="reader", replicate="2", seed="0")
    assert three.finetune.generated(run) == ["results/tiny/curated/writer/topic/D0/r2.parquet"]
    assert json.loads(three.finetune.settings(run))["mix"]["sets"] == []


def test_replicates_may_share_their_text(tiny: dict[str, Any]) -> None:
    shared = read_plan({**tiny, "replicates": {"count": 2, "share": ["generated"]}})
    assert {key.draw for key in shared.sets.sets} == {"r0"}
    arm = next(name for name, arm in shared.sets.arms.items() if arm.n_generated)
    run = SimpleNamespace(arm=arm, model="reader", replicate="1", seed="0")
    assert shared.finetune.generated(run) == ["results/tiny/curated/writer/topic/D0/r0.parquet"]
    assert len(shared.findings.predictions()) == 2 * 5


def test_a_generator_may_see_the_real_rows_of_the_mix_alone(tiny: dict[str, Any]) -> None:
    study = copy.deepcopy(tiny)
    study["designs"] = {"real": [4, 16], "mix-add": {"ratios": [1]}, "level": {}, "controls": []}
    largest = read_plan(study)
    study["generate"]["shown"] = "own"
    module_file = read_plan(study)
    assert {key.draw for key in largest.sets.sets} == {"r0"}
    assert {key.draw for key in module_file.sets.sets} == {"r0-4", "r0-16"}
    rows = [row for row in module_file.findings.arm_rows() if row.level == "D0"]
    assert {(row.design, row.n_real, row.shown) for row in rows} == {
        *(("mix-add", 4, 4), ("mix-add", 16, 16), ("level", 0, 4), ("level", 0, 16))
    }
    assert {row.shown for row in largest.findings.arm_rows() if row.level} == {16}
    for row in rows:
        (key,) = module_file.sets.mixed_sets(row.arm, 0)
        assert key.columns(largest=99)["shown"] == row.shown
