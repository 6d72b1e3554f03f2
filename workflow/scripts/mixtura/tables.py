"""Reading and writing one table for the command line."""

import io
import os
from pathlib import Path

import polars as pl


def read_lenient(file: Path) -> pl.DataFrame:
    """Read a table; bytes that are no UTF-8 become U+FFFD, so that a broken row costs no other.

    CSV values stay text as they are. Raises ValueError on an unknown suffix.
    """
    if file.suffix in (".csv", ".tsv"):
        separator = "\t" if file.suffix == ".tsv" else ","
        return pl.read_csv(file, separator=separator, encoding="utf8-lossy", infer_schema=False)
    if file.suffix in (".jsonl", ".ndjson"):
        text = file.read_bytes().decode("utf-8", "replace").encode()
        return pl.read_ndjson(io.BytesIO(text), infer_schema_length=None)
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    raise ValueError(f"{file}: allowed are .csv, .tsv, .jsonl, .ndjson and .parquet files")


def write_whole(table: pl.DataFrame, file: Path) -> None:
    """Write a table beside the file, then rename. Raises ValueError on an unknown suffix."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if file.suffix in (".csv", ".tsv"):
            table.write_csv(part, separator="\t" if file.suffix == ".tsv" else ",")
        elif file.suffix in (".jsonl", ".ndjson"):
            table.write_ndjson(part)
        elif file.suffix == ".parquet":
            table.write_parquet(part)
        else:
            raise ValueError(f"{file}: allowed are .csv, .tsv, .jsonl, .ndjson and .parquet files")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
