"""Digests: equal where nothing that matters differs."""

from pathlib import Path

import pytest

from mixtura import code
from mixtura.code import code_digest
from mixtura.digest import canonical_json, row_id
from mixtura.streams import stream_seed


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


def test_every_import_by_name_is_one_that_the_rules_tell() -> None:
    """`Plan.dial`, `backend`, `measuring` and `looping` name what these can import."""
    scripts = Path(code.__file__).parents[1]
    found = {file for file in scripts.rglob("*.py") if "import_module(" in file.read_text()}
    told = ["mixtura/dials/__init__.py", "mixtura/backends/__init__.py"]
    told += ["scored.py", "diversity.py", "findings.py"]
    assert found == {scripts / name for name in told}


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
