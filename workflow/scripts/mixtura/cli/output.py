"""What a command answers, written to the file that it is given."""

from pathlib import Path

import polars as pl

from mixtura.core.files import write_text
from mixtura.core.tables import Table, write_table
from mixtura.prepare.files import write_file


def write_answer(file: Path, table: pl.DataFrame, text: str, schema: type[Table]) -> None:
    """Write the text to a `.md` file, the table to any other kind that `write_file` knows.

    A Parquet file is checked by the schema.
    """
    if file.suffix == ".md":
        write_text(file, text)
    elif file.suffix == ".parquet":
        write_table(table, file, schema)
    else:
        write_file(table, file)
