"""Where the spreads of a statement of power come from."""

from pathlib import Path

import polars as pl
import pytest

import studies
from mixtura.cli.spreads import spreads_of
from mixtura.core.tables import Table, write_table
from mixtura.infer.detect import TYPICAL, TYPICAL_SOURCE
from mixtura.infer.pilot import pilot
from mixtura.infer.tables import Arms, ItemPredictions


def test_without_a_study_they_are_typical_and_none_where_nothing_is_typical() -> None:
    assert spreads_of(None, "classification") == (TYPICAL, TYPICAL_SOURCE)
    assert spreads_of(None, "text") == (None, TYPICAL_SOURCE)


def as_written(frame: pl.DataFrame, schema: type[Table], **columns: pl.Expr) -> pl.DataFrame:
    """A made-up table with the columns and types that a study writes, null where it has none."""
    types = schema.types()
    optional = {name for name, c in schema.columns().items() if (c.metadata or {}).get("only")}
    missing = {name: pl.lit(None) for name in types if name not in {*frame.columns, *optional}}
    whole = frame.with_columns(**(missing | columns))
    return whole.select(pl.col(name).cast(types[name]) for name in types if name in whole.columns)


def test_those_of_a_finished_study_are_its_pilot_and_one_replicate_is_too_few(
    tmp_path: Path,
) -> None:
    tables = studies.study(studies.flat, levels=2, pipelines=("topic",), items=40, seeds=2)
    rows = pl.col("n_real") + pl.col("n_generated")
    arms = as_written(tables["arms"], Arms, rows=rows, share=pl.col("n_generated") / rows)
    first, second = (
        as_written(tables["predictions"], ItemPredictions, replicate=pl.lit(replicate))
        for replicate in (0, 1)
    )
    files = {name: tmp_path / f"tables/{name}.parquet" for name in ("arms", "predictions")}
    write_table(arms, files["arms"], Arms)
    with pytest.raises(ValueError, match=r"no finished study: it lacks tables/predictions.parquet"):
        spreads_of(tmp_path, "classification")
    write_table(first, files["predictions"], ItemPredictions)
    with pytest.raises(ValueError, match=rf"^--pilot {tmp_path}: the study has one replicate"):
        spreads_of(tmp_path, "classification")
    both = pl.concat([first, second])
    write_table(both, files["predictions"], ItemPredictions)
    spreads, source = spreads_of(tmp_path, "classification")
    assert spreads == pilot(both, arms, "accuracy")[0]
    assert source == f"those of {tmp_path}"
