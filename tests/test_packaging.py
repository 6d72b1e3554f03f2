"""Pins are the same wherever they stand."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def conda_pins(name: str) -> dict[str, str]:
    environment = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())
    return dict(line.split("==") for line in environment["dependencies"][-1]["pip"])


@pytest.mark.parametrize("name", ["core", "generate", "finetune"])
def test_environments_have_the_pins_of_the_requirements(name: str) -> None:
    found, required = conda_pins(name), pins("requirements.txt")
    assert found and found == {package: required[package] for package in found}


def test_the_environment_of_vllm_has_its_pins_and_the_same_torch() -> None:
    assert conda_pins("vllm") == pins("requirements-vllm.txt")
    assert pins("requirements-vllm.txt")["torch"] == pins("requirements.txt")["torch"]


def test_the_environment_of_lm_eval_loads_models_with_the_packages_that_tuned_them() -> None:
    found = pins("requirements-lm-eval.txt")
    found.pop("lm-eval")
    assert found == {package: pins("requirements.txt")[package] for package in found}


def test_constraints_hold_every_requirement_as_pinned() -> None:
    held = {name.lower(): version for name, version in pins("constraints.txt").items()}
    wanted = pins("requirements.txt") | pins("requirements-dev.txt")
    wanted.pop("torch")  # installed first, from a pin of its own
    assert {name: held.get(name.lower().replace("_", "-")) for name in wanted} == wanted


def test_the_makefile_installs_the_pinned_torch() -> None:
    assert f"torch=={pins('requirements.txt')['torch']}" in (ROOT / "Makefile").read_text()
