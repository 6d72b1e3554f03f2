"""The table of what runs tried."""

from typing import Any

import polars as pl

from mixtura.core.tables import check
from mixtura.infer.searches import search_table
from mixtura.infer.tables import Searches


def run(arm: str, model: str, replicate: int, seed: int, **about: Any) -> Any:
    names = {"arm": arm, "model": model, "replicate": replicate, "seed": seed}
    return pl.DataFrame([names] * 2), about


def test_trials_of_runs_stand_beside_the_names_of_their_runs() -> None:
    trials = [
        {"learning_rate": 0.1, "steps": 10, "loss": None, "chosen": False},
        {"learning_rate": 0.01, "steps": 10, "loss": 0.5, "chosen": True},
    ]
    table = search_table([run("a", "reader", 2, 0, tried=trials), run("b", "reader", 2, 0)])
    check(table, "search", Searches)
    assert table.columns == [
        *("arm", "model", "replicate", "seed", "learning_rate", "steps", "loss", "chosen")
    ]
    assert table.row(1) == ("a", "reader", 2, 0, 0.01, 10, 0.5, True)


def test_a_trial_of_a_probe_names_its_arm_and_values_of_other_models_are_null() -> None:
    probes = [{"arm": arm, "c": 1.0, "loss": 0.5, "chosen": True} for arm in ("a", "b")]
    tuned = [{"epochs": 3, "loss": 0.4, "chosen": True}]
    table = search_table(
        [run("a", "probe", 0, 1, tried=probes), run("a", "reader", 0, 1, tried=tuned)]
    )
    check(table, "search", Searches)
    assert table["arm"].to_list() == ["a", "b", "a"]
    assert table.select("epochs", "c").rows() == [(None, 1.0), (None, 1.0), (3, None)]
