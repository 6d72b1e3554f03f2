"""Rows with several labels from a file to the report, by every kind of model that learns them."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from builders import OTHERS, THINGS
from conftest import run_snakemake
from fake_server import Server, prompt_of, reply
from served import study_of

WORDS = {"anger": ["awful", "noisy", "lazy"], "joy": ["superb", "witty"], "love": ["tender"]}
SETS = [["joy"], ["anger"], ["joy", "love"], ["anger", "love"], []]
PER_ROW = [SETS[n] for n in (0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4)]


def text_of(labels: list[str], rng: random.Random) -> str:
    """A text of 9 to 12 words, some of each of its labels."""
    words = rng.choices(THINGS + OTHERS, k=9) + [rng.choice(WORDS[label]) for label in labels]
    return " ".join(rng.sample(words, len(words)))


def test_rows_with_several_labels_become_a_report(
    tiny: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    rng = random.Random(0)
    rows = [{"text": text_of(labels, rng), "tags": ";".join(labels)} for labels in PER_ROW * 12]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def answer(number: int, body: dict[str, Any]) -> Any:
        last = prompt_of(body).rsplit("\n", 1)[-1].lower()
        labels = [label for label in WORDS if label in last]
        return 200, {}, reply(body, content=" " + text_of(labels, random.Random(number)))

    server.script = answer
    data = {"path": str(tmp_path / "rows.jsonl"), "label": "tags", "label_separator": ";"}
    task = {"kind": "multilabel", "data": data, "no_label": "neutral", "development": 16}
    config = study_of(tiny, server, task)
    config["models"]["writer"] = tiny["models"]["writer"]
    config["downstream"] = {
        "probe": {"kind": "probe", "embedder": "reader", "search": {"c": [1.0, 10.0]}},
        "reader": {"model": "reader", "steps": 2},
        "writer": {"kind": "causal-lm", "model": "writer", "steps": 2, "max_new_tokens": 4},
    }
    run = run_snakemake(tmp_path, config)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"

    def table(name: str) -> pl.DataFrame:
        return pl.read_parquet(results / f"{name}.parquet")

    real = table("data/task")
    assert real.height == len(rows) and set(real["label"]) == {"multilabel"}
    by_text = {row["text"]: row["tags"].split(";") if row["tags"] else [] for row in rows}
    assert all(by_text[text] == labels for text, labels in real["text", "labels"].iter_rows())
    generated = table("curated/writer/topic/D0/r0")
    shown = table("data/examples/r0")
    assert {tuple(row) for row in generated["labels"]} <= {tuple(row) for row in shown["labels"]}
    heads = {prompt_of(body).rsplit("\n", 1)[-1].partition(" text")[0] for body in server.requests}
    assert heads <= {"Joy", "Anger", "Joy, love", "Anger, love", "Neutral"} and len(heads) > 1
    predictions = table("tables/predictions")
    gold = dict(real["id", "labels"].iter_rows())
    assert all(gold[row] == labels for row, labels in predictions["id", "gold"].iter_rows())
    findings = table("tables/findings")
    assert set(findings["metric"]) == {"micro_f1", "macro_f1"}
    for arm, model, value in (
        findings.filter(metric="micro_f1").select("arm", "model", "value").iter_rows()
    ):
        part = predictions.filter(arm=arm, model=model)["gold", "predicted"].rows()
        hits = sum(len(set(right) & set(named)) for right, named in part)
        total = sum(len(right) + len(named) for right, named in part)
        assert value == pytest.approx(2 * hits / total if total else 0)
    recalls = table("tables/label_gains")
    assert set(recalls["label"]) == {"anger", "joy", "love"}
    best = findings.filter(metric="micro_f1", model="probe")["value"].max()
    assert best > 0.5
    report = (results / "report.html").read_text()
    assert "micro" in report
