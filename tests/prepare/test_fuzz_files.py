"""Any bytes are rows, or an error that names the file: readers fail in no other way."""

import gzip
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtura.prepare.files import read_rows

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".csv.gz", ".jsonl.zst")
CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LINES = st.lists(st.lists(CELL, max_size=4), max_size=6)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELL, inner, max_size=3),
    max_leaves=8,
)
DOCUMENT = st.lists(VALUE, max_size=4).map(lambda rows: "\n".join(map(json.dumps, rows)))


def table(separator: str) -> st.SearchStrategy[str]:
    """Lines of cells, ragged ones too, with quotes, line ends and signs of any kind in them."""
    return LINES.map(lambda lines: "\n".join(separator.join(cells) for cells in lines))


TEXT = (table(",") | table("\t") | table(";") | DOCUMENT).map(str.encode)


def reads_or_says(content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"rows{suffix}")
        file.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
        try:
            assert isinstance(read_rows(file), pl.DataFrame)
        except ValueError as error:
            assert str(file) in str(error), f"the file is not named: {error}"


@pytest.mark.parametrize("examples", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_any_bytes_are_read_or_refused(examples: int) -> None:
    settings(max_examples=examples)(
        given(st.binary(max_size=64) | TEXT, st.sampled_from(SUFFIXES))(reads_or_says)
    )()
