"""Pins are the same wherever they stand, and environments hold what their jobs import."""

import ast
import re
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from mixtura.code import SCRIPTS, code_files

ROOT = Path(__file__).parent.parent
ENVIRONMENT = r'conda:\s+"../../envs/(\w+)\.yaml".*script:\s+"../scripts/(\w+\.py)"'
RULES = {
    text.partition(":")[0]: re.findall(ENVIRONMENT, text, re.DOTALL)
    for file in (ROOT / "workflow/rules").glob("*.smk")
    for text in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]
    if "    script:" in text
}
DISTRIBUTIONS = packages_distributions()


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


def imported(sources: Iterable[str]) -> set[str]:
    """Distributions that Python sources import anywhere, under their names in requirements.txt."""
    names: set[str] = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    found = {found.lower() for name in names for found in DISTRIBUTIONS.get(name, [])}
    return found & pins("requirements.txt").keys()


def reached(script: str) -> list[str]:
    """Sources that a script may run: what it imports, and what these import by a name."""
    names: set[str] = set()
    while True:
        sources = [file.read_text() for file in code_files(script, *sorted(names))]
        more: set[str] = set()
        for name in re.findall(r'import_module\(f?"(mixtura[\w.]*)', "".join(sources)):
            folder = SCRIPTS.joinpath(*name.split("."))  # after it a dial or a backend is named
            files = folder.glob("[a-z]*.py") if name.endswith(".") else [folder]
            more |= {".".join(file.relative_to(SCRIPTS).with_suffix("").parts) for file in files}
        if more <= names:
            return sources
        names |= more


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_environment_of_a_rule_has_what_its_code_imports(rule: str) -> None:
    [(environment, script)] = RULES[rule]
    wanted = imported(reached(script)) - {"snakemake"}  # for its types; it brings itself
    missing = wanted - conda_pins(environment).keys()
    assert wanted and not missing


def test_modules_that_jobs_import_by_a_name_are_looked_into() -> None:
    assert "openai" in imported(reached("generate.py")) & imported(reached("diversity.py"))


def test_an_environment_has_what_a_shown_file_of_your_own_imports() -> None:
    text = (ROOT / "docs/extending.md").read_text()
    shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for source, environment in zip(shown, ("generate", "core", "finetune"), strict=False):
        missing = imported([source]) - conda_pins(environment).keys()
        assert not missing
