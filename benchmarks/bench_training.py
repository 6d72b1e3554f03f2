"""Training measured: beside a bare PyTorch loop, beside version 0.1, and what a job adds to it.

Both loops get the same model, batches, precision and schedule, in turn, and must have about the
same mean loss (they draw dropout from other places of the stream); the time of both starts after
the first step. On a processor it is that of the process, for other work may run beside. The job is
what Snakemake starts for one run: imports, rows, model, training, predictions.

Thirty runs are those of MiniLM in the embedded study (20 steps, 800 rows predicted) on one core,
from the start of Snakemake to its end; model and rows are there before. Version 0.1 starts a job
for each of them, today they are one job. The jobs of 0.1 are all alike: some are run, and the
others counted like these, less the start of Snakemake, which a dry run measures.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import torch
import yaml
from measuring import Row, Skipped
from transformers import get_linear_schedule_with_warmup, set_seed

from mixtura.core.precision import dtype_of
from mixtura.plan.plan import read_plan
from mixtura.train.causal import CausalModel
from mixtura.train.encoder import train_classifier
from mixtura.train.families import read_classifier
from mixtura.train.settings import CausalTraining, EncoderTraining, Training
from mixtura.train.trainer import planned_batches

TITLE = "Fine-tuning of MiniLM and SmolLM2 on snippets of the demo"
ROOT = Path(__file__).parents[1]
DEMO = ROOT / "results/demo"
LABELS = ["negative", "positive"]
OLD = "974ab63"  # version 0.1


class Clock:
    """Seconds from the end of the first step to that of the last: a training once started."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.losses: list[float] = []

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Note the time of the end of a step."""
        gpu = torch.cuda.is_available()
        self.times.append(time.perf_counter() if gpu else time.process_time())
        self.losses.append(loss)

    @property
    def seconds(self) -> float:
        """Seconds of all steps but the first."""
        return self.times[-1] - self.times[0]


def bare(model: Any, batches: list[tuple[Any, Any]], settings: Training) -> Clock:
    """Train in a plain loop."""
    clock, steps, warmup = Clock(), len(batches), int(settings.warmup * len(batches))
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)
    model.train()
    for step, (inputs, labels) in enumerate(batches, start=1):
        with torch.autocast(model.device.type, torch.bfloat16, enabled=dtype_of() == "bfloat16"):
            loss = model(**inputs.to(model.device), labels=labels.to(model.device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        clock(step, steps, loss.item())
    return clock


def encoder(rows: pl.DataFrame, settings: EncoderTraining) -> tuple[Any, Any]:
    """Ours and the bare loop for a classifier."""
    folder, texts, labels = str(DEMO / "models/minilm"), rows["text"].to_list(), rows["label"]

    def ours() -> Clock:
        clock = Clock()
        train_classifier(folder, rows, LABELS, settings, 0, clock)
        return clock

    def peer() -> Clock:
        model, tokenizer = read_classifier(folder, LABELS, 0)
        encoded = tokenizer(texts, truncation=True, max_length=settings.max_length)["input_ids"]
        batches = []
        for batch in planned_batches(
            [len(ids) for ids in encoded], settings.batch_size, settings.steps, 0
        ):
            inputs = tokenizer(
                [texts[row] for row in batch],
                padding=True,
                truncation=True,
                max_length=settings.max_length,
                return_tensors="pt",
            )
            classes = torch.tensor([LABELS.index(labels[row]) for row in batch])
            batches.append((inputs, classes))
        set_seed(0)  # as a Trainer does once the model is there
        return bare(model.to("cuda" if torch.cuda.is_available() else "cpu"), batches, settings)

    return ours, peer


def causal(rows: pl.DataFrame, settings: CausalTraining) -> tuple[Any, Any]:
    """Ours and the bare loop for a language model."""
    folder = str(DEMO / "models/smollm2")

    def ours() -> Clock:
        clock = Clock()
        CausalModel(folder, "classification", LABELS, settings, 0).train(rows, clock)
        return clock

    def peer() -> Clock:
        model = CausalModel(folder, "classification", LABELS, settings, 0)
        work = model.sequences(*model.pairs(rows))
        batches = []
        for batch in planned_batches(
            [len(sequence.ids) for sequence in work], settings.batch_size, settings.steps, 0
        ):
            inputs = model.tokenizer.pad(
                {"input_ids": [work[row].ids for row in batch]}, return_tensors="pt"
            )
            labels = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)
            for place, row in enumerate(batch):
                labels[place, : work[row].prompt] = -100
            batches.append((inputs, labels))
        return bare(model.model, batches, settings)

    return ours, peer


def throughput(name: str, sides: tuple[Any, Any], rows: int, repeats: int) -> Row:
    """Rows a second of both sides once started; the best of `repeats` turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        losses = []
        for held, side in zip(seconds, sides, strict=True):
            clock = side()
            held.append(clock.seconds)
            losses.append(sum(clock.losses) / len(clock.losses))
        if abs(losses[0] - losses[1]) > 0.05 * abs(losses[1]):
            raise AssertionError(
                f"{name}: the mean loss is {losses[0]}, of the bare loop {losses[1]}"
            )
    our_seconds, other = min(seconds[0]), min(seconds[1])
    return {
        "case": name,
        "ours": rows / our_seconds,
        "peer": "a bare PyTorch loop",
        "its": rows / other,
        "ratio": other / our_seconds,
        "unit": "rows/s",
        "target": ">= 0.95",
    }


def snakemake(root: Path, folder: Path, config: dict[str, Any], *arguments: str) -> None:
    """Run a version of the workflow, of which `root` is the folder, on one core."""
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile")]
    command += ["--configfile", str(folder / "study.yaml"), "--directory", str(folder)]
    subprocess.run(
        [*command, "--profile", "profiles/local", "--cores", "1", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "workflow/scripts")},
        check=True,
        capture_output=True,
    )


def short_job(rows: int, epochs: int) -> Row:
    """From the start of a job's process to its predictions, beside the training in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = study(folder, rows, {"epochs": epochs}, [0])
        plan = read_plan(config)
        snakemake(ROOT, folder, config, *plan.findings.predictions())
        runs = Path(plan.findings.predictions()[0])
        steps = pl.read_parquet(folder / runs / "seed-0/steps.parquet")
        measured = Path(plan.sets.paths.path("benchmarks/finetune"), *runs.parts[-4:])
        benchmark = (folder / measured.with_suffix(".jsonl")).read_text()
        job = float(json.loads(benchmark.splitlines()[-1])["s"])
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


def many_runs(runs: int, old_runs: int) -> Iterator[Row]:
    """Seconds of the wall and of the processor, today and in 0.1, which runs `old_runs` of them."""
    with tempfile.TemporaryDirectory() as name:
        old = Path(name, "version-0.1")
        git = ["git", "-C", str(ROOT), "worktree"]
        if subprocess.run([*git, "add", "--detach", str(old), OLD], capture_output=True).returncode:
            raise Skipped(f"no commit {OLD} of version 0.1 here")
        try:
            start, then = seconds_of(old, Path(name, "old"), old_runs)
            _, now = seconds_of(ROOT, Path(name, "new"), runs)
        finally:
            subprocess.run([*git, "remove", "--force", str(old)], check=True)
    for place, kind in enumerate(("wall time", "processor time")):
        ours, begin = now[place], start[place]
        whole = begin + (then[place] - begin) * runs / old_runs
        yield {
            "case": f"{runs} runs of MiniLM as in the embedded study, {kind}",
            "ours": ours,
            "peer": f"version 0.1, {old_runs} of its {runs} jobs run",
            "its": whole,
            "ratio": ours / whole,
            "unit": "s",
            "target": "<= 0.5",
        }


def seconds_of(root: Path, folder: Path, runs: int) -> tuple[tuple[float, float], ...]:
    """Seconds, of the wall and the processor, that Snakemake needs for a dry run and for runs."""
    settings = {"steps": 20, "batch_size": 16, "learning_rate": 1e-3, "freeze": 4}
    folder.mkdir()
    config = study(folder, 56, settings, list(range(runs)))
    config["task"]["test"] = 800
    if root != ROOT:
        config["task"]["examples"] = 56
    snakemake(root, folder, config, "tables", "--until", "split", "model")
    seconds = []
    for dry in (["--dry-run"], []):
        used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        snakemake(root, folder, config, "tables", "--until", "finetune", *dry)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append((wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime))
    if len(list(folder.glob("results/short/runs/**/predictions.parquet"))) != runs:
        raise AssertionError(f"{root}: not {runs} runs")
    return tuple(seconds)


def study(folder: Path, rows: int, training: dict[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Runs of MiniLM on real rows alone, whose file is written."""
    data = pl.read_parquet(DEMO / "data/movie-sentiment.parquet")
    data.select("text", "label").write_csv(folder / "rows.csv")
    model = {"path": str(DEMO / "models/minilm")}
    return {
        "study": "short",
        "task": {
            "name": "snippets",
            "data": {"path": str(folder / "rows.csv")},
            "labels": {label: label for label in LABELS},
            "reference": 4,
        },
        "models": {"minilm": model},
        "generators": {"none": {"model": "minilm"}},
        "pipelines": {"topic": {"dial": "topic", "levels": {"D0": {"topics": 1}}}},
        "generate": {"generators": ["none"], "pipelines": ["topic"], "levels": ["D0"], "n": 2},
        "embedders": ["minilm"],
        "designs": {"real": [rows], "controls": []},
        "downstream": {"minilm": {"model": "minilm", **training}},
        "seeds": seeds,
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
    sides = encoder(rows, EncoderTraining(model="minilm", steps=steps))
    yield throughput(f"MiniLM, {steps} batches of 16", sides, 16 * (steps - 1), repeats)
    steps = 3 if quick else 6
    settings = CausalTraining(kind="causal-lm", model="smollm2", steps=steps, batch_size=8)
    sides = causal(rows, settings)
    yield throughput(f"SmolLM2, {steps} batches of 8, all weights", sides, 8 * (steps - 1), repeats)
    yield short_job(256, 1 if quick else 6)
    yield from many_runs(*((2, 1) if quick else (30, 6)))
    if not torch.cuda.is_available():  # else the rows above are those of the GPU
        yield {"case": "the same on a GPU", "unit": "skipped: no GPU"}


if __name__ == "__main__":
    for row in run("--quick" in sys.argv):
        print(row, flush=True)
