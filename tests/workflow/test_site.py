"""The tutorials run as they stand, and the site builds without a warning."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

TUTORIALS = sorted((ROOT / "docs").glob("tutorial-*.md"))
BLOCK = re.compile(r"```(sh|python|text)\n(.*?)```", re.DOTALL)
MKDOCS = ROOT / ".venv-docs/bin/mkdocs"


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_and_prints_what_it_shows(path: Path, tmp_path: Path) -> None:
    """Commands of Snakemake list their jobs: that these run is shown by the other tests."""
    for name in ("docs/data", "docs/logs", "profiles", "workflow", "config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copyfile(ROOT / "Snakefile", tmp_path / "Snakefile")
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        **{"PATH": programs, "PYTHONPATH": str(ROOT / "workflow/scripts"), "COLUMNS": "160"},
    }
    output, ran = "", 0
    for language, block in BLOCK.findall(path.read_text()):
        if language == "text":
            assert block.strip() in output
            continue
        for command in [block] if language == "python" else block.splitlines():
            if command.startswith("source "):
                continue
            words = [sys.executable, "-c", command] if language == "python" else command.split()
            if words[0] == "snakemake" and "-n" not in words:
                words.append("-n")
            run = subprocess.run(
                words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900
            )
            assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
            output, ran = run.stdout, ran + 1
    assert ran > 2


def test_there_are_three_tutorials() -> None:
    assert [path.stem for path in TUTORIALS] == [
        *("tutorial-compare", "tutorial-measure", "tutorial-study")
    ]


@pytest.mark.skipif(not MKDOCS.exists(), reason="no .venv-docs; `make docs-site` makes it")
def test_the_site_builds_without_a_warning_and_asks_nobody(tmp_path: Path) -> None:
    command = [str(MKDOCS), "build", "--strict", "--site-dir", str(tmp_path / "site")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    pages = {file.stem for file in (tmp_path / "site").glob("*.html")}
    assert {file.stem for file in (ROOT / "docs").glob("*.md")} < pages
    api = (tmp_path / "site/api.html").read_text()
    for name in ("dcscore", "deduplicate", "compare", "read_item_scores"):
        assert f".{name}" in api
    assert (tmp_path / "site/search/search_index.js").is_file()  # a search without a server
    fetched = re.findall(r'(?:src|href)="https?://[^"]*\.(?:js|css|woff2?)"', api)
    assert not fetched
