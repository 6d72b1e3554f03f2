"""A value is computed once for a file of some size and dates."""

import json
import os
from pathlib import Path

import pytest

from mixtura.core import code
from mixtura.core.record import Record


def test_a_record_is_of_files_by_their_dates_and_survives_what_breaks_it(tmp_path: Path) -> None:
    file, path, read = tmp_path / "a.txt", tmp_path / "kept/record.json", list[Path]()
    file.write_text("one")

    def compute(file: Path) -> str:
        read.append(file)
        return file.read_text()

    def value() -> str:
        record = Record(path, compute)
        result = record[file]
        record.save()
        return result

    assert [value(), value()] == ["one", "one"] and len(read) == 1
    file.write_text("two")
    os.utime(file, (1, 1))
    assert [value(), value()] == ["two", "two"] and len(read) == 2
    path.write_text("{")
    assert [value(), value()] == ["two", "two"] and len(read) == 3
    with pytest.raises(FileNotFoundError):
        Record(path, compute)[tmp_path / "absent"]


def test_statements_count_in_a_digest_of_code_whatever_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, file = tmp_path / "trees.json", tmp_path / "dial.py"

    def digest_of(text: str) -> str:
        file.write_text(text)
        trees = Record(record, code._read_tree)
        monkeypatch.setattr(code, "_trees", lambda: trees)
        code._tree.cache_clear()
        return code.file_digest(file)

    first = digest_of("import math\n\nx = 1\n")
    assert digest_of('"""Docs."""\nimport math\n\nx = 1  # one\n') == first
    assert digest_of("import math\n\nx = 2\n") != first
    assert str(file) in json.loads(record.read_text())
    code._tree.cache_clear()
