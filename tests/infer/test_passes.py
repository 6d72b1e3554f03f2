"""How often trainings see their rows."""

from typing import Any

import polars as pl
import pytest

from mixtura.infer.passes import passes_of, passes_table, with_passes


def about(rows: tuple[int, int, int], kind: str = "encoder", **training: Any) -> dict[str, Any]:
    names = ("n_real", "n_generated", "repeat_to")
    length = {"steps": 20, "epochs": None, "batch_size": 16} | training
    return {"training": {"kind": kind} | length, "mix": dict(zip(names, rows, strict=True))}


@pytest.mark.parametrize(
    ("rows", "training", "passes"),
    [
        ((16, 0, 0), {}, (20, None)),
        ((16, 48, 0), {}, (5, 5)),
        ((0, 64, 0), {}, (None, 5)),
        ((16, 0, 64), {}, (20, None)),  # a real row is 4 times in a pass
        ((8, 0, 0), {}, (20, None)),  # a batch holds no row twice
        ((16, 48, 0), {"epochs": 3}, (3, 3)),
        ((0, 0, 0), {}, (None, None)),
    ],
)
def test_passes(rows: Any, training: Any, passes: Any) -> None:
    assert passes_of(about(rows, **training)) == passes


def test_a_search_counts_what_it_chose() -> None:
    tried = [{"steps": 10, "chosen": False}, {"steps": 40, "chosen": True}]
    assert passes_of(about((16, 48, 0)) | {"tried": tried}) == (10, 10)


def test_the_table_has_runs_that_are_fine_tuned() -> None:
    names = [
        pl.DataFrame({"arm": ["a"], "model": [model], "replicate": [2], "seed": [1]})
        for model in ("m", "probe")
    ]
    table = passes_table(zip(names, [about((16, 48, 0)), about((16, 48, 0), "probe")], strict=True))
    assert table.rows() == [("a", "m", 2, 1, 5.0, 5.0)]
    assert passes_table([]).columns == table.columns


def test_arms_have_the_passes_that_their_runs_share() -> None:
    names = [
        pl.DataFrame({"arm": [arm], "model": [model], "replicate": [0], "seed": [1]})
        for arm, model in (("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"))
    ]
    runs = [about((16, 48, 0), steps=steps) for steps in (20, 20, 20, 40)]
    arms = with_passes(
        pl.DataFrame({"arm": ["a", "b", "c"]}), passes_table(zip(names, runs, strict=True))
    )
    assert arms.rows() == [("a", 5.0, 5.0), ("b", None, None), ("c", None, None)]
