"""Files are written whole or not at all."""

import contextlib
from pathlib import Path

import polars as pl
import pytest

from mixtura.core.files import naming_full_disk, parquet_files, whole, write_text


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    rows = pl.DataFrame({"text": ["a", "b"]})
    for write in (rows.write_parquet, lambda file: file.write_text("a" * 99)):
        with (
            pytest.raises(OSError, match=r"the disk is full at .*rows.parquet \(disk /"),
            whole(tmp_path / "rows.parquet") as beside,
        ):
            beside.symlink_to("/dev/full")
            write(beside)
    assert not list(tmp_path.iterdir())


def test_a_text_is_in_utf_8_and_replaces_the_one_before(tmp_path: Path) -> None:
    for text in ("before", "naïve 😀\n"):
        write_text(tmp_path / "new" / "text.md", text)
        assert (tmp_path / "new" / "text.md").read_bytes() == text.encode()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["text.md"]


def test_a_folder_on_a_full_disk_leaves_nothing_and_the_disk_is_named(small_disk: Path) -> None:
    with (
        pytest.raises(OSError, match=rf"the disk is full at .*kept \(disk {small_disk}\); free"),
        whole(small_disk / "kept") as beside,
    ):
        beside.mkdir()
        (beside / "weights").write_bytes(bytes(2**21))
    assert not list(small_disk.iterdir())


def test_a_library_that_only_says_it_cannot_write_is_understood(small_disk: Path) -> None:
    with pytest.raises(OSError, match="the disk is full"), naming_full_disk(small_disk / "x"):
        with contextlib.suppress(OSError):
            (small_disk / "weights").write_bytes(bytes(2**21))
        raise RuntimeError("PytorchStreamWriter failed writing file")


def test_a_whole_folder_takes_its_place(tmp_path: Path) -> None:
    with whole(tmp_path / "kept") as beside:
        beside.mkdir()
        (beside / "weights").write_text("w")
    assert [file.name for file in tmp_path.rglob("*")] == ["kept", "weights"]


def test_another_error_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole(tmp_path / "rows.parquet") as beside:
        beside.write_text("half")
        raise KeyError("text")
    assert not list(tmp_path.iterdir())


def test_files_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder, file = tmp_path / "more", tmp_path / "0.parquet"
    folder.mkdir()
    for name in ("2.parquet", "10.parquet", "notes.txt"):
        (folder / name).touch()
    assert parquet_files([file, folder]) == [file, folder / "10.parquet", folder / "2.parquet"]
