"""Skewed tickets whose rare labels are filled, and SQuAD 2.0, from the file to the report."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl

from conftest import run_snakemake
from fake_server import Server, prompt_of, reply
from served import study_of

TICKETS = {"billing": 100, "login": 50, "praise": 20}
WORDS = {
    "billing": ["invoice", "charged", "twice", "card", "refund", "amount"],
    "login": ["password", "locked", "reset", "account", "code", "screen"],
    "praise": ["thanks", "great", "love", "friendly", "quick", "helpful"],
}


def ticket(label: str, rng: random.Random) -> str:
    words = [*WORDS[label], "the", "my", "is", "again", "today", "with", "and", "please"]
    return " ".join(rng.choices(words, k=9)) + "."


def test_rare_labels_are_filled_and_told(
    tiny: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    rng = random.Random(0)
    rows = [(ticket(label, rng), label) for label, count in TICKETS.items() for _ in range(count)]
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))

    def answer(number: int, body: dict[str, Any]) -> Any:
        last = prompt_of(body).rsplit("\n", 1)[-1].lower()
        label = next(label for label in TICKETS if last.startswith(label))
        return 200, {}, reply(body, content=" " + ticket(label, random.Random(number)))

    server.script = answer
    natural = {"real": "natural", "generated": "natural"}
    task = {"data": {"path": str(tmp_path / "rows.jsonl")}, "balance": natural, "noun": "ticket"}
    study = study_of(tiny, server, task)
    study["generate"] |= {"n": 24}
    study["designs"] = {"real": [24], "fill": {}, "controls": []}
    study["downstream"]["reader"] = {"model": "reader", "steps": 2, "learning_rate": 0.001}
    run = run_snakemake(tmp_path, study)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    generated = pl.read_parquet(results / "curated/writer/topic/D0/r0.parquet")
    assert set(generated["label"]) == {"login", "praise"}  # the rare ones alone
    assert not any("\nBilling ticket" in prompt_of(body) for body in server.requests)
    gains = pl.read_parquet(results / "tables/label_gains.parquet")
    designs = {"real-only", "oversampled", "class-weights", "fill"}
    assert set(gains["design"]) == designs and set(gains["label"]) == set(TICKETS)
    assert gains["value"].is_between(0, 1).all()
    assert gains.filter(design="fill")["difference"].null_count() == 0
    findings = pl.read_parquet(results / "tables/findings.parquet")
    assert {"accuracy", "macro_f1", "balanced_accuracy"} <= set(findings["metric"])
    fill = findings.filter(design="fill", metric="macro_f1")
    assert fill["control"].null_count() == fill["control_difference"].null_count() == 0
    text = (results / "findings.md").read_text()
    assert "## Labels" in text and "real with class weights" in text
    assert "Gains of each label" in (results / "report.html").read_text()


def score_of(prompt: str) -> str:
    """What a judge says of an answer: a wrong one, and any about what is poor, is of no use."""
    passage, question, answer = (part.partition(": ")[2] for part in prompt.split("\n\n")[:3])
    unanswerable = "lovely" not in question and "brave" not in question
    right = ("(" in answer) if unanswerable else answer in passage
    return "5" if right and "poor" not in question else "1"


def test_questions_without_an_answer_become_a_report(
    tiny: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    """The format of SQuAD 2.0: several gold answers, and impossible questions; a judge of them."""
    paragraphs = []
    for number in range(40):
        context = f"The story {number} is lovely and the plot {number} was brave."
        qas = [
            {
                "question": f"What is lovely in review {number}?",
                "answers": [{"text": f"The story {number}"}, {"text": f"story {number}"}],
                "is_impossible": False,
            },
            {
                "question": f"Who made the music of film {number}?",
                "answers": [],
                "plausible_answers": [{"text": "the plot"}],
                "is_impossible": True,
            },
        ]
        paragraphs.append({"context": context, "qas": qas})
    document = {"version": "v2.0", "data": [{"title": "films", "paragraphs": paragraphs}]}
    (tmp_path / "squad.json").write_text(json.dumps(document))

    def answer(number: int, body: dict[str, Any]) -> Any:
        last = prompt_of(body).rsplit("\n", 1)[-1]
        rng = random.Random(number)
        word = "poor" if number % 4 == 0 else "brave"
        if last == "Score:":
            content = f" {score_of(prompt_of(body))}"
        elif "does not answer" in last:
            word = "poor" if word == "poor" else "tired"
            content = f" Was scene {rng.randint(0, 10**6)} witty or {word}? Answer: none\n"
        else:
            content = f" What is {word} in number {rng.randint(0, 10**6)}? Answer: the plot\n"
        return 200, {}, reply(body, content=content)

    server.script = answer
    task = {
        "kind": "qa",
        "noun": "question",
        "data": {"path": str(tmp_path / "squad.json")},
        "unanswerable": True,
    }
    study = study_of(tiny, server, task)
    study["models"] = tiny["models"]
    study["downstream"] = {
        "pupil": {"kind": "causal-lm", "model": "writer", "steps": 2, "max_new_tokens": 6}
    }
    study["generators"]["judge"] = {
        "backend": "openai",
        "openai": {"base_url": server.url, "model": "m"},
    }
    filters = {"quality": {"judge": "judge"}}
    study["curation"] = {"full": {"fuzzy": None, "decontaminate": None, "filters": filters}}
    run = run_snakemake(tmp_path, study)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    rows = pl.read_parquet(results / "data/task.parquet")
    assert dict(rows["label"].value_counts().iter_rows()) == {"answerable": 40, "unanswerable": 40}
    generated = pl.read_parquet(results / "curated/writer/topic/D0/r0.parquet")
    counts = generated.group_by("label").agg(pl.col("answers").list.len().max())
    assert sorted(counts.rows()) == [("answerable", 1), ("unanswerable", 0)]
    removed = pl.read_parquet(results / "removed/writer/topic/D0/r0.parquet")
    poor = removed.filter(reason="judged to be poor")
    pool = pl.read_parquet(results / "generated/writer/topic/D0/r0/*.parquet")
    assert {*poor["id"]} == {*pool.filter(pl.col("text").str.contains("poor"))["id"]}
    assert poor.height == pool.height / 4
    assert not generated["text"].str.contains("poor").any()
    predictions = pl.read_parquet(results / "tables/predictions.parquet")
    none = predictions.filter(gold="")
    assert none.height and set(none["token_f1"]) <= {0.0, 1.0}
    assert predictions.filter(predicted="", gold="")["exact_match"].to_list() in ([], [1.0])
    assert predictions.filter(has_answer=1)["gold"].str.len_chars().min() > 0
    scores = pl.read_parquet(results / "tables/scores.parquet")
    apart = {"has_answer_f1", "has_answer_exact_match", "no_answer_exact_match"}
    assert set(scores["metric"]) == {"token_f1", "exact_match", *apart}
    assert (results / "report.html").stat().st_size > 10_000
