"""Every kind of task through the workflow on tiny models, and the data set of the project's own."""

import copy
import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from builders import BAD, GOOD, THINGS, build_generator, sentence, teach
from conftest import ROOT, run_snakemake
from mixtura.data import read_rows, task_rows
from mixtura.plan import Plan, read_plan
from mixtura.splits import split_rows

FACTS = ROOT / "config/data/facts-qa.json"


def test_the_answers_of_the_own_data_set_are_spans_of_its_contexts() -> None:
    document = json.loads(FACTS.read_text(encoding="utf-8"))
    paragraphs = [one for article in document["data"] for one in article["paragraphs"]]
    asked = [(p["context"], q) for p in paragraphs for q in p["qas"]]
    for context, question in asked:
        for answer in question["answers"]:
            start = answer["answer_start"]
            assert context[start : start + len(answer["text"])] == answer["text"]
    assert len(asked) >= 60
    assert len({q["id"] for _, q in asked}) == len({q["question"] for _, q in asked}) == len(asked)


def test_the_own_data_set_fills_the_splits_of_its_study() -> None:
    plan = read_plan(yaml.safe_load((ROOT / "config/qa.yaml").read_text()))
    task = plan.study.task
    given = json.loads(plan.data_settings())
    of = {key: given[key] for key in ("kind", "columns", "labels")}
    rows = task_rows(read_rows(FACTS), **of, origin="real")
    splits = split_rows(rows, **json.loads(plan.split_settings()))
    counts = dict(splits["split"].value_counts().iter_rows())
    assert (counts["test"], counts["examples"]) == (task.test, task.examples)
    sides = splits.join(rows, on="id").select(
        "context", pl.col("split").replace("examples", "pool")
    )
    assert sides.unique()["context"].is_unique().all()


def question(rng: random.Random) -> dict[str, Any]:
    """A passage of four things, and a question whose answer is one of them."""
    things = rng.sample(THINGS, 4)
    first, second = rng.sample([*GOOD, *BAD], 2)
    return {
        "context": f"the {things[0]} was {first} and the {things[1]} was {second} "
        f"with a {things[2]} in the {things[3]}",
        "question": f"this {rng.choice([*GOOD, *BAD])} film with {rng.choice([first, second])}",
        "answer": rng.choice(things),
    }


def instruction(rng: random.Random) -> dict[str, Any]:
    thing, word = rng.choice(THINGS), rng.choice([*GOOD, *BAD])
    other = rng.choice([*GOOD, *BAD])
    return {"prompt": f"review this {word} {thing} {other}", "response": f"the {thing} was {word}"}


def text(rng: random.Random) -> dict[str, Any]:
    return {"text": sentence(rng.choice(["positive", "negative"]), rng)}


LINES = {  # kind -> a maker of rows, and the form of a row in the built-in template
    "qa": (question, "Passage: {context}\nQuestion: {question} Answer: {answer}\n"),
    "instruction": (instruction, "Instruction: {prompt} Response: {response}\n"),
    "text": (text, "Review: {text}\n"),
}


@pytest.fixture(scope="session")
def pupil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny language model that writes questions, instructions and texts in form."""
    folder = build_generator(
        tmp_path_factory.mktemp("models") / "pupil", ["Answer", "Response", "Instruction"]
    )
    rng = random.Random(1)
    taught = [form.format(**make(rng)) for make, form in LINES.values() for _ in range(200)]
    of_kind = [taught[start : start + 200] for start in range(0, 600, 200)]
    teach(folder, [first + second for rows in of_kind for first, second in pairwise(rows)])
    return folder


def study(tiny: dict[str, Any], pupil: Path, folder: Path, kind: str) -> dict[str, Any]:
    """The configuration of a small study of this kind, and its data."""
    rng = random.Random(2)
    rows: dict[str, dict[str, Any]] = {}
    while len(rows) < 90:
        row = LINES[kind][0](rng)
        rows.setdefault(json.dumps(row), row)
    (folder / "rows.json").write_text(json.dumps(list(rows.values())))
    made = copy.deepcopy(tiny)
    made["task"] = {"name": kind, "kind": kind, "noun": "review", "test": 10, "reference": 16}
    made["task"] |= {"examples": 24, "data": {"path": str(folder / "rows.json")}}
    made["models"]["writer"] = {"path": str(pupil)}
    levels: dict[str, Any] = {"D0": {"topics": 2}}
    made["pipelines"] = {"topic": {"dial": "topic", "curation": "none", "levels": levels}}
    if kind == "qa":
        levels = {"D0": {"contexts": 2}, "D1": {"contexts": 20}}
        made["pipelines"] = {"topic": {"dial": "context", "curation": "none", "levels": levels}}
    made["generate"] |= {"levels": [*levels], "n": 8, "shard": 64}
    made["designs"] = {"real": [8], "mix-add": {"ratios": [1]}, "controls": []}
    made["downstream"] = {
        "pupil": {"kind": "causal-lm", "model": "writer", "steps": 3, "max_length": 96}
        | {"max_new_tokens": 6, "lora": {"rank": 2} if kind == "instruction" else None}
    }
    made["seeds"] = [0]
    return made


@pytest.mark.workflow
@pytest.mark.parametrize("kind", LINES)
def test_a_kind_of_task_goes_from_rows_to_findings(
    kind: str, tiny: dict[str, Any], pupil: Path, tmp_path: Path
) -> None:
    config = study(tiny, pupil, tmp_path, kind)
    plan: Plan = read_plan(config)
    target = "report.html" if kind == "qa" else "tables/scores.parquet"
    run = run_snakemake(tmp_path, config, f"results/tiny/{target}")
    assert run.returncode == 0, run.stdout

    def table(name: str) -> pl.DataFrame:
        return pl.read_parquet(tmp_path / f"results/tiny/{name}.parquet")

    rows, examples = table(f"data/{kind}"), table("data/examples")
    made = table("curated/writer/topic/D0")
    assert made.height == 8 and examples.columns == rows.columns
    if kind == "qa":
        assert set(made["context"]) <= set(examples["context"]) and made["context"].n_unique() <= 2
        assert all(a[0] in c for a, c in made["answers", "context"].iter_rows())
        rejected = table("rejected/writer/topic/D0/0")
        assert set(rejected["reason"]) <= {"the answer is not in the context", "no Answer:"} | {
            "empty",
            "unfinished",
        }
    elif kind == "instruction":
        assert made["text"].to_list() == [f"{p}\n{r}" for p, r in made["prompt", "response"].rows()]
    scores = table("tables/scores")
    metrics = {
        "qa": {"token_f1", "exact_match"},
        "instruction": {"rouge_l", "perplexity"},
        "text": {"perplexity"},
    }
    assert set(scores["metric"]) == metrics[kind]
    assert scores.height == len(plan.arms) * len(metrics[kind]) and set(scores["n"]) == {10}
    predictions = table("tables/predictions")
    numbers = {"qa": ["token_f1", "exact_match"], "text": ["nll", "tokens"]}
    for column in numbers.get(kind, ["rouge_l", "nll", "tokens"]):
        assert predictions[column].null_count() == 0
    if kind == "qa":
        gold = dict(rows.select("id", pl.col("answers").list.first()).rows())
        assert all(gold[row] == said for row, said in predictions["id", "gold"].iter_rows())
        found = table("tables/findings")
        assert set(found["metric"]) == metrics[kind] and found.height == 2 * len(plan.points)
