"""Pins are the same wherever they stand, environments hold what is imported, pip installs it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from mixtura.core.code import SCRIPTS, code_files

ROOT = Path(__file__).parents[2]
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
    distributions, required = conda_pins(name), pins("requirements.txt")
    assert distributions and distributions == {
        package: required[package] for package in distributions
    }


def test_the_environment_of_vllm_has_its_pins_and_the_same_torch() -> None:
    assert conda_pins("vllm") == pins("requirements-vllm.txt")
    assert pins("requirements-vllm.txt")["torch"] == pins("requirements.txt")["torch"]


def test_the_environment_of_lm_eval_loads_models_with_the_packages_that_tuned_them() -> None:
    distributions = pins("requirements-lm-eval.txt")
    distributions.pop("lm-eval")
    assert distributions == {
        package: pins("requirements.txt")[package] for package in distributions
    }


def test_constraints_hold_every_requirement_as_pinned() -> None:
    held = {name.lower(): version for name, version in pins("constraints.txt").items()}
    wanted = pins("requirements.txt") | pins("requirements-dev.txt")
    wanted.pop("torch")  # installed first, from a pin of its own
    assert {name: held.get(name.lower().replace("_", "-")) for name in wanted} == wanted


def test_the_makefile_installs_the_pinned_torch() -> None:
    assert f"torch=={pins('requirements.txt')['torch']}" in (ROOT / "Makefile").read_text()


def imported(sources: Iterable[str]) -> set[str]:
    """Distributions that Python sources import anywhere, but ours."""
    names: set[str] = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    distributions = {
        distributions for name in names for distributions in DISTRIBUTIONS.get(name, [])
    } - {"mixtura"}
    return {name.lower().replace("_", "-") for name in distributions}


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
    wanted = imported(reached(script)) & pins("requirements.txt").keys()
    wanted -= {"snakemake"}  # for its types; it brings itself
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


def test_the_package_declares_what_its_command_line_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {name.lower().replace("_", "-") for name in project["dependencies"]}
    by_name = (
        "snakemake_logger_plugin_mixtura.jobs",
        "mixtura.plan.plan",
    )  # `mixtura plan` runs them
    files = code_files("mixtura/cli/app.py", *by_name)
    wanted = imported(file.read_text() for file in files)
    wanted -= {"joblib", "pydantic-core", "threadpoolctl"}  # those that others need and bring
    wanted -= {name for name in wanted if name.startswith("snakemake-interface-")}
    extra = project["optional-dependencies"]["workflow"]  # a command that needs it says so
    wanted -= {name.lower().replace("_", "-") for name in extra}
    missing = wanted - declared
    assert len(wanted) > 8 and not missing


def test_pip_installs_the_command_line_and_the_package(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):  # a copy: setuptools leaves a folder build/
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True)
    here, there = (
        {file.relative_to(root) for file in root.rglob("mixtura/generate/prompts/**/*.j2")}
        for root in (SCRIPTS, target)
    )
    assert here == there != set()

    environment = {**os.environ, "PYTHONPATH": str(target), "COLUMNS": "100"}

    def output(*command: str) -> str:
        return subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)

    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    places = "import mixtura.cli.app, snakemake_logger_plugin_mixtura as logger"
    tell = "print(mixtura.cli.app.__file__, logger.__file__, distinct_n(['one two', 'one two']))"
    *files, value = output(sys.executable, "-c", f"{example}\n{places}\n{tell}").split()
    assert value == "0.5" and all(Path(file).is_relative_to(target) for file in files)
    mixtura = str(target / "bin/mixtura")
    shown = output(mixtura, "--help")
    assert all(f" {name} " in shown for name in ("dedup", "score", "plan", "compare", "push"))
    (tmp_path / "texts.csv").write_text("text\na fine film\na fine film\na dull story\n")
    message = output(mixtura, "dedup", "texts.csv", "--text-column", "text", "--output", "kept.csv")
    assert "3 rows in, 2 kept" in message
    assert (tmp_path / "kept.csv").read_text() == "text\na fine film\na dull story\n"
    message = output(mixtura, "score", "texts.csv", "--measure", "distinct_n", "--repeats", "0")
    assert re.search(r"distinct_n .* 3 .* 0\.", message)
