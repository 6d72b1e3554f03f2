"""What confirms a recommendation: which runs, on which replicates, and what is said instead."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from mixtura.core.tables import write_table
from mixtura.infer.surface.tables import Surface
from mixtura.plan.plan import Plan, read_plan
from mixtura.study.base import ConfigError


def recommend(plan: Plan, **changes: Any) -> None:
    """Write the table that recommends the mix of D6 to every model."""
    point = next(p for p in plan.sets.points if p.arm.n_real and p.arm.level == "D6")
    scope = {
        **{"kind": "mix", "metric": "accuracy", "test": "test", "generator": "writer"},
        **{"pipeline": "topic", "form": "added", "axis": "level", "n_real": 16.0},
        **{"arm": point.arm.name, "recommended": True, "gain": 0.1, "replicates": 2},
    }
    rows = [scope | {"model": model} | changes for model in plan.sets.study.downstream]
    types = Surface.types()
    table = pl.DataFrame([{name: row.get(name) for name in types} for row in rows], types)
    path = Path(plan.sets.paths.path("tables/surface.parquet"))
    path.parent.mkdir(parents=True)
    write_table(table, path, Surface)


@pytest.fixture
def plan(tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(tmp_path)
    probe = {"kind": "probe", "embedder": "reader"}
    downstream = {**tiny["downstream"], "probe": probe}
    return read_plan({**tiny, "downstream": downstream, "replicates": 2})


def test_the_recommended_mix_and_its_baseline_run_on_replicates_after_the_studys_own(
    plan: Plan,
) -> None:
    recommend(plan)
    files = plan.confirm.predictions(None)
    seeds = len(plan.sets.study.seeds)
    probes = [file for file in files if "/probe/" in file]
    assert {part for file in files for part in Path(file).parts if part in ("r2", "r3")}
    assert not [file for file in files if "/r0/" in file or "/r1/" in file]
    assert len(probes) == 2 * seeds and len(files) == len(probes) + 2 * 2  # a job has all seeds
    arms = json.loads(plan.confirm.settings(None))["arms"]
    assert [(arm["n_real"], arm["n_generated"]) for arm in arms] == [(16, 0), (16, 16)]
    fresh = SimpleNamespace(model="probe", replicate="2", seed="0")
    assert set(json.loads(plan.probe.settings(fresh))["arms"]) == {a["arm"] for a in arms}
    assert [Path(file).parts[-2:] for file in plan.probe.generated(fresh)] == [("D6", "r2.parquet")]
    copy = SimpleNamespace(model="probe", replicate="1", seed="0")
    assert len(json.loads(plan.probe.settings(copy))["arms"]) == 5


def test_without_a_study_or_with_that_of_another_nothing_is_confirmed(plan: Plan) -> None:
    with pytest.raises(ConfigError, match="run the study first, then the target confirm"):
        plan.confirm.predictions(None)
    recommend(plan, arm="0123456789abcdef")
    with pytest.raises(ConfigError, match="of another configuration"):
        plan.confirm.predictions(None)
