"""Digests: equal where nothing that matters differs."""

import ast
from pathlib import Path

import pytest

from mixtura.core import code
from mixtura.core.code import code_digest
from mixtura.core.digest import canonical_json, row_id
from mixtura.core.streams import stream_seed


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(code, "SCRIPTS", tmp_path)
    (tmp_path / "mixtura").mkdir()
    (tmp_path / "mixtura/__init__.py").write_text("")
    (tmp_path / "mixtura/a.py").write_text("from mixtura import b\n\ndef f():\n    return b.g()\n")
    (tmp_path / "mixtura/b.py").write_text("def g():\n    return 1\n")
    (tmp_path / "mixtura/c.py").write_text("x = 1\n")
    (tmp_path / "job.py").write_text("import header\nfrom mixtura.a import f\nf()\n")
    (tmp_path / "header.py").write_text("start = 1\n")
    return tmp_path


def changed(file: Path, text: str) -> str:
    file.write_text(text)
    code._tree.cache_clear()
    return code_digest("job.py")


def test_comments_docstrings_and_formatting_change_nothing(scripts: Path) -> None:
    before = code_digest("job.py")
    text = '"""Says why."""\n\n\ndef g():\n    """One."""\n    # always\n    return (\n 1\n )\n'
    assert changed(scripts / "mixtura/b.py", text) == before


def test_a_description_of_a_field_or_column_changes_nothing(scripts: Path) -> None:
    file = scripts / "mixtura/b.py"
    text = (
        "a = Field(1, description='one')\nb = dy.String(description='two')\nc = f(description='x')"
    )
    before = changed(file, text)
    assert changed(file, text.replace("one", "1").replace("two", "2")) == before
    assert changed(file, text.replace("Field(1", "Field(2")) != before
    assert changed(file, text.replace("'x'", "'y'")) != before


@pytest.mark.parametrize("file", ["job.py", "header.py", "mixtura/a.py", "mixtura/b.py"])
def test_changed_code_on_the_way_changes_the_digest(scripts: Path, file: str) -> None:
    before = code_digest("job.py")
    assert changed(scripts / file, (scripts / file).read_text() + "y = 2\n") != before


def test_a_module_that_is_not_imported_changes_nothing(scripts: Path) -> None:
    before = code_digest("job.py")
    assert changed(scripts / "mixtura/c.py", "x = 2\n") == before


def test_a_module_that_a_job_imports_by_name_counts_for_this_job_alone(scripts: Path) -> None:
    before = code_digest("job.py"), code_digest("job.py", "mixtura.c")
    assert changed(scripts / "mixtura/c.py", "x = 2\n") == before[0]
    assert code_digest("job.py", "mixtura.c") != before[1]
    with pytest.raises(ValueError, match=r"no module mixtura\.d"):
        code_digest("job.py", "mixtura.d")


SCRIPTS = Path(code.__file__).parents[2]
PACKAGES = sorted((SCRIPTS / "mixtura").rglob("__init__.py"))


def test_every_import_by_name_is_one_that_the_rules_tell() -> None:
    """The plan names what these can import; the measures of `mixtura.measure` are for people."""
    by_name = {file for file in SCRIPTS.rglob("*.py") if "import_module(" in file.read_text()}
    names = ["generate/dials/__init__.py", "generate/backends/__init__.py", "measure/__init__.py"]
    names += ["measure/scores.py", "train/kinds.py", "study/table_reference.py"]
    names += ["infer/__init__.py"]  # as those of measure
    names += ["infer/study_results.py", "tell/findings.py"]  # of a loop and of lm-eval
    names += ["train/setfit.py"]  # a library, past a script of its name
    expected = [SCRIPTS / "mixtura" / name for name in names]
    assert by_name == {*expected, SCRIPTS / "diversity.py"}


@pytest.mark.parametrize("file", PACKAGES, ids=lambda file: str(file.parent.relative_to(SCRIPTS)))
def test_the_file_of_a_package_does_nothing_but_define(file: Path) -> None:
    """So a job that imports a module beside it need not depend on it (see `core.code`)."""
    defining = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)
    for node in ast.parse(file.read_text()).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        constant = isinstance(node, (ast.Assign, ast.AnnAssign)) and not any(
            isinstance(part, ast.Call) for part in ast.walk(node)
        )
        assert is_docstring or is_types or constant or isinstance(node, defining), node.lineno
        assert constant or not isinstance(node, ast.Assign), node.lineno


def test_no_job_imports_a_name_that_a_room_exports_lazily() -> None:
    exports = {
        f"mixtura.{file.parent.name}": set(
            next(
                ast.literal_eval(node.value)
                for node in ast.parse(file.read_text()).body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            )
        )
        for file in PACKAGES
        if "def __getattr__" in file.read_text()
    }
    assert "mixtura.measure" in exports
    for file in SCRIPTS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and file not in PACKAGES:
                names = {name.name for name in node.names}
                assert not names & exports.get(node.module or "", set()), (file, node.lineno)


def test_a_function_of_one_docstring_is_no_error(scripts: Path) -> None:
    before = code_digest("job.py")
    assert changed(scripts / "mixtura/b.py", 'def g():\n    """Nothing."""\n') != before


def test_json_is_sorted_and_ids_tell_origin_and_content_apart() -> None:
    assert canonical_json({"b": 1, "a": [2]}) == '{"a":[2],"b":1}'
    assert row_id("real", "ab") != row_id("reala", "b") != row_id("real", "a", "b")


def test_streams_are_named() -> None:
    seeds = [stream_seed(1, "split"), stream_seed(2, "split"), stream_seed(1, "few", 0)]
    assert len({*seeds, stream_seed(1, "few", 1)}) == 4
    assert stream_seed(1, "split") == seeds[0] and all(0 <= seed < 2**63 for seed in seeds)
