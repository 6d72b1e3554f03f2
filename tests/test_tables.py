"""Files are written whole or not at all."""

from pathlib import Path

import polars as pl
import pytest

from mixtura.tables import whole, write_table


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    rows = pl.DataFrame({"text": ["a", "b"]})
    for write in (rows.write_parquet, lambda file: file.write_text("a" * 99)):
        with (
            pytest.raises(OSError, match=r"the disk is full at .*rows.parquet; free space"),
            whole(tmp_path / "rows.parquet") as beside,
        ):
            beside.symlink_to("/dev/full")
            write(beside)
    assert not list(tmp_path.iterdir())


def test_another_error_stays_as_it_is_and_an_empty_table_is_one(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole(tmp_path / "rows.parquet") as beside:
        beside.write_text("half")
        raise KeyError("text")
    with pytest.raises(ValueError, match="would be empty"):
        write_table(pl.DataFrame({"text": []}), tmp_path / "rows.parquet")
    assert not list(tmp_path.iterdir())
