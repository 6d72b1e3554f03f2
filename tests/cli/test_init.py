"""`mixtura init` writes a configuration that is accepted as it is."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from mixtura.cli.app import app
from mixtura.study.load import load_study

TICKETS = {
    "Billing & refunds": 90,
    "Delivery": 60,
    "Login": 40,
    "FAQ": 25,
    "Other": 15,
    "Praise": 10,
}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(file: str) -> str:
    result = CliRunner().invoke(app, ["init", file, "--output", "study.yaml"])
    assert result.exit_code == 0, result.output
    return result.output


def test_skewed_tickets_become_a_study() -> None:
    texts = [
        f"{label};I ask about {label.lower()}, number {n}"
        for label, rows in TICKETS.items()
        for n in range(rows)
    ]
    Path("my tickets.CSV").write_text("\n".join(["queue;message", *texts, ";nobody sorted this"]))
    output = run("my tickets.CSV")
    assert "241 rows, 240 of them used, read as classification" in output
    assert "label: column queue" in output and "labels: Billing & refunds 90, Delivery 60" in output
    assert "few rows: 5 folds, so that each is a test row once" in output
    study = load_study(yaml.safe_load(Path("study.yaml").read_text()))
    task = study.task
    assert (task.name, task.test.folds, task.reference) == ("my-tickets", 5, 96)
    assert study.replicates.count == 5 and study.designs.real == [48]
    assert task.words == sorted(TICKETS) and task.balance.test == "natural"


def test_the_language_is_that_of_the_texts() -> None:
    line = "Der Kunde wartet seit Tagen auf die Lieferung und ist verärgert, Nummer"
    rows = [{"text": f"{line} {n}", "label": "alt" if n % 2 else "neu"} for n in range(60)]
    Path("anfragen.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert "language: de" in run("anfragen.jsonl")
    assert load_study(yaml.safe_load(Path("study.yaml").read_text())).task.language == "de"


@pytest.mark.workflow
def test_a_file_of_each_kind_becomes_a_study() -> None:
    words = ["red", "green", "blue", "white", "black", "grey", "pink", "brown"]
    records = {
        "labelled.csv": [
            {"text": f"{word} paint number {n}", "label": "warm" if n % 2 else "cold"}
            for word in words
            for n in range(30)
        ],
        "plain.jsonl": [{"text": f"{w} sky over sea {n}"} for w in words for n in range(9)],
        "asked.json": [
            {"instruction": f"Mix {w} {n}.", "output": f"{w} and {n} it is."}
            for w in words
            for n in range(9)
        ],
        "questions.jsonl": [
            {"context": f"Box {n} is {w}.", "question": f"What is box {n} of {w}?", "answers": [w]}
            for w in words
            for n in range(9)
        ],
    }
    kinds = []
    for name, rows in records.items():
        if name.endswith("csv"):
            content = "\n".join(["text,label", *(f"{r['text']},{r['label']}" for r in rows)])
        elif name.endswith("jsonl"):
            content = "\n".join(json.dumps(row) for row in rows)
        else:
            content = json.dumps(rows)
        Path(name).write_text(content)
        Path("study.yaml").unlink(missing_ok=True)
        run(name)
        kinds.append(load_study(yaml.safe_load(Path("study.yaml").read_text())).task.kind)
    assert kinds == ["classification", "text", "instruction", "qa"]


def test_too_few_rows_and_a_file_that_exists_are_told() -> None:
    Path("few.csv").write_text("text,label\nsome words,a\nother words,b\nwords,a\nmore,b\n")
    result = CliRunner().invoke(app, ["init", "few.csv"])
    assert result.exit_code == 1 and "are too few: a mix would have 0 real rows" in result.output
    Path("study.yaml").write_text("")
    result = CliRunner().invoke(app, ["init", "few.csv"])
    assert result.exit_code == 1 and "study.yaml exists" in result.output


def test_a_table_of_windows_with_labels_in_two_cases_is_told() -> None:
    labels = ["Café", "café", "Thé"]
    rows = [
        f"{labels[n % 3]} is what I ask about in message {n};{labels[n % 3]}" for n in range(90)
    ]
    Path("rows.csv").write_bytes("\r\n".join(["sep=;", "text;label", *rows]).encode("cp1252"))
    output = run("rows.csv")
    assert "encoding: cp1252, for it is no UTF-8" in output
    assert "labels that differ by case alone: Café, café; give them one word" in output
    task = load_study(yaml.safe_load(Path("study.yaml").read_text())).task
    assert task.words == ["Café", "Thé", "café"] and task.data.encoding == "cp1252"


def test_several_labels_a_row_become_a_study() -> None:
    sets = ["joy", "joy|love", "anger", "", "anger|love"]
    rows = [
        {"text": f"what I feel about all this on day {n}", "labels": sets[n % 5]}
        for n in range(120)
    ]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    output = run("rows.jsonl")
    assert "120 rows, 120 of them used, read as multilabel" in output and "love 48" in output
    task = load_study(yaml.safe_load(Path("study.yaml").read_text())).task
    assert (task.kind, task.classes, task.words) == (
        "multilabel",
        ["anger", "joy", "love"],
        ["multilabel"],
    )
    assert task.data.label_separator == "|"


def test_empty_texts_are_left_out_and_told() -> None:
    rows = [f"a text of some length about number {n};{'ab'[n % 2]}" for n in range(80)]
    Path("rows.csv").write_text("\n".join(["text;label", *rows, ";a", "  ;b"]))
    assert "2 rows left out: with an empty text" in run("rows.csv")
    assert (
        load_study(yaml.safe_load(Path("study.yaml").read_text())).task.empty_texts == "leave-out"
    )


def test_a_column_of_too_many_values_is_told_to_be_no_label() -> None:
    rows = [f"a text of some length about number {n},kind {n}" for n in range(80)]
    Path("rows.csv").write_text("\n".join(["text,label", *rows]))
    assert "column label is no label: it holds 80 values" in run("rows.csv")


def test_what_a_file_lacks_is_told_with_its_name() -> None:
    Path("bare.csv").write_text("text,label\n")
    Path("lists.jsonl").write_text("\n".join(['{"text": ["a b"], "label": "x"}'] * 9))
    mixed = [{"text": "a b", "label": "x"}] * 8 + [{"text": {"en": "a b"}, "label": "y"}]
    Path("mixed.jsonl").write_text("\n".join(map(json.dumps, mixed)))
    for name, message in (
        ("gone.csv", "mixtura init: no file at gone.csv"),
        ("mixed.jsonl", "holds values of several types (row 9: {'en': 'a b'}); name a column of"),
        ("bare.csv", "mixtura init: bare.csv: there are no rows, only names of columns"),
        ("lists.jsonl", "text: column text holds lists (List(String)); name a column of text (in"),
    ):
        result = CliRunner().invoke(app, ["init", name])
        assert result.exit_code == 1 and message in " ".join(result.output.split())


def test_a_long_label_has_the_start_of_it_as_its_word() -> None:
    long = "asked for " + "very " * 60 + "much"
    rows = [{"text": f"order number {n}", "label": long if n % 2 else "other"} for n in range(80)]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    run("rows.jsonl")
    task = load_study(yaml.safe_load(Path("study.yaml").read_text())).task
    assert task.labels == {long: long[:200].strip(), "other": "other"}
