"""The reference of the tables, made from their schemas, so that it cannot drift.

`python -m mixtura.study.table_reference` prints it; `make docs` writes docs/tables.md.
"""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import dataframely as dy

from mixtura.core.tables import Table

PACKAGE = Path(__file__).parents[1]
# In the order of the data; a room without tables of its own is passed over.
ROOMS = ("prepare", "generate", "measure", "curate", "train", "infer", "tell")


def tables_markdown() -> str:
    """Markdown of every table file: what a row is, its columns, types, units and keys."""
    parts = [
        "# The tables",
        "Made from the schemas by `make docs`; do not edit. Paths lie below `results/STUDY`; words "
        "in capitals stand for names. Every table is checked when it is written and when it is "
        "read: columns, their order, types and keys. The values of the columns marked **key** "
        "name one row. A column holds no null unless its type says *or null*. What a table was "
        "made with is JSON in the metadata `mixtura` of its file: `polars.read_parquet_metadata"
        '(FILE)["mixtura"]`.',
    ]
    for table in tables():
        doc = re.sub(r"\s+", " ", table.__doc__ or "").strip()
        parts += [f"## `{table.path}`", doc, _columns(table)]
    return "\n\n".join(parts) + "\n"


def tables() -> Iterator[type[Table]]:
    """Every table that has a file, in the order of the rooms and of the classes in them."""
    for room in ROOMS:
        for file in sorted((PACKAGE / room).rglob("tables.py"), key=lambda file: len(file.parts)):
            path = file.relative_to(PACKAGE).with_suffix("")
            module = importlib.import_module(".".join(["mixtura", *path.parts]))
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, Table) and value.path:
                    yield from [value] if value.__module__ == module.__name__ else []


def _columns(table: type[Table]) -> str:
    rows = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for name, column in table.columns().items():
        about = column.metadata or {}
        key = " **key**" if column.primary_key else ""
        null = " or null" if column.nullable else ""
        only = f"; only {about['only']}" if "only" in about else ""
        meaning = f"{column.description}{only}".replace("|", r"\|")
        rows.append(
            f"| `{name}`{key} | {_type(column)}{null} | {about.get('unit', '')} | {meaning} |"
        )
    return "\n".join(rows)


def _type(column: dy.Column) -> str:
    """The type of a column in words."""
    match column:
        case dy.List():
            return f"list of {_type(column.inner)}"
        case dy.Array():
            return f"vector of {_type(column.inner)}"
        case dy.String():
            return "text"
        case dy.Bool():
            return "boolean"
    return type(column).__name__.lower()


if __name__ == "__main__":
    print(tables_markdown(), end="")
