"""Every command that the documents show is run, in a fresh copy of the project.

A study is planned and not run, and make tells its recipe: what they do is run by the other tests,
by `.ci/run` and, for `make docs`, by tests/study/test_reference.py and
tests/workflow/test_reruns.py.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "config/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PROGRAMS = r"(?:make|snakemake|mixtura|mkdir) "
NAMES = "mixtura (?!plan)[a-z]+"  # a command by name: test_documents looks whether there is one
TOLD = {
    "FILE": "reviews.csv",
    "tickets.csv": "reviews.csv",
    "FOLDER": "results/A",
}  # what a reader puts in
SCORES = "replicate,real,generated,level,score\n" + "".join(
    f"{replicate},16,{generated},D{level},{0.5 + level / 100 + replicate / 300 + generated / 999}\n"
    for replicate in range(3)
    for generated, level in ((0, 0), (48, 0), (48, 1), (48, 2))
)
# What needs a hub (tests/tell/test_export.py), a finished demo (test_workflow.py has a study), and
# replicates (tests/cli/test_next.py).
ELSEWHERE = ("mixtura push", "snakemake --profile profiles/local confirm", "mixtura next")


def shown() -> list[str]:
    """The commands in blocks of shell and, with their arguments, in sentences."""
    result: dict[str, None] = {}
    for path in DOCUMENTS:
        text = path.read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            result |= dict.fromkeys(line.partition(" #")[0].strip() for line in block.splitlines())
        sentences = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for code in re.findall(r"`([^`]+)`", sentences):
            if re.match(PROGRAMS, code) and not re.fullmatch(NAMES, code):
                result[" ".join(code.split())] = None
    return sorted(result)


@pytest.fixture(scope="module")
def project(
    done: Path, reviews_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """A copy of the project with two finished studies, and an environment with an empty home."""
    folder = tmp_path_factory.mktemp("project")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copyfile(reviews_csv, folder / "reviews.csv")
    (folder / "scores.csv").write_text(SCORES)
    for name in ("A", "B"):
        shutil.copytree(done / "results/tiny", folder / "results" / name, symlinks=True)
    home = tmp_path_factory.mktemp("home")
    return folder, {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": ""}


def test_make_docs_runs_though_there_is_a_folder_of_this_name(
    project: tuple[Path, dict[str, str]],
) -> None:
    command = ["make", "-n", "docs"]
    output = subprocess.run(command, cwd=project[0], capture_output=True, text=True, check=True)
    assert "> config/README.md" in output.stdout and "> docs/reruns.md" in output.stdout


def test_documents_show_commands() -> None:
    assert len(shown()) > 15 and any(command.startswith(ELSEWHERE) for command in shown())


@pytest.mark.parametrize("command", [c for c in shown() if not c.startswith(ELSEWHERE)])
def test_a_command_that_is_shown_works(command: str, project: tuple[Path, dict[str, str]]) -> None:
    folder, environment = project
    words = [TOLD.get(word, word) for word in command.split()]
    if words[0] == "make":
        words.insert(1, "-n")
    elif words[0] == "snakemake" and "-n" not in words:
        words.append("-n")
    if "slurm" in words:  # the link is made by a command before it, which may not have run yet
        link = Path(environment["HOME"]) / ".config/snakemake/slurm"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.is_symlink() or link.symlink_to(folder / "profiles/slurm")
    line = " ".join(words) if words[0] == "mkdir" else shlex.join(words)
    if words[0] != "source":
        line = f"source .venv/bin/activate && {line}"
    run = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    if words[0] == "mkdir":
        link = Path(environment["HOME"]) / ".config/snakemake/slurm"
        assert (link / "config.yaml").is_file()
