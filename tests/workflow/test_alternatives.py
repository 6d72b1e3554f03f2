"""Alternatives to generated text as arms, from the data to the answer."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from builders import BAD, GOOD, build_translator, reviews, sentence
from conftest import ROOT, run_snakemake
from fake_server import Server, prompt_of, reply
from served import study_of

ALTERNATIVES = {
    "few-shot": {"generator": "writer", "shots": 2},
    "eda": {},
    "back-translation": {"generator": "writer"},
    "labelled": {"generator": "writer"},
}


def label_of(text: str) -> str:
    """The label that most words of a made-up review tell; no label of one in ten."""
    words = text.split()
    good = sum(word in GOOD for word in words) - sum(word in BAD for word in words)
    return "I cannot say" if sum(map(ord, text)) % 10 == 0 else "good" if good > 0 else "bad"


def test_alternatives_are_arms_with_their_cost(
    tiny: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    for name, rows, seed in (("rows", 120, 0), ("new", 60, 9)):
        lines = [{"text": text, "label": label[:3]} for text, label in reviews(rows, seed)]
        if name == "new":
            lines = [{"text": line["text"]} for line in lines]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))

    def answer(number: int, body: dict[str, Any]) -> Any:
        last = prompt_of(body).rsplit("\n", 1)[-1]
        if last == "Label:":
            text = prompt_of(body).rsplit("Review: ", 1)[-1].partition("\n")[0]
            return 200, {}, reply(body, content=f" {label_of(text)}")
        if last.startswith("The same text in"):
            text = prompt_of(body).removeprefix("Text: ").partition("\n")[0]
            words = text.upper() if "German" in last else f"{text.lower()} {body['seed'] % 997}"
            return 200, {}, reply(body, content=f" {words}")
        label = "positive" if last.startswith("Good") else "negative"
        return 200, {}, reply(body, content=" " + sentence(label, random.Random(number)))

    server.script = answer
    task = {
        "noun": "review",
        "data": {"path": str(tmp_path / "rows.jsonl")},
        "unlabelled": {"path": str(tmp_path / "new.jsonl")},
        "labels": {"pos": "good", "neg": "bad"},
    }
    study = study_of(tiny, server, task)
    study["generators"]["writer"]["openai"] |= {"prompt_price": 2.0, "completion_price": 10.0}
    study["generators"]["other"] = study["generators"]["writer"]
    study["generate"] |= {"n": 16, "generators": ["writer", "other"]}
    study["designs"] |= {"real": [8, 16], "alternatives": ALTERNATIVES | {"real": [8]}}
    study["replicates"] = {"count": 2}
    run = run_snakemake(tmp_path, study)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    arms = pl.read_parquet(results / "tables/arms.parquet").filter(design="alternatives")
    assert arms.select("pipeline", "n_real", "n_generated").rows() == [
        *(("few-shot", 8, 0), ("eda", 8, 16)),
        *(("back-translation", 8, 16), ("labelled", 8, 16)),
    ]
    findings = pl.read_parquet(results / "tables/findings.parquet").filter(metric="accuracy")
    rows = findings.filter(design="alternatives")
    assert rows["pipeline"].to_list() == ["few-shot", "eda", "back-translation", "labelled"]
    assert rows["difference"].null_count() == rows["verdict"].null_count() == 0
    # the classifier is wrong where it names no label, and almost always right elsewhere
    predictions = pl.read_parquet(results / "tables/predictions.parquet")
    shown = predictions.filter(arm=arms["arm"][0])
    unanswered = shown["predicted"].null_count()
    assert 0 < unanswered < 10 and shown.height == 2 * 24
    assert (shown["predicted"] == shown["gold"]).sum() >= 0.75 * (48 - unanswered)
    table = pl.read_parquet(results / "tables/alternatives.parquet")
    back = table.filter(pipeline="back-translation")
    assert back["answers"].to_list() == [16, 16] and back["prompt_tokens"].to_list() == [224] * 2
    assert back["cost"].to_list() == [2 * 16 * (7 * 2 + 2 * 10) / 1e6] * 2
    costs = table.filter(pipeline="few-shot")
    assert costs["unanswered"].sum() == unanswered and costs["answers"].to_list() == [24, 24]
    assert costs["cost"].to_list() == [24 * (7 * 2 + 2 * 10) / 1e6] * 2  # of the recorded usage
    labelled = pl.read_parquet(results / "curated/writer/labelled/alternative/r1-8.parquet")
    texts = [json.loads(line)["text"] for line in (tmp_path / "new.jsonl").open()]
    assert labelled.height == 16 and set(labelled["text"]) <= {*texts}
    assert labelled["label"].to_list() == [label_of(text) for text in labelled["text"]]
    real = pl.read_parquet(results / "data/examples/r1-8.parquet")
    changed = pl.read_parquet(results / "curated/words/eda/alternative/r1-8.parquet")
    assert changed.height == 16 and not {*changed["text"]} & {*real["text"]}
    sources = changed.join(real, left_on="source_id", right_on="id", suffix="_real")
    assert (sources["label"] == sources["label_real"]).all()
    path = results / "curated/writer/back-translation/alternative/r1-8.parquet"
    sources = pl.read_parquet(path).join(real, left_on="source_id", right_on="id", suffix="_real")
    assert sources.height == 16 and (sources["label"] == sources["label_real"]).all()
    lower = sources["text_real"].str.to_lowercase()
    assert (sources["text"].str.replace(r" \d+$", "") == lower).all()
    text = (results / "findings.md").read_text()
    assert "8 real and 16 back-translations of them by writer" in text
    assert "1,000 translations cost" in text
    answer_line = next(line for line in text.splitlines() if "In its place" in line)
    assert "best mix" in answer_line and "; others: " in answer_line
    assert "1,000 predictions cost" in text
    assert "8 real, shown to writer, which labels test rows" in text
    assert "In its place" in (results / "report.html").read_text()
    plain = {
        row["pipeline"] for row in pl.read_parquet(results / "tables/surface.parquet").to_dicts()
    }
    assert plain == {"topic"}
    similar = pl.read_parquet(results / "tables/similarity.parquet")
    names = similar.select("generator", "other", "pipeline", "level", "replicate", "n").rows()
    assert names == [("writer", "other", "topic", "D0", replicate, 32) for replicate in (0, 1)]
    assert (similar["low"] < similar["value"]).all() and (similar["high"] < 1).all()
    assert "writer and other" in text


def test_a_pair_of_models_translates(tiny: dict[str, Any], tmp_path: Path) -> None:
    """From their folders to the set, its answers and its cost."""
    study = {**tiny, "prices": {"cpu_hour": 1.0}}
    study["models"] = dict(tiny["models"])
    study["generators"] = dict(tiny["generators"])
    for seed, name in enumerate(("there", "back")):
        folder = build_translator(tmp_path / "own" / name, seed)
        study["models"][name] = {"path": str(folder)}
        study["generators"][name] = {
            **{"model": name, "backend": "seq2seq", "sampling": {"max_new_tokens": 60}},
            "batch_size": 8,
        }
    section = {"generator": "there", "back": "back", "n": 12}
    study["designs"] = {**tiny["designs"], "alternatives": {"back-translation": section}}
    results = tmp_path / "results/tiny"
    run = run_snakemake(tmp_path, study, "results/tiny/tables/alternatives.parquet")
    assert run.returncode == 0, run.stdout
    assert sorted(path.name for path in (results / "models").iterdir()) == ["back", "there"]
    rows = pl.read_parquet(results / "curated/there/back-translation/alternative/r0-16.parquet")
    real = pl.read_parquet(results / "data/examples/r0-16.parquet")
    sources = rows.join(real, left_on="source_id", right_on="id", suffix="_real")
    assert rows.height == sources.height == 12
    assert (sources["label"] == sources["label_real"]).all()
    answers = pl.read_parquet(results / "answers/there/r0-16/real.parquet")
    (cost,) = pl.read_parquet(results / "tables/alternatives.parquet").to_dicts()
    assert (cost["generator"], cost["answers"]) == ("there", answers.height)
    assert cost["new_tokens"] == answers["new_tokens"].sum() > 0
    assert cost["cost"] == pytest.approx(cost["cpu_hours"]) and cost["cost"] > 0


def test_the_embedded_study_names_its_best_alternative(tmp_path: Path) -> None:
    """Its models and data at a size of minutes: SmolLM2 as classifier, words that are changed."""
    study = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    study["task"] |= {"test": 60, "reference": 60}
    study["replicates"] = 2
    study["generate"] |= {"levels": ["D3"], "n": 16, "shard": 24}
    study["designs"] |= {"real": [8], "grid": {"generated": [16]}}
    study["designs"]["alternatives"] = {"few-shot": {"generator": "smollm2"}, "eda": {}}
    study["diversity"] = {"measures": ["distinct_n"], "repeats": 4, "token_budget": 100}
    study["shift"] = {"measures": ["mmd_test"], "repeats": 4}
    study["downstream"] = {"probe": study["downstream"]["probe"]}
    run = run_snakemake(tmp_path, study, "results/demo/findings.md")
    assert run.returncode == 0, run.stdout
    text = (tmp_path / "results/demo/findings.md").read_text()
    line = next(line for line in text.splitlines() if "In its place" in line)
    assert "(best mix " in line and "smollm2, which labels" in line and "changed words" in line
    assert "8 real, shown to smollm2, which labels test rows" in text
    assert "8 real and 16 copies of them with changed words" in text
    assert "CPU hours" in text.partition("## In place of generated text")[2]
    costs = pl.read_parquet(tmp_path / "results/demo/tables/alternatives.parquet")
    assert costs["answers"].to_list() == [60, 60] and (costs["prompt_tokens"] > 1000).all()
    assert (costs["unanswered"] < 30).all()
