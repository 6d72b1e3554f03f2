"""The reference of the tables is as the schemas are, and covers what a study writes."""

from pathlib import Path

from mixtura.study.table_reference import PACKAGE, ROOMS, tables, tables_markdown

ROOT = Path(__file__).parents[2]


def test_the_reference_of_the_tables_is_up_to_date() -> None:
    assert (ROOT / "docs/tables.md").read_text() == tables_markdown(), "run `make docs`"


def test_every_room_with_tables_is_in_it_and_no_path_twice() -> None:
    assert {file.parent.name for file in PACKAGE.glob("*/tables.py")} - {"core"} <= set(ROOMS)
    paths = [table.path for table in tables()]
    assert len(paths) == len(set(paths)) > 10
    assert paths[0] == "data/TASK.parquet"
    assert all(table.__doc__ for table in tables())
