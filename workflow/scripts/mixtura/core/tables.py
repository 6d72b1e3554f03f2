"""Parquet tables by schema: columns, types, units and keys, checked on writing and on reading.

A room's tables.py holds its tables, one class each, in the order of the data:

    class Splits(Table, file="data/splits.parquet"):
        \"""Which split each real row is in.\"""

        id = dy.String(primary_key=True, description="id of the row")
        seconds = dy.Float64(description="time it took", metadata={"unit": "seconds"})
        context = dy.String(description="...", metadata={"only": "tasks of kind qa"})  # or absent
        scores = dy.Float64(alias="p_*", description="probability of label *")  # none or more
        embedding = Vector(description="embedding of the text")  # of any width

`primary_key` columns name a row and hold no null; a column may hold null only if `nullable`, NaN
only if `allow_nan`. Columns stand in the file in the order of the schema. docs/tables.md is made
from these classes (mixtura.study.table_reference).
"""

import copy
import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

import dataframely as dy
import polars as pl

from mixtura.core.files import whole
from mixtura.core.packages import versions_in_use
from mixtura.core.parquet import read_parquet, write_parquet

METADATA = {"unit", "only"}  # what the metadata of a column may say
AGAIN = "; the file is not as this version writes it: remove it, and the next run makes it again"
ROW = "row of the table"  # a column's name that no table has


class Table(dy.Schema):
    """A table of a study: a class for each, with `file`, its path below results/STUDY."""

    path: ClassVar[str] = ""  # none of a class that tables only share columns by

    def __init_subclass__(cls, file: str = "", **kwargs: Any) -> None:
        """Every column says what it holds. Raises TypeError where one does not."""
        super().__init_subclass__(**kwargs)
        cls.path = file
        for name, column in cls.columns().items():
            if not column.description or set(column.metadata or {}) - METADATA:
                raise TypeError(f"{cls.__name__}.{name}: a description, and of metadata {METADATA}")

    @classmethod
    def types(cls) -> dict[str, pl.DataType]:
        """Column -> type, for frames that are built row by row."""
        return {name: column.dtype for name, column in cls.columns().items()}


class Vector(dy.Array):
    """A column of float32 or float16 vectors, all of one width, which the file alone tells."""

    def __init__(self, *, description: str, metadata: dict[str, Any] | None = None) -> None:
        # Numbers inside are not looked at: they are as many as all other cells a hundred times.
        number = dy.Float32(nullable=True, allow_nan=True, allow_inf=True)
        super().__init__(number, 1, description=description, metadata=metadata)

    def validate_dtype(self, dtype: Any) -> bool:
        """Whether a type is that of vectors in one of the two precisions."""
        return isinstance(dtype, pl.Array) and dtype.inner in (pl.Float32, pl.Float16)


def write_table(
    frame: pl.DataFrame,
    path: str | Path,
    schema: type[Table] | None = None,
    *,
    empty: bool = False,
    **about: Any,
) -> None:
    """Write a Parquet file whole, `about` as JSON in its metadata, beside versions of packages.

    Raises ValueError where the frame is not as `schema` says (see `check`), or has no row, unless
    it may be `empty`.
    """
    if frame.is_empty() and not empty:
        raise ValueError(f"{path} would be empty")
    if schema is not None:
        check(frame, path, schema)
    with whole(path) as beside:
        metadata = {"packages": versions_in_use(), **about}
        write_parquet(frame, beside, {"mixtura": json.dumps(metadata, sort_keys=True)})


def read_table(
    path: str | Path,
    schema: type[Table],
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Read a Parquet file, all of it or some columns.

    Raises ValueError where the file is damaged, and where what is read is not as `schema` says
    (see `check`).
    """
    try:
        frame = read_parquet(path, columns)
        check(frame, path, schema, partial=columns is not None)
    except ValueError as error:
        raise ValueError(f"{error}{AGAIN}") from None
    return frame


def read_tables(
    paths: Iterable[str | Path],
    schema: type[Table],
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Read Parquet files of one schema, one below the other; each is checked as `read_table` does.

    A column that only some files have is null in the rows of the others. Raises ValueError where
    there is no file.
    """
    return pl.concat((read_table(path, schema, columns) for path in paths), how="diagonal")


def read_about(path: str | Path) -> dict[str, Any]:
    """What `write_table` was told about a table: its settings and the like.

    Nothing of a file that something else wrote.
    """
    about: dict[str, Any] = json.loads(pl.read_parquet_metadata(path).get("mixtura", "{}"))
    return about


def origins(paths: Iterable[str | Path]) -> dict[str, dict[str, Any]]:
    """What tables that a table is made from say about themselves: `write_table` keeps it.

    By the last parts of their paths. So each set leads back to model, prompt, sampling and seed.
    """
    return {"/".join(Path(path).parts[-5:]): read_about(path) for path in paths}


def check(
    frame: pl.DataFrame, path: str | Path, schema: type[Table], *, partial: bool = False
) -> None:
    """Raise ValueError unless columns, their order, types, keys and values are as the schema says.

    The message names the file, the column, the row (the first is 1) and what is wrong. `partial`:
    some columns of the table alone, in any order; its key is checked where all of it is there.
    """
    try:
        exact = _exact(schema, tuple(frame.columns), partial)
        for name, column in exact.columns().items():
            if not column.validate_dtype(frame.schema[name]):
                raise ValueError(f"column {name!r} holds {frame.schema[name]}, not {column.dtype}")
        if not _is_valid(frame, exact):
            raise ValueError(_first_fault(frame, exact))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


@functools.lru_cache(maxsize=256)
def _exact(schema: type[Table], names: tuple[str, ...], partial: bool) -> type[dy.Schema]:
    """The schema of a frame with these columns: no optional column, no family of columns is left.

    Raises ValueError where the names or their order are not those of the schema.
    """
    declared = schema.columns()
    places = {name: _declaration(name, declared) for name in names}
    if not partial:
        for name, column in declared.items():
            optional = "*" in name or (column.metadata or {}).get("only")
            if name not in places and not optional:
                raise ValueError(f"no column {name!r}; columns are: {', '.join(names)}")
        order = sorted(names, key=lambda name: list(declared).index(places[name]))
        if list(names) != order:
            raise ValueError(f"columns stand as {', '.join(names)}, not as {', '.join(order)}")
    keyed = set(schema.primary_key()) <= set(names)
    columns = {}
    for place, name in enumerate(names):
        column = copy.copy(declared[places[name]])
        column.alias = name
        column.primary_key = column.primary_key and keyed
        columns[f"column_{place}"] = column
    return type(schema.__name__, (dy.Schema,), columns)


def _declaration(name: str, declared: Mapping[str, dy.Column]) -> str:
    """The column of the schema that a column's name stands for, itself or its family."""
    if name in declared:
        return name
    for pattern in declared:
        if "*" in pattern and fnmatchcase(name, pattern):
            return pattern
    raise ValueError(f"unknown column {name!r}; there may be: {', '.join(declared)}")


def _is_valid(frame: pl.DataFrame, exact: type[dy.Schema]) -> bool:
    """Whether no row breaks a rule: `exact.is_valid`, at a third of the time for a long table.

    Nulls are counted already, and counting the different keys is cheaper than finding equal ones.
    """
    rules = []
    for name, column in exact.columns().items():
        for rule, expression in column.validation_rules(pl.col(name)).items():
            if rule != "nullability":
                rules.append(expression.all().alias(f"{name}|{rule}"))
            elif frame[name].null_count():
                return False
    if rules and not all(frame.select(rules).row(0)):
        return False
    key = exact.primary_key()
    if not key:
        return True
    keys = frame[key[0]] if len(key) == 1 else frame.select(key)
    return keys.n_unique() == frame.height


def _first_fault(frame: pl.DataFrame, exact: type[dy.Schema]) -> str:
    """The first rule that rows break, in words, and the first of these rows."""
    rows = frame.with_row_index(ROW, offset=1)
    numbered: type[dy.Schema] = type(exact.__name__, (exact,), {"row_number": dy.UInt32(alias=ROW)})
    details = numbered.filter(rows)[1].details()
    rule = next(name for name in details.columns[rows.width :] if "invalid" in details[name])
    faulty = details.filter(pl.col(rule) == "invalid")
    row = faulty.row(0, named=True)
    others = f" ({faulty.height} such rows)"
    if rule == "primary_key":
        key = ", ".join(f"{name} {row[name]!r}" for name in exact.primary_key())
        return f"row {row[ROW]}: the key ({key}) stands more than once{others}"
    column, name = rule.split("|")
    if name == "nullability":
        return f"row {row[ROW]}: column {column!r} is null{others}"
    return f"row {row[ROW]}: column {column!r} is {row[column]!r}, against its rule {name}{others}"
