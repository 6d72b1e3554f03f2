"""Section designs.alternatives: what it refuses, and which arms it makes."""

import copy
from typing import Any

import pytest

from changes import assert_refused
from mixtura.plan.designs import Arm
from mixtura.plan.plan import read_plan

SECTION: dict[str, Any] = {"few-shot": {"generator": "writer"}, "eda": {"n": 10}}


def study(tiny: dict[str, Any], **changes: Any) -> dict[str, Any]:
    config = copy.deepcopy(tiny)
    config["designs"] |= {"controls": ["repeated"], "alternatives": {**SECTION, **changes}}
    return config


def test_alternatives_are_arms_beside_the_same_real_rows(tiny: dict[str, Any]) -> None:
    plan = read_plan(study(tiny))
    points = [point for point in plan.sets.points if point.design == "alternatives"]
    few_shot, eda = (point.arm for point in points)
    assert (few_shot.n_generated, few_shot.shots, eda.n_generated, eda.shown) == (0, 2, 10, 16)
    assert {point.baseline for point in points} == {Arm(16)}
    assert [point.control for point in points] == [None, Arm(16, repeat_to=26)]
    assert few_shot.name not in plan.sets.arms_of("reader")  # nothing is trained
    assert [key.name for key in plan.sets.mixed_sets(eda.name, 1)] == [
        "words/eda/alternative/r1-16"
    ]
    assert all(key.level != "alternative" for key in plan.sets.sets)  # nothing measures them
    assert len(plan.alternatives.answers("few-shot")) == len(plan.sets.replicates)


def test_a_model_on_some_mixes_has_the_alternatives_of_its_real_rows(tiny: dict[str, Any]) -> None:
    config = study(tiny)
    config["designs"]["real"] = [8, 16]
    config["designs"]["mix-add"] = {"ratios": [0.5]}
    config["downstream"]["reader"]["mixes"] = {"real": [8]}
    sets = read_plan(config).sets
    sizes = {
        sets.arms[name].n_real
        for name in sets.arms_of("reader")
        if sets.arms[name].pipeline == "eda"
    }
    assert sizes == {8}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"real": [4]}, "designs.alternatives.real: 4; allowed: 16"),
        ({"few-shot": {"generator": "x"}}, "few-shot.generator: 'x' is not defined"),
        ({"labelled": {"generator": "writer"}}, "labelled: needs task.unlabelled"),
        ({"eda": {"alpha": 2.0}}, "alpha"),
    ],
)
def test_what_cannot_be_is_refused(
    tiny: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    key, value = next(iter(changes.items()))
    assert_refused(study(tiny), f"designs/alternatives/{key}", value, words)


def test_names_of_their_sets_are_not_free(tiny: dict[str, Any]) -> None:
    words = "pipelines.eda: designs.alternatives has sets of this name"
    assert_refused(study(tiny), "pipelines/eda", tiny["pipelines"]["topic"], words)
