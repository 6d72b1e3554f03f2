"""Parts of a set, a person's own measures from their files, and tables that pass the door."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mixtura.core.tables import read_table, write_table
from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.embed import embed_rows
from mixtura.measure.scores import load_measures, measured_rows, of_set, parts_of
from mixtura.measure.shift_panel import shift_panel
from mixtura.measure.tables import Diversity, Embeddings, Shift

TEXTS = [f"text number {i} of {i * i}" for i in range(12)]
X = np.random.default_rng(0).normal(size=(12, 3))
NAMES: dict[str, str | int] = {"generator": "writer", "pipeline": "topic", "level": "D0"}
NAMES |= {"replicate": 1, "shown": 16, "embedder": "reader"}


def test_panels_are_tables_with_the_names_of_their_set(tmp_path: Path) -> None:
    panels = {
        Diversity: diversity_panel(TEXTS, X, repeats=2),
        Shift: shift_panel(TEXTS, X, TEXTS, X + 1, repeats=2),
    }
    for schema, panel in panels.items():
        file = tmp_path / f"{schema.__name__}.parquet"
        write_table(of_set(panel, NAMES), file, schema)
        scores = read_table(file, schema)
        assert scores.drop(NAMES).equals(panel)
        assert scores.row(0, named=True).items() >= NAMES.items()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_embeddings_pass_the_door_in_both_precisions(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtura.measure.embed.embed", lambda texts, model: X[: len(texts)])
    rows = pl.DataFrame({"id": ["a", "b"], "text": ["one", None], "label": ["x", "y"]})
    table, new = embed_rows(rows, tmp_path / "model", tmp_path / "store", dtype)
    write_table(table, tmp_path / "rows.parquet", Embeddings)
    parts = parts_of(read_table(tmp_path / "rows.parquet", Embeddings), gpu=False)
    assert new == 2 and parts.texts == ["one", ""] and parts.labels == ["x", "y"]
    assert np.array_equal(parts.embeddings, X[:2].astype(dtype))


def test_own_measures_come_from_their_files(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def measure(texts, embeddings): return float(len(texts))\n")
    assert load_measures({"mine": str(file)})["mine"](TEXTS, X) == 12
    file.write_text("")
    with pytest.raises(ValueError, match="needs a function measure"):
        load_measures({"mine": str(file)})


def test_measured_rows_are_a_draw_with_as_many_of_each_label() -> None:
    rows = pl.DataFrame({"id": [f"r{i}" for i in range(40)], "label": ["a"] * 20 + ["b"] * 20})
    drawn = measured_rows(rows, 10, seed=1)
    assert dict(drawn.group_by("label").len().iter_rows()) == {"a": 5, "b": 5}
    assert drawn.columns == rows.columns
    assert set(drawn["id"]) != set(measured_rows(rows, 10, seed=2)["id"])
    assert set(drawn["id"]) < set(measured_rows(rows, 20, seed=1)["id"])  # nested
    assert measured_rows(rows, 40, seed=1).equals(rows)
