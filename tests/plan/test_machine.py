"""What the doctor finds: each line is ok, or says what to do."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from mixtura.cli.app import app
from mixtura.plan import machine
from mixtura.plan.machine import local_checks, needs_of, package_checks, slurm_checks
from mixtura.plan.trials import key_checks, made_up_rows, model_checks
from mixtura.study.load import load_study
from mixtura.study.study import Study

PARTITIONS = {"cpu": {"max_runtime": 60, "max_mem_mb": 8000}, "gpu": {"max_gpu": 1}}


@pytest.fixture
def study(tiny: dict[str, Any]) -> Study:
    return load_study(tiny)


def mended(checks: Any) -> dict[str, str]:
    """What is to be mended -> the words."""
    return {check.what: check.words for check in checks if not check.ok}


def cluster(folder: Path, monkeypatch: pytest.MonkeyPatch, **answers: str) -> None:
    """Commands of SLURM that print their answer; without one they fail."""
    for name in ("squeue", "scontrol", "sacct", "sinfo"):
        file = folder / name
        text = answers.get(name)
        file.write_text("#!/bin/sh\n" + ("exit 1" if text is None else f"cat <<'EOT'\n{text}\nEOT"))
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_cluster_that_fits_has_nothing_to_mend(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, nodes = "MinJobAge               = 300 sec", "cpu|8000|2\ngpu|16000+|8"
    cluster(tmp_path, monkeypatch, squeue="", scontrol=config, sinfo=nodes)
    partitions = {**PARTITIONS, "cpu": {"max_runtime": 600, "max_mem_mb": 8000}}
    checks = list(slurm_checks(needs_of(study), partitions))
    assert mended(checks) == {}
    assert "squeue is asked instead" in next(c.words for c in checks if c.what == "sacct")


def test_what_a_cluster_lacks_is_said_with_the_key(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, nodes = "MinJobAge = 60 sec", "compute|2500|2"
    cluster(tmp_path, monkeypatch, squeue="", scontrol=config, sinfo=nodes, sacct="")
    result = mended(slurm_checks(needs_of(study), PARTITIONS))
    assert "slurm-status-command: sacct" in result["MinJobAge"]
    assert result["partition cpu"].startswith("no such partition; the cluster has compute: name")
    cluster(tmp_path, monkeypatch, sinfo="cpu|2500|2", squeue="", scontrol=config)
    result = mended(slurm_checks(needs_of(study), {"cpu": {"max_runtime": 9999}}))
    assert "ask the administrator" in result["MinJobAge"]
    assert result["generators.writer.resources"] == "no node of cpu has so much: lower it"
    cluster(tmp_path, monkeypatch)
    assert list(mended(slurm_checks({}, {}))) == ["squeue"]


def test_a_machine_that_is_too_small_is_said_with_the_key(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(machine, "LEAST_DISK", 10**9)
    large = copy.deepcopy(tiny)
    large["resources"] = {"embed": {"gpu": 2}, "score": {"mem_mb": 10**9, "threads": 4096}}
    result = mended(local_checks(needs_of(load_study(large)), tmp_path))
    assert set(result) == {"MB of memory", "cores", "GPUs", "disk"}
    assert "1 here, the largest job asks for 2 (resources.embed.gpu): lower it" in result["GPUs"]


def test_packages_keys_and_models_that_are_missing(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version_of", lambda package: None if package == "torch" else "1")
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    server = {"base_url": "http://localhost:1/v1", "model": "large", "key_env": "NO_SUCH_KEY"}
    more = copy.deepcopy(tiny)
    more["generators"]["far"] = {"backend": "openai", "openai": server}
    more["models"]["absent"] = {"hub": "no-such/model"}
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    study = load_study(more)
    assert mended(package_checks(study))["packages"].startswith("torch: not installed; pip install")
    assert mended(key_checks(study)) == {
        "generators.far.openai.key_env": "NO_SUCH_KEY is not set: export it"
    }
    assert list(mended(model_checks(study))) == ["models.absent"]
    assert made_up_rows(study)["label"].n_unique() == 2


def test_the_command_tries_what_a_study_names(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "LEAST_DISK", 0)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(tiny))
    root = Path(__file__).parents[2]
    options = ["--configfile", str(tmp_path / "study.yaml")]
    options += ["--profile", str(root / "profiles/local")]
    run = CliRunner().invoke(app, ["doctor", *options])
    assert run.exit_code == 0, run.output
    assert "tokens written" in run.output and "32 dimensions" in run.output
    assert "one step on 8 made-up rows, 8 predicted" in run.output
    weights = Path(tiny["models"]["writer"]["path"])
    broken = {**tiny, "models": {**tiny["models"], "writer": {"path": str(tmp_path / "broken")}}}
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.json").write_text((weights / "config.json").read_text())
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(broken))
    run = CliRunner().invoke(app, ["doctor", *options])
    assert run.exit_code == 1 and "MEND  generators.writer: RuntimeError: the model" in run.output
    assert run.output.endswith("1 to mend.\n")
