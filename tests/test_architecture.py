"""docs/architecture.md and docs/extending.md name files and names that are there."""

import re
import tomllib

from conftest import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
EXTENDING = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "workflow/scripts/mixtura"


def test_every_path_on_the_page_exists() -> None:
    paths = re.findall(r"`((?:workflow|profiles)/[\w./-]+)`", PAGE)
    assert len(paths) > 40
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_function_on_the_page_is_in_its_file() -> None:
    walk = PAGE.split("## The way of one row")[1].split("## To change")[0]
    functions = re.findall(r"`(\w+)` in `([\w./-]+)`", walk)
    assert len(functions) > 5
    defined = r"^(?:def|class) {}\b"
    assert [
        (name, path)
        for name, path in functions
        if not re.search(defined.format(name), (ROOT / path).read_text(), re.MULTILINE)
    ] == []


def test_what_a_new_part_needs_is_there() -> None:
    table = EXTENDING.split("## In the repository")[1]
    paths = re.findall(r"`((?:mixtura|workflow)/[\w./-]*)`", table)
    assert len(paths) > 20
    folders = {"mixtura": ROOT / "workflow/scripts", "workflow": ROOT}
    assert [path for path in paths if not (folders[path.split("/")[0]] / path).exists()] == []
    names = re.findall(r"`([A-Z]\w+)(?:\.\w+)?` in `(mixtura/[\w./-]+\.py)`", table)
    assert len(names) > 8
    assert [
        (name, path)
        for name, path in names
        if not re.search(
            rf"^(?:class )?{name}\b", (PACKAGE.parent / path).read_text(), re.MULTILINE
        )
    ] == []


def test_the_drawing_has_the_rooms_in_the_order_of_the_import_rule() -> None:
    drawing = re.findall(r"^([a-z]+)  +\w", PAGE.split("```")[1], re.MULTILINE)
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert set(drawing) == rooms
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [layer.removeprefix("mixtura.") for layer in contracts["contracts"][0]["layers"]]
    assert [room for room in drawing if room != "job"] == layers[::-1]


def test_the_page_answers_many_questions() -> None:
    table = PAGE.split("## To change X, open Y")[1]
    assert table.count("\n| ") >= 25 + 1
