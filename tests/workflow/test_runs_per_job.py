"""Runs of a mix in one job: killed, it goes on after its last run; a new seed is trained alone."""

import copy
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import run_snakemake
from mixtura.plan.plan import read_plan

FILE = """
import os
import signal
from pathlib import Path


def fit_predict(texts, labels, unseen, words, seed):
    folder = Path({folder!r})
    with (folder / "trained").open("a") as file:
        file.write(f"{{len(texts)}}\\n")
    if (folder / "fatal").exists() and len((folder / "trained").read_text().split()) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return [[0.25, 0.75] for _ in unseen]
"""


@pytest.fixture
def config(tiny: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """A model that counts its trainings, on three seeds."""
    (tmp_path / "own.py").write_text(FILE.format(folder=str(tmp_path)))
    study = copy.deepcopy(tiny) | {"seeds": [0, 1, 2]}
    study["downstream"] = {"own": {"kind": "module", "file": str(tmp_path / "own.py")}}
    return study


def test_a_job_trains_the_runs_that_are_missing(config: dict[str, Any], tmp_path: Path) -> None:
    arm = next(iter(read_plan(config).sets.arms))  # real rows alone
    folder = f"results/tiny/runs/{arm}/own/r0/part-0"
    count = tmp_path / "trained"

    def trained(target: str = folder, **changes: Any) -> int:
        """How many runs were trained for a target."""
        before = len(count.read_text().split()) if count.exists() else 0
        run = run_snakemake(tmp_path, config | changes, target)
        assert run.returncode == 0, run.stdout
        return len(count.read_text().split()) - before

    (tmp_path / "fatal").touch()
    killed = run_snakemake(tmp_path, config, folder)
    assert killed.returncode != 0 and not (tmp_path / folder).exists()
    assert len(list((tmp_path / "results/tiny/.runs").iterdir())) == 1
    (tmp_path / "fatal").unlink()
    assert trained() == 2  # the second again, and the third
    runs = [f"seed-{seed}" for seed in (0, 1, 2)]
    written = (tmp_path / folder).rglob("*.parquet")
    assert sorted(str(file.relative_to(tmp_path / folder)) for file in written) == sorted(
        f"{run}/{name}.parquet" for run in runs for name in ("mix", "predictions")
    )
    stats = json.loads(
        (tmp_path / f"results/tiny/logs/finetune_module/{arm}/own/r0/part-0.json").read_text()
    )
    assert stats["runs"] == 3 and list(stats["trained"]) == ["1", "2"]
    assert trained() == 0
    dry = run_snakemake(tmp_path, config | {"seeds": [0, 1, 2, 3]}, folder, "-n")
    assert dry.stdout.count("Fit own on") == 1
    assert trained(seeds=[0, 1, 2, 3]) == 1
    # Other jobs of the same runs train none of them.
    few = copy.deepcopy(config["downstream"])
    few["own"]["runs_per_job"] = 2
    second = folder.replace("part-0", "part-1")
    assert trained(second, seeds=[0, 1, 2, 3], downstream=few) == 0
    seeds = pl.read_parquet(tmp_path / second / "*/predictions.parquet")["seed"]
    assert set(seeds) == {2, 3}
    source = (tmp_path / "own.py").read_text()
    (tmp_path / "own.py").write_text(source.replace("0.25, 0.75", "0.75, 0.25"))
    assert trained(second, seeds=[0, 1, 2, 3], downstream=few) == 2
