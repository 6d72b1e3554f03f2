"""Design fill: which labels are asked for, and what each mix holds."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from changes import assert_refused
from mixtura.core.proportions import missing
from mixtura.plan.plan import read_plan
from mixtura.study.base import ConfigError
from mixtura.train.mix import mix_rows
from mixtura.train.probe import fit_probe
from mixtura.train.settings import Mix

COUNTS = {"bill": 90, "login": 45, "praise": 15}


@pytest.fixture
def study(tiny: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    rows = [
        f"{label} text number {n},{label}" for label, rows in COUNTS.items() for n in range(rows)
    ]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *rows]))
    config = copy.deepcopy(tiny)
    natural = {"real": "natural", "generated": "natural"}
    config["task"] = {"name": "tickets", "data": {"path": str(tmp_path / "tickets.csv")}}
    config["task"] |= {"balance": natural, "test": 30, "reference": 30}
    config["generate"]["n"] = 60
    config["designs"] = {"real": [30], "fill": {"shares": [0.5, 1.0]}, "controls": []}
    return config


def test_rare_labels_alone_are_asked_for(study: dict[str, Any]) -> None:
    sets = read_plan(study).sets
    assert missing(30, COUNTS, 1) == {"login": 9, "praise": 15}
    assert missing(30, COUNTS, 0.5) == {"praise": 6}
    assert len(sets.labels) == 24 and sets.labels.count("login") == 9 and "bill" not in sets.labels
    points = {(p.design, p.arm.n_generated, p.arm.rows): p for p in sets.points}
    assert set(points) == {
        *(("real-only", 0, 30), ("class-weights", 0, 30)),
        *(("oversampled", 0, 36), ("oversampled", 0, 54)),
        *(("fill", 6, 36), ("fill", 24, 54)),
    }
    full = points["fill", 24, 54]
    assert full.control == points["oversampled", 0, 54].arm
    assert full.baseline == points["real-only", 0, 30].arm


def test_mix_and_control_have_the_same_labels() -> None:
    labels = np.repeat(list(COUNTS), list(COUNTS.values()))
    splits = pl.DataFrame({"label": labels, "split": ["pool"] * 150}).with_row_index("id")
    splits = splits.with_columns(pl.format("r{}", "id").alias("id"))
    product = ["login"] * 9 + ["praise"] * 15
    sets = pl.DataFrame({"id": [f"g{n}" for n in range(24)], "label": product})
    fill = {"login": 9, "praise": 15}
    shape = {"n_real": 30, "balance": "natural", "study_seed": 1, "fill": fill}
    label_of = dict(pl.concat([splits.select("id", "label"), sets]).iter_rows())
    for mix in (Mix(n_generated=24, **shape), Mix(repeat_to=54, **shape)):
        rows = mix_rows(splits, sets, mix, 0, 0)
        counts = rows["id"].replace_strict(label_of).value_counts()
        assert sorted(counts.rows()) == [("bill", 18), ("login", 18), ("praise", 18)]
        assert rows["source"].to_list().count("generated") == mix.n_generated


def test_weights_make_a_rare_class_count_as_much() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-0.5, 1, (95, 2)), rng.normal(0.5, 1, (5, 2))])
    labels = ["common"] * 95 + ["rare"] * 5
    plain, weighted = (
        fit_probe(x, labels, x, ["common", "rare"], 1.0, weighted=w)[:, 1].mean() for w in (0, 1)
    )
    assert plain == pytest.approx(0.05, abs=0.01) and 0.3 < weighted < 0.6


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("task/balance", {}, ["task.balance.real: equal", "allowed beside it: natural"]),
        ("designs/mix-add", {"ratios": [1]}, ["designs.mix-add", "a study of its own"]),
        (
            "downstream/reader",
            {"kind": "causal-lm", "model": "writer", "steps": 2},
            ["designs.fill.class_weights: true", "downstream.reader", "allowed beside it: false"],
        ),
        ("designs/fill", {"shares": [1.5]}, ["designs.fill.shares", "1.5"]),
    ],
)
def test_what_fill_cannot_stand_beside_is_refused(
    study: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(study, path, value, *parts)


def test_sizes_of_fill_are_found_before_anything_runs(study: dict[str, Any]) -> None:
    study["generate"]["n"] = 20
    with pytest.raises(ConfigError, match=r"generate.n: 20; allowed: 24 or more.*15 of 'praise'"):
        read_plan(study)
    study["designs"]["fill"] = {"shares": [0.1]}
    with pytest.raises(ConfigError, match=r"designs.fill.shares: \[0.1\].*nothing to fill"):
        read_plan(study)
