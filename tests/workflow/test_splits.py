"""Labelled data as people have them, each a study to its report."""

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from builders import OTHERS, THINGS, WORDS
from conftest import run_snakemake

TICKETS = {
    "Refund": 90,
    "Delivery": 60,
    "Login": 40,
    "Billing & invoices": 25,
    "Other": 15,
    "Praise": 10,
}


def texts_of(label: str, rows: int) -> list[str]:
    """Different made-up texts of a label."""
    rng = random.Random(label)
    texts: dict[str, None] = {}
    while len(texts) < rows:
        words = [rng.choice(WORDS[len(label) % 9 :][:6] + THINGS + OTHERS) for _ in range(9)]
        texts[" ".join(words)] = None
    return list(texts)


def write_rows(path: Path, rows: Iterable[tuple[str, ...]], *names: str) -> dict[str, str]:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return {"path": str(path)}


def labelled(counts: dict[str, int], part: str = "") -> list[tuple[str, str]]:
    return [
        (f"{text} {part}".strip(), label)
        for label, rows in counts.items()
        for text in texts_of(label, rows)
    ]


def study_of(tiny: dict[str, Any], task: dict[str, Any], n: int, **more: Any) -> dict[str, Any]:
    """The tiny study of another task, with a probe as downstream model."""
    natural = {"test": "natural", "real": "natural", "generated": "natural"}
    designs = {"real": [40], "mix-add": {"ratios": [0.5]}, "controls": []}
    return tiny | {
        "task": {"name": "tickets", "balance": natural, **task},
        "generate": tiny["generate"] | {"n": n, "levels": ["D6"], "overgenerate": 1.3, "cap": 12},
        "designs": designs,
        "diversity": {"measures": ["vendi_score"], "repeats": 2},
        "shift": {"measures": ["energy_distance", "label_shift"], "repeats": 2},
        "downstream": {"probe": {"kind": "probe", "embedder": "reader"}},
        "seeds": [0],
        **more,
    }


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"results/tiny/{name}.parquet")


def test_240_skewed_tickets_in_folds(tiny: dict[str, Any], tmp_path: Path) -> None:
    data = write_rows(tmp_path / "tickets.csv", labelled(TICKETS), "text", "label")
    task = {"data": data, "test": {"folds": 2}, "reference": 48}
    config = study_of(tiny, task, n=24, replicates=2)
    run = run_snakemake(tmp_path, config)
    assert run.returncode == 0, run.stdout
    folds = [table(tmp_path, f"data/splits/r{replicate}") for replicate in range(2)]
    tested = pl.concat(splits.filter(split="test") for splits in folds)
    assert tested.height == tested["id"].n_unique() == 240
    for splits, replicate in zip(folds, range(2), strict=True):
        test = set(splits.filter(split="test")["id"])
        assert len(test) == 120
        examples = table(tmp_path, f"data/examples/r{replicate}")
        assert examples.height == 40 and not test & set(examples["id"])
        reference = pl.read_parquet(
            tmp_path / f"results/tiny/embeddings/reader/r{replicate}/reference.parquet"
        )
        assert reference.height == 48 and not test & set(reference["id"])
    predictions = table(tmp_path, "tables/predictions")
    assert predictions.group_by("arm").agg(pl.col("id").n_unique())["id"].to_list() == [240] * 2
    findings = table(tmp_path, "tables/findings").filter(metric="accuracy")
    assert set(findings["n"]) == {240} and set(findings["replicates"]) == {2}
    for arm, value in findings.select("arm", "value").rows():
        rows = predictions.filter(arm=arm)
        assert value == pytest.approx((rows["gold"] == rows["predicted"]).mean())
    report = (tmp_path / "results/tiny/report.html").read_text()
    assert "240, in 2 folds" in report


def test_official_splits_with_an_unlabelled_reference(tiny: dict[str, Any], tmp_path: Path) -> None:
    counts = {"Refund": 40, "Login": 30, "Other": 10}
    train, test = labelled(counts), labelled(counts, "today")
    copies = [(f"{text.upper()}!", label) for text, label in test[:3]]
    files = {
        "train": write_rows(tmp_path / "train.csv", train + copies, "body", "topic"),
        "test": write_rows(tmp_path / "test.csv", test, "body", "topic"),
        "development": write_rows(
            tmp_path / "dev.csv", labelled({"Refund": 6, "Login": 4}, "now"), "body", "topic"
        ),
        "unlabelled": write_rows(
            tmp_path / "more.csv", [(text,) for text in texts_of("more", 60)], "body"
        ),
    }
    task = {
        "data": files["train"] | {"text": "body", "label": "topic"},
        "test": {"data": files["test"]},
        "development": {"data": files["development"]},
        "unlabelled": files["unlabelled"],
        "reference": 48,
    }
    probe = {"kind": "probe", "embedder": "reader", "search": {"c": [0.1, 1.0]}}
    run = run_snakemake(tmp_path, study_of(tiny, task, n=24, downstream={"probe": probe}))
    assert run.returncode == 0, run.stdout
    splits = table(tmp_path, "data/splits")
    sizes = dict(splits["split"].value_counts().iter_rows())
    assert sizes == {"test": 80, "development": 10, "reference": 48, "pool": 80}
    rows = table(tmp_path, "data/tickets").join(splits, on="id")
    assert rows.filter(split="test")["text"].str.ends_with("today").all()
    assert set(rows.filter(split="reference")["text"]) < set(texts_of("more", 60))
    assert not rows.filter(split="pool")["text"].str.contains("!").any()
    report = (tmp_path / "results/tiny/report.html").read_text()
    assert "3 of task.data, near-copies of task.test rows" in report


def test_20_labels_with_1_2_and_5_rows_each(tiny: dict[str, Any], tmp_path: Path) -> None:
    counts = {f"kind {place}": (1, 2, 5)[place % 3] for place in range(20)}
    data = write_rows(tmp_path / "rare.csv", labelled(counts), "text", "label")
    task = {"data": data, "test": {"folds": 2}, "reference": 10}
    designs = {"real": [12], "mix-add": {"ratios": [1]}, "controls": []}
    config = study_of(tiny, task, n=20, designs=designs, replicates=2)
    run = run_snakemake(tmp_path, config)
    assert run.returncode == 0, run.stdout
    assert set(table(tmp_path, "tables/findings")["n"]) == {sum(counts.values())}


def test_ratings_are_scored_by_how_far_off_they_are(tiny: dict[str, Any], tmp_path: Path) -> None:
    counts = {str(stars): 30 for stars in range(1, 6)}
    data = write_rows(tmp_path / "stars.csv", labelled(counts), "text", "label")
    task = {"data": data, "test": 40, "reference": 30}
    run = run_snakemake(tmp_path, study_of(tiny, task, n=20))
    assert run.returncode == 0, run.stdout
    findings = table(tmp_path, "tables/findings")
    predictions = table(tmp_path, "tables/predictions")
    for arm, value in findings.filter(metric="mean_absolute_error").select("arm", "value").rows():
        rows = predictions.filter(arm=arm)
        gap = rows["gold"].cast(pl.Int64) - rows["predicted"].cast(pl.Int64)
        assert value == pytest.approx(gap.abs().mean())
    kappas = findings.filter(metric="weighted_kappa")["value"]
    assert kappas.len() == 2 and kappas.is_between(-1, 1).all()
