"""Training measured: beside a bare PyTorch loop, and how much of a short job is not training.

Both loops get the same model, batches, precision and schedule, in turn, and must end at the same
loss. The job is what Snakemake starts for one run: imports, rows, model, training, predictions.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import torch
import yaml
from measuring import Row, Skipped, measure

from mixtura.causal import CausalModel, completions, prompts
from mixtura.config import CausalLM, Encoder
from mixtura.finetune import train_classifier
from mixtura.plan import read_plan
from mixtura.training import computes_bfloat16, learning_rate_factor, planned_batches

TITLE = "Fine-tuning of MiniLM and SmolLM2 on snippets of the demo"
ROOT = Path(__file__).parents[1]
DEMO = ROOT / "results/demo"
LABELS = ["negative", "positive"]


def bare(model: Any, batches: list[tuple[dict[str, Any], Any]], settings: dict[str, Any]) -> float:
    """Train in a plain loop; returns the last loss."""
    rate = settings["learning_rate"]
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=rate, weight_decay=settings["weight_decay"]
    )
    warmup = settings["warmup"] * len(batches)
    model.train()
    for step, (inputs, labels) in enumerate(batches, start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate * learning_rate_factor(step, len(batches), warmup)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=computes_bfloat16()):
            loss = model(**inputs.to(model.device), labels=labels.to(model.device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        last = loss.item()
    return last


def encoder(rows: pl.DataFrame, settings: dict[str, Any]) -> tuple[Any, Any]:
    """Ours and the bare loop for a classifier: each gives the last loss."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder, texts, labels = str(DEMO / "models/minilm"), rows["text"].to_list(), rows["label"]

    def ours() -> float:
        return train_classifier(folder, texts, labels.to_list(), settings, 0)[2]["loss"][-1]

    def peer() -> float:
        torch.manual_seed(0)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
        made = []
        for batch in planned_batches(texts, settings["batch_size"], settings["steps"], 0):
            inputs = tokenizer(
                *([texts[row] for row in batch],),
                **{"padding": True, "truncation": True, "return_tensors": "pt"},
                max_length=settings["max_length"],
            )
            made.append((inputs, torch.tensor([LABELS.index(labels[row]) for row in batch])))
        return bare(model.to("cuda" if torch.cuda.is_available() else "cpu"), made, settings)

    return ours, peer


def causal(rows: pl.DataFrame, settings: dict[str, Any]) -> tuple[Any, Any]:
    """Ours and the bare loop for a language model: each gives the last loss."""
    from transformers import AutoModelForCausalLM, BatchEncoding

    folder = str(DEMO / "models/smollm2")

    def ours() -> float:
        model = CausalModel(folder, "classification", settings, 0)
        return model.train(rows)["loss"][-1]

    def peer() -> float:
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        tokens = CausalModel(folder, "classification", settings, 0)
        work = tokens.sequences(
            prompts("classification", rows), completions("classification", rows)
        )
        pad, made = tokens.tokenizer.pad_token_id, []
        sizes = ["x" * len(one.ids) for one in work]
        for batch in planned_batches(sizes, settings["batch_size"], settings["steps"], 0):
            width = max(len(work[row].ids) for row in batch)
            fill = [width - len(work[row].ids) for row in batch]
            given = list(zip((work[row] for row in batch), fill, strict=True))
            inputs = {
                "input_ids": torch.tensor([one.ids + [pad] * more for one, more in given]),
                "attention_mask": torch.tensor(
                    [[1] * len(one.ids) + [0] * more for one, more in given]
                ),
            }
            labels = torch.tensor(
                [[-100] * one.prompt + one.ids[one.prompt :] + [-100] * more for one, more in given]
            )
            made.append((BatchEncoding(inputs), labels))
        return bare(model.to("cuda" if torch.cuda.is_available() else "cpu"), made, settings)

    return ours, peer


def throughput(name: str, sides: tuple[Any, Any], rows: int, repeats: int) -> Row:
    """Rows a second of both sides, loading included on both; the best of `repeats` turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        losses = []
        for held, side in zip(seconds, sides, strict=True):
            spent, _, loss = measure(side)
            held.append(spent)
            losses.append(loss)
        if abs(losses[0] - losses[1]) > 0.01 * abs(losses[1]):
            raise AssertionError(f"{name}: the loss is {losses[0]}, of the bare loop {losses[1]}")
    own, other = min(seconds[0]), min(seconds[1])
    return {
        "case": name,
        "ours": rows / own,
        "peer": "a bare PyTorch loop",
        "its": rows / other,
        "ratio": other / own,
        "unit": "rows/s",
        "target": ">= 0.95",
    }


def short_job(rows: int, epochs: int) -> Row:
    """From the start of a job's process to its predictions, beside the training in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = pl.read_parquet(DEMO / "data/movie-sentiment.parquet")
        data.select("text", "label").write_csv(folder / "rows.csv")
        config = study(folder, rows, epochs)
        (folder / "study.yaml").write_text(yaml.safe_dump(config))
        plan = read_plan(config)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--configfile", str(folder / "study.yaml"), "--directory", str(folder)]
        subprocess.run(
            [*command, "--profile", "profiles/local", "--cores", "1", *plan.predictions()],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        run = Path(plan.predictions()[0]).parent
        steps = pl.read_parquet(folder / run / "steps.parquet")
        arm = f"{run.parts[-3]}/{run.parts[-2]}/{run.parts[-1]}"
        told = (folder / plan.benchmark("finetune", arm)).read_text()
        job = float(json.loads(told.splitlines()[-1])["s"])
    training = steps.select(pl.col("tokens") / pl.col("tokens_per_second")).sum().item()
    return {
        "case": f"job of MiniLM, {rows} rows, {epochs} epochs, 1,000 rows predicted",
        "ours": job,
        "peer": "its training alone",
        "its": training,
        "ratio": job / training,
        "unit": "s",
        "target": "<= 1.3",
    }


def study(folder: Path, rows: int, epochs: int) -> dict[str, Any]:
    """One run on real rows alone."""
    model = {"path": str(DEMO / "models/minilm")}
    return {
        "study": "short",
        "task": {
            "name": "snippets",
            "data": {"path": str(folder / "rows.csv")},
            "labels": {label: label for label in LABELS},
            "reference": 4,
            "examples": rows,
        },
        "models": {"minilm": model},
        "generators": {"none": {"model": "minilm"}},
        "pipelines": {"topic": {"dial": "topic", "levels": {"D0": {"topics": 1}}}},
        "generate": {"generators": ["none"], "pipelines": ["topic"], "levels": ["D0"], "n": 2},
        "embedders": ["minilm"],
        "designs": {"real": [rows], "controls": []},
        "downstream": {"minilm": {"model": "minilm", "epochs": epochs}},
        "seeds": [0],
        "resources": {"finetune": {"threads": 1}},
    }


def run(quick: bool = False) -> Iterator[Row]:
    """Yield both loops, and the job; quick: fewer steps, once."""
    if not all((DEMO / "models" / name / "config.json").exists() for name in ("minilm", "smollm2")):
        raise Skipped("no results of the demo; run `make demo`")
    torch.set_num_threads(1)  # as in a job of the demo
    rows = pl.read_parquet(DEMO / "data/movie-sentiment.parquet").head(256)
    repeats = 1 if quick else 3
    steps = 4 if quick else 16
    told = {**Encoder(model="minilm", steps=steps).model_dump(), "labels": LABELS}
    yield throughput(f"MiniLM, {steps} batches of 16", encoder(rows, told), 16 * steps, repeats)
    steps = 2 if quick else 4
    told = CausalLM(kind="causal-lm", model="smollm2", steps=steps, batch_size=8).model_dump()
    sides = causal(rows, {**told, "labels": LABELS})
    yield throughput(f"SmolLM2, {steps} batches of 8, all weights", sides, 8 * steps, repeats)
    yield short_job(256, 1 if quick else 6)
    if not torch.cuda.is_available():  # else the rows above are those of the GPU
        yield {"case": "the same on a GPU", "unit": "skipped: no GPU"}


if __name__ == "__main__":
    for row in run("--quick" in sys.argv):
        print(row, flush=True)
