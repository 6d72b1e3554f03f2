"""What jobs ask for."""

import copy
from types import SimpleNamespace
from typing import Any

from mixtura.plan.plan import read_plan


def test_resources_grow_with_the_attempt(tiny: dict[str, Any]) -> None:
    changed = read_plan({**tiny, "resources": {"finetune": {"mem_mb": 500}}})
    job = SimpleNamespace(model="reader")
    resources = changed.resources.of("finetune")
    assert resources["mem_mb"](job, 1) == 500
    assert resources["mem_mb"](job, 3) == 1500
    assert resources["runtime"](job, 2) == 2 * resources["runtime"](job, 1)


def test_a_models_own_resources_come_before_its_stages(tiny: dict[str, Any]) -> None:
    changed = copy.deepcopy(tiny)
    changed["resources"] = {"finetune": {"mem_mb": 5000, "runtime": 20}}
    changed["downstream"]["large"] = {
        "model": "reader",
        "resources": {"mem_mb": 90_000, "gpu": 2, "threads": 8},
    }
    plan = read_plan(changed)
    arm = next(iter(plan.sets.arms))
    small, large = (SimpleNamespace(model=model, arm=arm) for model in ("reader", "large"))
    resources, threads = plan.resources.of("finetune", "gpu"), plan.resources.threads("finetune")
    assert [resources["mem_mb"](m, attempt=1) for m in (small, large)] == [5000, 90_000]
    assert resources["mem_mb"](large, attempt=3) == 270_000
    assert [resources["gpu"](m) for m in (small, large)] == [0, 2]
    assert resources["runtime"](large, attempt=2) == 40
    assert callable(threads) and threads(large) == 8
    without = copy.deepcopy(changed)
    del without["downstream"]["large"]["resources"], without["resources"]
    assert plan.finetune.settings(large) == read_plan(without).finetune.settings(large)
    assert plan.report.settings() == read_plan(without).report.settings()
