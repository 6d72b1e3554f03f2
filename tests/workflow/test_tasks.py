"""Every kind of task through the workflow on tiny models, and the data set of the project's own."""

import copy
import json
import random
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml

from builders import BAD, GOOD, THINGS, build_generator, sentence, teach
from conftest import ROOT, run_snakemake
from fake_server import Server, prompt_of, reply
from mixtura.curate.quality import quality_prompt
from mixtura.generate.dials.base import Prompt
from mixtura.generate.prompting import render
from mixtura.generate.templates import template_text
from mixtura.plan.plan import Plan, read_plan
from mixtura.prepare.files import read_rows
from mixtura.prepare.rows import task_rows
from mixtura.prepare.splits import split_rows

FACTS = ROOT / "config/data/facts-qa.json"
QA = ROOT / "config/qa.yaml"


def test_the_answers_of_the_own_data_set_are_spans_of_its_contexts() -> None:
    document = json.loads(FACTS.read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in document["data"] for paragraph in article["paragraphs"]]
    questions = [(p["context"], q) for p in paragraphs for q in p["qas"]]
    for context, question in questions:
        for answer in question["answers"]:
            start = answer["answer_start"]
            assert context[start : start + len(answer["text"])] == answer["text"]
    assert len(questions) >= 60
    assert (
        len({q["id"] for _, q in questions})
        == len({q["question"] for _, q in questions})
        == len(questions)
    )


def test_the_own_data_set_fills_the_splits_of_its_study() -> None:
    plan = read_plan(yaml.safe_load(QA.read_text()))
    task, rows = plan.sets.study.task, facts_rows()
    splits = split_rows(rows, **json.loads(plan.prepare.split_settings(SimpleNamespace())))
    counts = dict(splits["split"].value_counts().iter_rows())
    assert (counts["test"], counts["reference"]) == (task.test.rows, task.reference)
    sides = splits.join(rows, on="id").select("context", "split")
    assert sides.unique()["context"].is_unique().all()


def facts_rows() -> pl.DataFrame:
    settings = json.loads(read_plan(yaml.safe_load(QA.read_text())).prepare.task_settings())
    of = {key: settings[key] for key in ("kind", "columns", "labels")}
    return task_rows(read_rows(FACTS), **of, origin="real").rows


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny language model that knows the questions of the own data set, half by heart."""
    form = "Passage: {context}\nQuestion: {question} Answer: {answers[0]}\n"
    rows = facts_rows().to_dicts()
    rng = random.Random(1)
    taught = ["".join(form.format(**row) for row in rng.sample(rows, 2)) for _ in range(400)]
    for row, other in (rng.sample(rows, 2) for _ in range(150)):
        prompt = Prompt(0, "qa", (), {"source": row["question"]})
        prompt = render(template_text("paraphrase"), prompt, "question")
        taught.append(f"{prompt} {other['question']}\n")
    folder = tmp_path_factory.mktemp("models") / "asker"
    build_generator(folder, hidden=64, known="".join(taught))
    teach(folder, taught, steps=180)
    return folder


def test_the_study_of_questions_goes_from_its_own_data_to_findings(
    asker: Path, encoder: Path, tmp_path: Path
) -> None:
    config = yaml.safe_load(QA.read_text())
    config["task"]["data"]["path"] = str(FACTS)
    config["models"] = {"smollm2": {"path": str(asker)}, "minilm": {"path": str(encoder)}}
    levels = ["D3", "D6"]  # of one passage it knows too few questions for D0
    config["generators"]["smollm2"]["shots"] = 1
    config["generators"]["smollm2"]["sampling"]["temperature"] = 1.2
    config["generate"] |= {"levels": levels, "overgenerate": 32, "shard": 512, "cap": 64}
    config["designs"]["controls"] = []
    config["downstream"]["smollm2"]["steps"] = 2
    config["seeds"] = [0]
    run = run_snakemake(tmp_path, config, "results/qa/report.html")
    assert run.returncode == 0, run.stdout

    def table(name: str) -> pl.DataFrame:
        return pl.read_parquet(tmp_path / f"results/qa/{name}.parquet")

    n, designed = config["generate"]["n"], config["pipelines"]["paraphrase"]
    base = table("curated/smollm2/passages/D6/r0")
    for level in levels:
        passages = table(f"curated/smollm2/passages/{level}/r0")
        allowed = config["pipelines"]["passages"]["levels"][level]["contexts"]
        assert passages["context"].n_unique() <= allowed
        assert set(passages["context"]) <= set(table("data/examples/r0")["context"])
        replaced = table(f"curated/smollm2/paraphrase/{level}/r0")
        for rows in (passages, replaced):
            assert rows["id"].n_unique() == rows.height == n
            assert all(a[0] in c for a, c in rows["answers", "context"].iter_rows())
        new = replaced.filter(pl.col("source_id").is_not_null())
        sources = designed["levels"][level]["sources"]
        assert new.height == sources * designed["paraphrases"]
        assert new["source_id"].n_unique() == sources
        pairs = new.join(base, left_on="source_id", right_on="id", suffix="_source")
        assert pairs.height == new.height and (pairs["text"] == pairs["question"]).all()
        assert (pairs["question"] != pairs["question_source"]).all()
        for field in ("context", "answers"):
            assert pairs[field].to_list() == pairs[f"{field}_source"].to_list()
        assert set(replaced["id"]) - set(new["id"]) <= set(base["id"])
    rejected = table("rejected/smollm2/passages/D6/r0/0")
    reasons = {"the answer is not in the context", "no Answer:", "empty", "unfinished"}
    assert set(rejected["reason"]) <= reasons
    scores, arms = table("tables/scores"), table("tables/arms")
    expected = {(arm, metric) for arm in arms["arm"] for metric in ("token_f1", "exact_match")}
    assert set(scores["arm", "metric"].rows()) == expected
    assert set(scores["n"]) == {config["task"]["test"]}
    gold = dict(table("data/facts").select("id", pl.col("answers").list.first()).rows())
    predictions = table("tables/predictions")
    assert all(
        gold[row] == reference_answer
        for row, reference_answer in predictions["id", "gold"].iter_rows()
    )
    assert predictions.select("token_f1", "exact_match").null_count().row(0) == (0, 0)
    plan = read_plan(config)
    findings = table("tables/findings")
    assert findings.height == 2 * len(plan.sets.points) and findings["value"].null_count() == 0


def instruction(rng: random.Random) -> dict[str, Any]:
    thing, word = rng.choice(THINGS), rng.choice([*GOOD, *BAD])
    other = rng.choice([*GOOD, *BAD])
    return {"prompt": f"review this {word} {thing} {other}", "response": f"the {thing} was {word}"}


def text(rng: random.Random) -> dict[str, Any]:
    return {"text": sentence(rng.choice(["positive", "negative"]), rng)}


LINES = {  # kind -> a maker of rows, and the form of a row in the built-in template
    "instruction": (instruction, "Instruction: {prompt} Response: {response}\n"),
    "text": (text, "Review: {text}\n"),
}


@pytest.fixture(scope="session")
def pupil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny language model that writes instructions and texts in form."""
    heads = "Review\nInstruction Response"  # by which it tells the kinds apart
    folder = build_generator(tmp_path_factory.mktemp("models") / "pupil", known=heads)
    rng = random.Random(1)
    taught = [form.format(**make(rng)) for make, form in LINES.values() for _ in range(200)]
    of_kind = [taught[start : start + 200] for start in range(0, 400, 200)]
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
    changed = copy.deepcopy(tiny)
    changed["task"] = {"name": kind, "kind": kind, "noun": "review", "test": 10, "reference": 16}
    changed["task"] |= {"data": {"path": str(folder / "rows.json")}}
    changed["models"]["writer"] = {"path": str(pupil)}
    levels: dict[str, Any] = {"D0": {"topics": 2}}
    changed["pipelines"] = {"topic": {"dial": "topic", "curation": "none", "levels": levels}}
    changed["generate"] |= {"levels": [*levels], "n": 8, "shard": 64}
    changed["designs"] = {"real": [8], "mix-add": {"ratios": [1]}, "controls": []}
    changed["downstream"] = {
        "pupil": {"kind": "causal-lm", "model": "writer", "steps": 3, "max_length": 96}
        | {"max_new_tokens": 6, "lora": {"rank": 2} if kind == "instruction" else None}
    }
    changed["seeds"] = [0]
    return changed


@pytest.mark.parametrize("kind", LINES)
def test_a_kind_of_task_goes_from_rows_to_scores(
    kind: str, tiny: dict[str, Any], pupil: Path, tmp_path: Path
) -> None:
    config = study(tiny, pupil, tmp_path, kind)
    plan: Plan = read_plan(config)
    run = run_snakemake(tmp_path, config, "results/tiny/tables/scores.parquet")
    assert run.returncode == 0, run.stdout

    def table(name: str) -> pl.DataFrame:
        return pl.read_parquet(tmp_path / f"results/tiny/{name}.parquet")

    rows, examples = table(f"data/{kind}"), table("data/examples/r0")
    changed = table("curated/writer/topic/D0/r0")
    assert changed.height == 8 and examples.columns == rows.columns
    if kind == "instruction":
        assert changed["text"].to_list() == [
            f"{p}\n{r}" for p, r in changed["prompt", "response"].rows()
        ]
    scores = table("tables/scores")
    metrics = {"instruction": {"rouge_l", "perplexity"}, "text": {"perplexity"}}
    assert set(scores["metric"]) == metrics[kind]
    assert scores.height == len(plan.sets.arms) * len(metrics[kind]) and set(scores["n"]) == {10}
    predictions = table("tables/predictions")
    for column in ["nll", "tokens", *(["rouge_l"] if kind == "instruction" else [])]:
        assert predictions[column].null_count() == 0


def test_conversations_are_mixed_with_generated_rows_and_embedded_by_gradients(
    tiny: dict[str, Any], pupil: Path, tmp_path: Path
) -> None:
    config = study(tiny, pupil, tmp_path, "instruction")
    rows = json.loads((tmp_path / "rows.json").read_text())
    turns = [
        [
            {"role": "user", "content": row["prompt"]},
            {"role": "assistant", "content": row["response"]},
        ]
        for row in rows
    ]
    # Few are long: examples of that form are none that the tiny writer can follow.
    longer = [[*turns[0], *turn] if not place % 9 else turn for place, turn in enumerate(turns)]
    talks = [{"messages": turn} for turn in longer]
    (tmp_path / "rows.json").write_text(json.dumps(talks))
    config["task"]["data"]["messages"] = "messages"
    config["embedders"] = ["writer"]
    config["embeddings"] = {"kinds": {"writer": "gradient"}}
    tables = [f"results/tiny/tables/{name}.parquet" for name in ("scores", "diversity")]
    arm = next(arm for arm in read_plan(config).sets.arms.values() if arm.n_generated)
    export = "results/tiny/export/sets/writer/topic/D0/r0/data/train.parquet"
    run = run_snakemake(tmp_path, config, *tables, export)
    assert run.returncode == 0, run.stdout
    scores, diversity = map(pl.read_parquet, (tmp_path / table for table in tables))
    assert set(scores["metric"]) == {"rouge_l", "perplexity"} and arm.name in set(scores["arm"])
    assert pl.read_parquet(tmp_path / export).columns == ["id", "text", "prompt", "response"]
    vendi = diversity.filter(pl.col("measure") == "vendi_score")
    assert vendi.height and (vendi["value"] > 1).all() and set(vendi["embedder"]) == {"writer"}
    (real,) = (tmp_path / "results/tiny/embeddings/writer").glob("*.parquet")
    assert pl.read_parquet(real)["embedding"].dtype == pl.Array(pl.Float32, 1024)


def score_of(prompt: str) -> str:
    """What a judge says of a review: it should be of the thing of the instruction."""
    asked, review = (part.partition(": ")[2].split() for part in prompt.split("\n\n")[:2])
    return "5" if {*asked} & {*THINGS} & {*review} else "2"


def test_answers_are_scored_by_a_judge_that_knows_wrong_ones(
    tiny: dict[str, Any], pupil: Path, server: Server, tmp_path: Path
) -> None:
    config = study(tiny, pupil, tmp_path, "instruction")
    openai = {"base_url": server.url, "model": "m"}
    config["generators"]["judge"] = {"backend": "openai", "openai": openai}
    config["evaluation"] = {"judge": "judge"}
    config["downstream"]["pupil"] |= {"lora": None, "steps": 6, "learning_rate": 0.01}

    server.script = lambda _, body: (200, {}, reply(body, content="4"))
    check = "results/tiny/judged/judge/test.parquet"
    run = run_snakemake(tmp_path, config, check)
    assert run.returncode and "the judge 'judge' ranks 10 real rows" in run.stdout
    assert "it is refused" in run.stdout and not (tmp_path / check).exists()

    server.script = lambda _, body: (200, {}, reply(body, content=score_of(prompt_of(body))))
    config["generators"]["judge"]["openai"]["model"] = "better"
    server.requests.clear()
    run = run_snakemake(tmp_path, config)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    predictions = pl.read_parquet(results / "tables/predictions.parquet")
    runs = predictions.group_by("arm").agg(pl.col("predicted").sort_by("id"))["predicted"]
    assert len(server.requests) == 2 * 10 + 10 * runs.n_unique()  # the same answers once
    rows = pl.read_parquet(results / "data/instruction.parquet").select("id", "prompt")
    for prompt, answer, score in (
        predictions.join(rows, on="id").select("prompt", "predicted", "judge_score").iter_rows()
    ):
        text = quality_prompt({"prompt": prompt, "response": answer}, "instruction")
        assert score == (int(score_of(text)) - 1) / 4
    for name in ("scores", "findings"):
        table = pl.read_parquet(results / f"tables/{name}.parquet")
        assert set(table["metric"]) == {"rouge_l", "perplexity", "judge_score"}
        assert table.filter(metric="judge_score")["value"].is_between(0, 1).all()
    text, page = ((results / name).read_text() for name in ("findings.md", "report.html"))
    assert "judge_score" in page and "ranks the right answers to 10 test rows" in text

    config["generators"]["judge"]["openai"]["model"] = "another"
    run = run_snakemake(tmp_path, config, "-n", "--quiet", "rules")
    printed = run.stdout.partition("Job stats:")[2].partition("total")[0]
    listed = {line.split()[0] for line in printed.splitlines() if line}
    assert {"check_judge", "judge_answers", "evaluate", "findings"} <= listed
    assert not {"finetune_causal", "generate", "curate", "embed"} & listed
