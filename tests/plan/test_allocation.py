"""The cells of an allocation in the plan: which jobs they add, and that they move no other."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.core.sets import ALLOCATED
from mixtura.plan.allocation import Allocation, Cell, read_allocation, write_allocation
from mixtura.plan.plan import Plan, read_plan
from mixtura.study.base import ConfigError

NEW = f"r{ALLOCATED}"


@pytest.fixture
def study(tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A study with a loop and a probe, of two replicates."""
    monkeypatch.chdir(tmp_path)
    loop = {"pipeline": "topic", "level": "D6", "rounds": 1, "schemes": ["replace"]}
    return {
        **tiny,
        "designs": {**tiny["designs"], "loop": loop},
        "downstream": {**tiny["downstream"], "probe": {"kind": "probe", "embedder": "reader"}},
        "replicates": 2,
    }


def allocate(plan: Plan, models: tuple[str, ...] = ("reader", "probe"), **changes: Any) -> None:
    """Give the mix of D6 a replicate for each model."""
    point = next(p for p in plan.sets.points if p.arm.n_real and p.arm.level == "D6")
    values = {"arm": point.arm.name, "replicate": ALLOCATED} | changes
    root = Path(plan.sets.paths.root)
    cells = [Cell(model=model, **values) for model in models]
    write_allocation(root, read_allocation(root).with_cells(cells))


def test_a_cell_adds_its_mix_and_baseline_and_moves_nothing_of_a_loop(
    study: dict[str, Any],
) -> None:
    before = read_plan(study)
    allocate(before)
    after = read_plan(study)
    new = [file for file in after.findings.predictions() if f"/{NEW}/" in file]
    assert [file for file in after.findings.predictions() if file not in new] == (
        before.findings.predictions()
    )
    assert len(new) == 2 + 2  # two arms of the reader, a job each; the probe has a file a seed
    assert [key.name for key in after.sets.sets if key not in before.sets.sets] == [
        f"writer/topic/D6/{NEW}"
    ]
    assert after.loop.perplexities() == before.loop.perplexities()
    assert after.sets.designed == before.sets.designed
    probe = SimpleNamespace(model="probe", replicate=str(ALLOCATED), seed="0")
    assert [Path(file).parts[-2:] for file in after.probe.generated(probe)] == [
        ("D6", f"{NEW}.parquet")
    ]
    assert after.confirm.replicates == before.confirm.replicates == range(2, 4)


def test_more_replicates_leave_the_cells_as_they_are(study: dict[str, Any]) -> None:
    allocate(read_plan(study))
    two, three = (read_plan({**study, "replicates": count}) for count in (2, 3))
    assert set(two.findings.predictions()) < set(three.findings.predictions())
    probe = SimpleNamespace(model="probe", replicate=str(ALLOCATED), seed="0")
    assert two.probe.settings(probe) == three.probe.settings(probe)


def test_replicates_that_share_their_text_write_none(study: dict[str, Any]) -> None:
    shared = {**study, "replicates": {"count": 2, "share": ["generated"]}}
    before = read_plan(shared)
    allocate(before)
    assert read_plan(shared).sets.sets == before.sets.sets


def test_an_allocation_of_another_study_and_a_wrong_file_stop_the_plan(
    study: dict[str, Any],
) -> None:
    plan = read_plan(study)
    allocate(plan, arm="0123456789abcdef")
    with pytest.raises(ConfigError, match="does not have: delete the file"):
        read_plan(study)
    Path(plan.sets.paths.root, "allocation.json").write_text('{"cells": [{"arm": 1}]}')
    with pytest.raises(ConfigError, match="is no allocation: delete it"):
        read_plan(study)


def test_cells_are_added_once() -> None:
    cell = Cell(model="reader", arm="ab", replicate=ALLOCATED)
    assert Allocation().with_cells([cell]).with_cells([cell]).cells == (cell,)
