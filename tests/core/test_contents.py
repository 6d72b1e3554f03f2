"""A person's files: other bytes are another digest, another date is not."""

import os
from pathlib import Path

import pytest

from mixtura.core import contents
from mixtura.core.contents import Contents, check_content, content_digest


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose bytes were read, in order."""
    files: list[Path] = []
    original = contents._hash

    def counted(file: Path) -> str:
        files.append(file)
        return original(file)

    monkeypatch.setattr(contents, "_hash", counted)
    return files


def test_a_file_is_read_once_until_its_date_changes(tmp_path: Path, read: list[Path]) -> None:
    file, record = tmp_path / "reviews.csv", tmp_path / "kept" / "record.json"
    file.write_text("text,label\na,b\n")
    first = Contents(record).digest(str(file))
    assert Contents(record).digest(str(file)) == first and read == [file]
    os.utime(file, (1, 1))  # touched: read again, the same
    assert Contents(record).digest(str(file)) == first and read == [file, file]


def test_bytes_of_the_same_number_and_date_are_noticed(tmp_path: Path) -> None:
    file, record = tmp_path / "reviews.csv", tmp_path / "record.json"
    file.write_text("text,label\na,b\n")
    os.utime(file, (1, 1))
    first = Contents(record).digest(str(file))
    file.write_text("text,label\na,c\n")
    os.utime(file, (1, 1))
    assert Contents(record).digest(str(file)) != first


def test_a_folder_counts_names_and_bytes_of_what_is_used(tmp_path: Path) -> None:
    folder, record = tmp_path / "model", tmp_path / "record.json"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling/config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    used = (".json", ".safetensors")
    digests = [Contents(record).digest(str(folder), used)]
    (folder / "README.md").write_text("not used")
    (folder / ".git").mkdir()
    (folder / ".git/config.json").write_text("not used")
    assert Contents(record).digest(str(folder), used) == digests[0]
    for change in (
        lambda: (folder / "model.safetensors").write_bytes(b"Weights"),
        lambda: (folder / "1_Pooling/config.json").rename(folder / "1_Pooling/other.json"),
        lambda: (folder / "added_tokens.json").write_text("{}"),
        lambda: (folder / "added_tokens.json").unlink(),
    ):
        change()
        digests.append(Contents(record).digest(str(folder), used))
    assert len(set(digests)) == 4 and digests[4] == digests[2]
    assert digests[4] == content_digest(folder, used)


def test_a_record_that_is_broken_or_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    file, record = tmp_path / "reviews.csv", tmp_path / "record.json"
    file.write_text("a")
    record.write_text("{")
    digest = Contents(record).digest(str(file))
    assert Contents(file / "record.json").digest(str(file)) == digest  # the folder is a file
    assert Contents(record).digest(None) == ""


def test_a_file_that_changed_after_the_plan_is_told(tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("a")
    planned = content_digest(file)
    check_content(file, planned)
    file.write_text("b")
    with pytest.raises(ValueError, match=r"reviews\.csv changed after this run was planned"):
        check_content(file, planned)
