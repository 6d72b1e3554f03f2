"""The recipes of containers hold what the workflow needs, as pinned, and copy what there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

DOCKER = (ROOT / "Dockerfile").read_text()
APPTAINER = (ROOT / "mixtura.def").read_text()
NEEDED = {"pyproject.toml", "Snakefile", "config", "envs", "profiles", "workflow"}


def copied(recipe: str) -> set[str]:
    """Files and folders that a recipe takes from the repository."""
    if recipe == DOCKER:
        lines = re.findall(r"^COPY (.*)$", recipe, re.MULTILINE)
        return {name for line in lines for name in line.split()[:-1]}
    section = recipe.split("%files\n")[1].split("\n\n")[0]
    return {line.split()[0] for line in section.splitlines()}


@pytest.mark.parametrize("recipe", [DOCKER, APPTAINER], ids=["Dockerfile", "mixtura.def"])
def test_a_recipe_copies_what_is_there_and_installs_the_pins(recipe: str) -> None:
    names = copied(recipe)
    assert names > NEEDED and not [name for name in names if not (ROOT / name).exists()]
    allowed = (ROOT / ".dockerignore").read_text()
    assert not [name for name in names if f"\n!{name}\n" not in allowed]
    torch = re.findall(r"^torch==.*", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert re.findall(r"torch==\S+", recipe) == torch
    assert "--requirement requirements.txt --constraint constraints.txt" in recipe
    assert "--no-deps --editable ." in recipe and "pip install --no-cache-dir" in recipe
    tags = re.findall(r"^(?:FROM|From:) (\S+)$", recipe, re.MULTILINE)
    assert len(tags) == 1 and re.fullmatch(r"python:3\.1[1-3]\.\d+-[\w-]+", tags[0])


def test_both_recipes_start_from_one_image_and_the_container_is_not_root() -> None:
    images = [re.search(r"(?:FROM|From:) (\S+)", recipe) for recipe in (DOCKER, APPTAINER)]
    assert images[0] and images[1] and images[0][1] == images[1][1]
    assert re.findall(r"^USER (\S+)$", DOCKER, re.MULTILINE) == ["1000"]


def test_instructions_and_sections_are_those_that_the_engines_know() -> None:
    folded = re.sub(r"\\\n", " ", DOCKER)
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT"}
    lines = [line for line in folded.splitlines() if line and not line.startswith("#")]
    assert {line.split()[0] for line in lines} == known
    sections = re.findall(r"^%(\w+)", APPTAINER, re.MULTILINE)
    assert sections == ["files", "post", "test", "runscript", "labels"]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = [str(Path(sys.executable).with_name("hadolint")), "Dockerfile"]
    run = subprocess.run(hadolint, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
