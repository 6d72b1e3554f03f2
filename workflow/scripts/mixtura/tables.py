"""Tables and files: read what people have, write whole or not at all, add up statistics."""

import errno
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

KINDS = "allowed are .csv, .tsv, .jsonl, .ndjson and .parquet files"


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` at the end: the file appears whole or not at all.

    Raises OSError that says so where the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    except Exception as error:  # polars has one of its own
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise OSError(
            f"the disk is full at {path}; free space and run again: what is finished is kept"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def read_table(path: str | Path) -> pl.DataFrame:
    """Read a table; bytes that are no UTF-8 become U+FFFD, so that a broken row costs no other.

    Values of a CSV or TSV file stay text as they are. Raises ValueError on an unknown suffix.
    """
    file = Path(path)
    if file.suffix in (".csv", ".tsv"):
        separator = "\t" if file.suffix == ".tsv" else ","
        return pl.read_csv(file, separator=separator, encoding="utf8-lossy", infer_schema=False)
    if file.suffix in (".jsonl", ".ndjson"):
        text = file.read_bytes().decode("utf-8", "replace").encode()
        return pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    raise ValueError(f"{file}: {KINDS}")


def read_lines(path: str | Path) -> list[str]:
    """The different lines of a text file, stripped, empty ones left out. Raises where none is."""
    lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    if not any(lines):
        raise ValueError(f"{path}: no line holds anything")
    return list(dict.fromkeys(line for line in lines if line))


def write_like(table: pl.DataFrame, path: str | Path) -> None:
    """Write a table whole, in the format of its suffix. Raises ValueError on an unknown one."""
    file = Path(path)
    with whole(file) as beside:
        if file.suffix in (".csv", ".tsv"):
            table.write_csv(beside, separator="\t" if file.suffix == ".tsv" else ",")
        elif file.suffix in (".jsonl", ".ndjson"):
            table.write_ndjson(beside)
        elif file.suffix == ".parquet":
            table.write_parquet(beside)
        else:
            raise ValueError(f"{file}: {KINDS}")


def write_table(
    frame: pl.DataFrame, path: str | Path, *, empty: bool = False, **about: Any
) -> None:
    """Write a Parquet file whole, `about` as JSON in its metadata. An empty table is an error."""
    if frame.is_empty() and not empty:
        raise ValueError(f"{path} would be empty")
    with whole(path) as beside:
        frame.write_parquet(beside, metadata={"mixtura": json.dumps(about, sort_keys=True)})


def set_of(path: str | Path) -> tuple[str, str, str]:
    """Generator, pipeline and level of a set, from the end of the path of a file about it."""
    generator, pipeline, level = Path(path).with_suffix("").parts[-3:]
    return generator, pipeline, level


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of two statistics: numbers by key, and so within their dictionaries."""
    total = dict(one)
    for key, value in other.items():
        held = total.get(key)
        total[key] = added(held or {}, value) if isinstance(value, Mapping) else value + (held or 0)
    return total
