"""Parquet files with a checksum for every page, so that an altered byte is found and named."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq


def write_parquet(
    frame: pl.DataFrame, path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a frame, with text in the metadata of the file."""
    table = frame.to_arrow().replace_schema_metadata(dict(metadata or {}))
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def read_parquet(path: str | Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a file, all of it or some columns.

    Raises ValueError that names the file where it is cut off, altered or no Parquet.
    """
    names = None if columns is None else list(columns)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            absent = set(names or ()) - set(file.schema_arrow.names)
            if absent:
                raise ValueError(f"{path}: no column {min(absent)!r}")
            frame = pl.from_arrow(file.read(names))
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path} is damaged ({error})") from error
    assert isinstance(frame, pl.DataFrame)  # a table gives no series
    return frame
