"""A table is as its schema says, or an error names file, column and row."""

from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from mixtura.core.parquet import read_parquet, write_parquet
from mixtura.core.tables import Table, Vector, read_about, read_table, read_tables, write_table


class Rows(Table, file="rows.parquet"):
    id = dy.String(primary_key=True, description="id of the row")
    text = dy.String(description="the text")
    context = dy.String(metadata={"only": "tasks of kind qa"}, description="the context")
    p = dy.Float64(alias="p_*", max=1, nullable=True, description="probability of *")
    embedding = Vector(description="embedding of the text")


def frame(**columns: Any) -> pl.DataFrame:
    vectors = pl.Series([[1.0, 2.0]] * 3, dtype=pl.Array(pl.Float32, 2))
    plain = {"id": ["a", "b", "c"], "text": ["x", "y", "z"], "p_good": [0.1, 0.2, None]}
    return pl.DataFrame({**plain, "p_bad": [0.9, 0.8, None], "embedding": vectors}).with_columns(
        **columns
    )


def test_a_table_comes_back_with_what_was_said_about_it(tmp_path: Path) -> None:
    for rows in (
        frame(),
        frame(context=pl.lit("c")).select("id", "text", "context", "^p_.*$", "embedding"),
    ):
        write_table(rows, tmp_path / "rows.parquet", Rows, seed=3)
        assert read_table(tmp_path / "rows.parquet", Rows).equals(rows)
    part = read_table(tmp_path / "rows.parquet", Rows, ["embedding", "text"])
    assert part.columns == ["embedding", "text"] and part.height == rows.height
    about = read_about(tmp_path / "rows.parquet")
    assert about.keys() == {"seed", "packages"} and about["seed"] == 3


def test_tables_of_one_schema_stand_one_below_the_other(tmp_path: Path) -> None:
    names = ["id", "text", "context", "^p_.*$", "embedding"]
    rows = frame(), frame(id=pl.Series(["d", "e", "f"]), context=pl.lit("c")).select(names)
    files = [tmp_path / f"{place}.parquet" for place in range(2)]
    for part, file in zip(rows, files, strict=True):
        write_table(part, file, Rows)
    table = read_tables(files, Rows)
    assert table["id"].to_list() == [*"abcdef"]
    assert table["context"].to_list() == [None] * 3 + ["c"] * 3
    assert read_tables(files[:1], Rows, ["text"]).equals(frame().select("text"))
    write_parquet(frame(id=pl.lit("a")), files[1], {})
    with pytest.raises(ValueError, match=r"1\.parquet: row 1: the key"):
        read_tables(files, Rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame(id=pl.Series(["b", "a", "a"])), r"row 2: the key \(id 'a'\) stands more than once"),
        (frame(text=pl.Series(["x", None, None])), r"row 2: column 'text' is null \(2 such rows\)"),
        (
            frame(p_bad=pl.Series([0.5, 0.5, 2.0])),
            "row 3: column 'p_bad' is 2.0, against its rule max",
        ),
        (frame().drop("embedding"), "no column 'embedding'; columns are: id, text, p_good, p_bad"),
        (frame(other=1), "unknown column 'other'; there may be: id, text, context, "),
        (frame(text=pl.lit(1)), "column 'text' holds Int32, not String"),
        (
            frame().select("text", pl.exclude("text")),
            "columns stand as text, id, .* not as id, text",
        ),
        (frame().clear(), "would be empty"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    rows: pl.DataFrame, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"rows.parquet:? {message}"):
        write_table(rows, tmp_path / "rows.parquet", Rows)
    assert not list(tmp_path.iterdir())
    rows.write_parquet(tmp_path / "rows.parquet")
    if not rows.is_empty():
        with pytest.raises(ValueError, match=f"rows.parquet: {message}.*remove it"):
            read_table(tmp_path / "rows.parquet", Rows)


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("half of a fi")
    with pytest.raises(ValueError, match=r"rows.parquet is damaged .*remove it"):
        read_table(tmp_path / "rows.parquet", Rows)
    frame().write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=r"rows.parquet: no column 'other'"):
        read_table(tmp_path / "rows.parquet", Rows, ["id", "other"])


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_an_altered_byte_in_the_middle_is_found(place: float, tmp_path: Path) -> None:
    path, numbers = tmp_path / "rows.parquet", range(20_000)
    rows = pl.DataFrame({"id": map(str, numbers), "text": [f"text {n * n}" for n in numbers]})
    write_parquet(rows, path)
    content = bytearray(path.read_bytes())
    assert read_parquet(path).equals(rows)
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"rows.parquet is damaged"):
        read_parquet(path)


def test_a_schema_says_what_each_column_holds() -> None:
    with pytest.raises(TypeError, match=r"Bare.id: a description"):
        type("Bare", (Table,), {"id": dy.String()})
    with pytest.raises(TypeError, match=r"Odd.id: .*unit"):
        type("Odd", (Table,), {"id": dy.String(description="x", metadata={"units": "s"})})
