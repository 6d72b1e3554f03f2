"""The documents: all are found from the README, and what they show is there."""

import re
from pathlib import Path

import pytest
import typer

from conftest import ROOT
from mixtura.cli import app
from mixtura.dials import load_dial
from mixtura.dials.base import Given

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text()


def test_the_readme_links_every_document_and_study() -> None:
    wanted = [*(ROOT / "docs").glob("*.md"), *(ROOT / "config").glob("*.yaml")]
    assert wanted
    assert not [path for path in wanted if f"]({path.relative_to(ROOT)})" not in README]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", path.read_text())
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_shown_commands_and_studies_exist(path: Path) -> None:
    text = path.read_text()
    commands = set(re.findall(r"(?:^|`|bin/)mixtura ([a-z]+)", text, re.MULTILINE))
    assert commands <= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:config|profiles)/[\w/-]+\.yaml", text))
    assert not [name for name in named if not (ROOT / name).is_file()]


def test_the_dial_that_is_shown_works(tmp_path: Path) -> None:
    text = (ROOT / "docs/extending.md").read_text()
    shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "moods.py").write_text(shown[0])
    dial = load_dial({"dial": "module", "file": str(tmp_path / "moods.py")})
    given = Given([("r1", "dull", "negative")], ["negative"], 1, [1, "writer", "mood", "D6"])
    specs = dial.specify({"moods": ["calm", "angry"]}, given, range(8))
    assert {spec.fields["mood"] for spec in specs} == {"calm", "angry"}
    assert [spec.index for spec in specs] == list(range(8))
