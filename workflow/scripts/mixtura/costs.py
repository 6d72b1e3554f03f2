"""What a study will take before it runs: jobs, prompts, tokens, hours, disk and money.

All is estimated from the configuration. Where jobs of the same rule and model have run in this
study before, the estimates are scaled by what those took.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import polars as pl

from mixtura.config import ProbeSearch, Study, Trained
from mixtura.judge import LABEL_TOKENS, SHOWN, cluster_prompt, label_prompt
from mixtura.plan import SHORT, TYPICAL, Plan
from mixtura.training import optimiser_steps

TOKENS_PER_SECOND = {False: 120, True: 1500}  # generating, without and with a GPU
TUNED_PER_SECOND = {False: 200, True: 10_000}  # tokens of a generator that is trained
TRAINED_PER_SECOND = {False: 3_000, True: 40_000}  # tokens fine-tuned, of a small model
FLOPS = {False: 5e10, True: 2e14}  # a second, sustained: a fifth of what an H100 can in bfloat16
CHARACTERS = 4  # of a token, in English
PASSAGE = 800  # characters of a passage that is asked about, until there are examples
WORDS = "a few words"  # a topic or a persona
BYTES_PER_TOKEN = 5  # of text with its columns, compressed
TYPICAL_BYTES = {"model": 500_000_000, "task": 1_000_000, "report": 1_000_000}
SMALL = 20_000
VECTOR_BYTES = 768 * 4
LOOKED_AT = 50  # finished jobs of a rule and model that are read
# Wildcards that an estimate depends on: jobs that differ in others (shard, seed) share it.
DECIDE = ("source", "model", "embedder", "judge", "generator", "pipeline", "level", "arm")
COUNTS = ("prompts", "prompt_tokens", "new_tokens")
COUNTED = ("generate", "top_up")  # rules whose statistics have COUNTS, none where nothing was asked
Job = Mapping[str, Any]
WHY = {
    "params have changed since last execution": "changed",
    "set of input files has changed since last execution": "other inputs",
    "updated input files": "newer inputs",
    "incomplete output files": "unfinished",
    "output files have to be generated": "missing",
    "input files updated by another job": "upstream",
}
SCHEMA = {
    "stage": pl.String,
    "run": pl.Int64,
    "done": pl.Int64,
    "why": pl.String,
    "prompts": pl.Int64,
    "tokens": pl.Int64,
    "gpu_hours": pl.Float64,
    "cpu_hours": pl.Float64,
    "disk_mb": pl.Float64,
    "cost": pl.Float64,
    "basis": pl.String,
}


def plan_table(study: Study, jobs: Iterable[Job], root: Path) -> pl.DataFrame:
    """One row for each rule: what its jobs that have to run will take, and why they run.

    `jobs` are what the dry run found: rule, wildcards, why (None: done), threads, gpu, bytes of
    the output, benchmark (path of the measured time below the folder `root`). Tokens are those of
    prompts and of answers. Hours, MB and money are of the jobs to run. `basis` is "measured",
    "estimate" or how many of the jobs are measured.
    """
    by_rule: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_rule[job["rule"]].append(job)
    estimates = _Estimates(study, root)
    rows = [_row(estimates, rule, found, root) for rule, found in by_rule.items()]
    return pl.DataFrame(rows, SCHEMA)


def _row(estimates: "_Estimates", rule: str, jobs: list[Job], root: Path) -> dict[str, Any]:
    study = estimates.plan.study
    by_engine: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_engine[_engine(job)].append(job)
    row: dict[str, Any] = dict.fromkeys(SCHEMA, 0) | {"stage": rule}
    reasons: Counter[str] = Counter()
    measured = 0
    for group in by_engine.values():
        todo = [job for job in group if job["why"] is not None]
        row["done"] += len(group) - len(todo)
        if not todo:
            continue
        scale = _scale(estimates, group, root)
        measured += len(todo) if scale else 0
        read_price, write_price = _token_prices(study, todo[0])
        row["run"] += len(todo)
        for why, count in Counter(tuple(job["why"]) for job in todo).items():
            reasons[_reason(why)] += count
        # Thousands of jobs are of a few kinds.
        kinds = Counter((estimates.of(job), job["gpu"], job["threads"]) for job in todo)
        for (each, gpus, threads), count in kinds.items():
            told = {k: count * value * scale.get(k, 1.0) for k, value in each._asdict().items()}
            row["prompts"] += told["prompts"]
            row["tokens"] += told["prompt_tokens"] + told["new_tokens"]
            row["gpu_hours"] += told["seconds"] * gpus / 3600
            row["cpu_hours"] += told["seconds"] * threads / 3600
            row["disk_mb"] += told["bytes"] / 1e6
            row["cost"] += told["prompt_tokens"] * read_price / 1e6
            row["cost"] += told["new_tokens"] * write_price / 1e6
    row |= {key: round(row[key]) for key in ("prompts", "tokens")}
    row["cost"] += row["gpu_hours"] * study.prices.gpu_hour
    row["cost"] += row["cpu_hours"] * study.prices.cpu_hour
    row["why"] = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    if row["run"]:
        mixed = f"{measured} of {row['run']} measured"
        row["basis"] = {0: "estimate", row["run"]: "measured"}.get(measured, mixed)
    else:
        row["basis"] = ""
    return row


def _engine(job: Job) -> str:
    """What a job's speed depends on most: its model."""
    names, keys = job["wildcards"], ("model", "embedder", "judge", "generator")
    return next((names[key] for key in keys if key in names), "")


def _token_prices(study: Study, job: Job) -> tuple[float, float]:
    """Prices per million prompt and new tokens of what a job asks: 0 where it is no server."""
    names = job["wildcards"]
    asked = names.get("judge") or names.get("generator")
    if job["rule"] == "diversity":
        asked = study.diversity.judge
    server = study.generators[asked].openai if asked in study.generators else None
    return (server.prompt_price, server.completion_price) if server else (0.0, 0.0)


def _reason(why: Iterable[str]) -> str:
    given = set(why)
    return next((short for long, short in WHY.items() if long in given), "; ".join(sorted(given)))


def _scale(estimates: "_Estimates", jobs: list[Job], root: Path) -> dict[str, float]:
    """What jobs that ran took, over what was estimated for them; empty where none ran."""
    took: Counter[str] = Counter()
    told: Counter[str] = Counter()

    def add(job: Job, measured: Mapping[str, float]) -> None:
        took.update(measured)
        told.update({key: getattr(estimates.of(job), key) for key in measured})

    ran = 0
    for job in jobs:
        if ran == LOOKED_AT:
            break
        benchmark = root / job["benchmark"] if job["benchmark"] else None
        if benchmark and benchmark.is_file():
            ran += 1
            add(job, {"seconds": json.loads(benchmark.read_text().splitlines()[-1])["s"]})
            stats = root / Path(job["log"]).with_suffix(".json") if job["log"] else None
            if job["rule"] in COUNTED and stats and stats.is_file():
                counts = json.loads(stats.read_text())
                add(job, {key: counts.get(key, 0) for key in COUNTS})
    if ran:
        for job in jobs:
            if job["bytes"]:  # what is still there
                add(job, {"bytes": job["bytes"]})
    return {key: took[key] / told[key] for key in told if told[key]}


class _Estimate(NamedTuple):
    """What one job takes: COUNTS, and the size of what it writes."""

    prompts: float
    prompt_tokens: float
    new_tokens: float
    seconds: float
    bytes: float


class _Asked(NamedTuple):
    """What a job asks of a language model."""

    prompts: int
    prompt: str  # a typical one
    longest: int  # tokens of an answer


class _Estimates:
    """What each job takes, from the configuration alone; jobs that are alike share an estimate."""

    def __init__(self, study: Study, root: Path) -> None:
        self.plan = Plan(study)
        self.lengths = _mean_lengths(root / self.plan.path("data/examples.parquet"))
        self.made: dict[tuple[str, ...], _Estimate] = {}

    def of(self, job: Job) -> _Estimate:
        """What one job takes."""
        names = job["wildcards"]
        key = (job["rule"], str(bool(job["gpu"])), *(names.get(name, "") for name in DECIDE))
        if key not in self.made:
            self.made[key] = self._estimate(job["rule"], names, bool(job["gpu"]))
        return self.made[key]

    def _estimate(self, rule: str, names: Mapping[str, str], gpu: bool) -> _Estimate:
        study = self.plan.study
        told: dict[str, float] = dict.fromkeys(COUNTS, 0)
        told["seconds"] = TYPICAL.get(rule, SHORT)
        told["bytes"] = TYPICAL_BYTES.get(rule, SMALL)
        if asked := self._asked(rule, names):
            told["prompts"] = asked.prompts
            told["prompt_tokens"] = asked.prompts * _tokens(asked.prompt)
            told["new_tokens"] = asked.prompts * asked.longest
            told["seconds"] = told["new_tokens"] / TOKENS_PER_SECOND[gpu]
        if rule in COUNTED:
            told["bytes"] = told["new_tokens"] * BYTES_PER_TOKEN
        elif rule in ("finetune", "finetune_causal"):
            model: Any = study.downstream[names["model"]]
            tokens = _steps(model, self.plan.arms[names["arm"]].rows) * model.batch_size
            told["seconds"] += tokens * model.max_length / self._trained_per_second(model, gpu)
        elif rule == "model" and (billions := study.models[names["source"]].parameters):
            told["bytes"] = billions * 2e9  # two bytes a weight
        elif rule == "probe":
            search = study.downstream[names["model"]].search
            told["seconds"] *= len(search.c) if isinstance(search, ProbeSearch) else 1
        elif rule == "tune":
            assert study.designs.loop
            tune = study.designs.loop.tune
            rows = self.plan.before(SimpleNamespace(**names)).rows
            longest = study.generators[names["generator"]].sampling.max_new_tokens
            tokens = optimiser_steps(tune.model_dump(), rows) * tune.batch_size * longest
            told["seconds"] += tokens / TUNED_PER_SECOND[gpu]
        elif rule == "embed":
            told["bytes"] = study.generate.n * VECTOR_BYTES
        elif rule == "embed_real":
            told["bytes"] = study.task.reference * VECTOR_BYTES
        return _Estimate(**told)

    def _trained_per_second(self, model: Trained, gpu: bool) -> float:
        """Tokens a second of a training: of a large model what its arithmetic allows.

        Forward and back are 2 operations each for a weight and a token, as many the gradient of the
        weights, which LoRA saves, and going forward again, which gradient checkpointing costs.
        """
        billions = self.plan.study.models[model.model].parameters
        if not billions:
            return TRAINED_PER_SECOND[gpu]
        full, again = (
            not getattr(model, "lora", None),
            getattr(model, "gradient_checkpointing", False),
        )
        passes = 2 + full + again
        return min(TRAINED_PER_SECOND[gpu], FLOPS[gpu] / (2e9 * billions * passes))

    def _asked(self, rule: str, names: Mapping[str, str]) -> _Asked | None:
        """What a job of a rule asks of a language model, None where it asks nothing."""
        study, task = self.plan.study, self.plan.study.task
        wildcards = SimpleNamespace(**{"shard": "0", **names})
        if rule in (*COUNTED, "topics"):
            writes = self.plan.topics_settings if rule == "topics" else self.plan.generate_settings
            told = json.loads(writes(wildcards))
            longest = told["generator"]["sampling"]["max_new_tokens"]
            # An answer is taken to name one new topic, and a set to be topped up by one shard.
            prompts = told.get("topics", study.generate.shard)
            return _Asked(prompts, _prompt(told, self._shown(longest)), longest)
        # Judges read texts that are taken to be as long as those of the first generator.
        answer = study.generators[study.generate.generators[0]].sampling.max_new_tokens
        text = self._shown(answer)["text"]
        if rule == "judge":
            labels = task.words * SHOWN
            shown = pl.DataFrame({"text": [text] * len(labels), "label": labels})
            pool = len(self.plan.shards) * study.generate.shard
            real = max(task.examples - len(labels), 0)
            prompt = label_prompt(text, shown, task.words, task.noun)
            return _Asked(pool + real, prompt, LABEL_TOKENS)
        if rule == "diversity" and study.diversity.judge:
            from mixtura.diversity_panel import DIVERSITY  # loads numpy, which few plans need

            name = "llm_cluster_score"
            options = {**DIVERSITY[name].options, **study.diversity.options.get(name, {})}
            prompts = options["repeats"] * (1 + study.diversity.repeats)
            longest = study.generators[study.diversity.judge].sampling.max_new_tokens
            return _Asked(prompts, cluster_prompt([text] * options["sample"]), longest)
        return None

    def _shown(self, longest: int) -> dict[str, Any]:
        """A row as prompts show it: as long as the mean example, else as the longest answer."""
        answer = longest * CHARACTERS
        halves = dict.fromkeys(("question", "answers", "prompt", "response"), answer / 2)
        lengths = {"text": answer, "context": PASSAGE, **halves, **self.lengths}
        row: dict[str, Any] = {name: "x" * round(length) for name, length in lengths.items()}
        return {**row, "answers": [row["answers"]]}


def _mean_lengths(file: Path) -> dict[str, float]:
    """Mean characters of each column of the examples, if there are some."""
    if not file.is_file():
        return {}
    rows = pl.read_parquet(file)
    texts = {
        name: rows[name].explode() if isinstance(kind, pl.List) else rows[name]
        for name, kind in rows.schema.items()
        if kind in (pl.String, pl.List(pl.String))
    }
    return {name: column.str.len_chars().mean() or 0.0 for name, column in texts.items()}  # type: ignore[misc]


def _prompt(told: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """A typical prompt: the template of a job's settings, with `row` for every row it shows."""
    from jinja2 import ChainableUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    writer, level = told["generator"], told.get("level", {})
    example = row["text"] if told.get("kind", "classification") == "classification" else row
    fields = {
        told.get("pipeline", {}).get("dial", "topic"): WORDS,
        "noun": told["noun"],
        "label": told.get("labels", [""])[0],
        "examples": [example] * writer["shots"],
        "context": row["context"],
        "source": row["text"],
        "shown": [WORDS] * 4,
        **{name: [WORDS] * level.get(name, 0) for name in ("hints", "taboo")},
    }
    try:  # what a dial of the user's own shows is left out, or all is taken as it stands
        environment = SandboxedEnvironment(undefined=ChainableUndefined)
        return environment.from_string(writer["prompt"]).render(fields)
    except (TemplateError, TypeError, ValueError):
        return str(writer["prompt"])


def _tokens(text: str) -> int:
    return math.ceil(len(text) / CHARACTERS)


def _steps(model: Trained, rows: int) -> int:
    """Optimiser steps of a run, those of every setting that it tries; none without rows."""
    told = model.model_dump(include={"steps", "epochs", "batch_size"})
    tried: list[dict[str, Any]] = [{}]
    if model.search:
        from mixtura.search import settings_to_try  # loads numpy, which few plans need

        tried = settings_to_try(model.search.model_dump())
    return sum(optimiser_steps({**told, **one}, rows) for one in tried) if rows else 0


def plan_text(table: pl.DataFrame) -> str:
    """The table for a terminal, rules in the order in which data flows, with the totals."""
    heads = ["stage", "to run", "done", "prompts", "tokens", "GPU h", "CPU h", "disk MB", "cost"]
    lines = [[*heads, "from", "why"]]
    total: dict[str, Any] = {"stage": "total", "basis": "", "why": ""}
    for name, kind in SCHEMA.items():
        if kind != pl.String:
            total[name] = table[name].sum()
    for row in [*table.iter_rows(named=True), total]:
        counts = [f"{row[name]:,}" for name in ("run", "done", "prompts", "tokens")]
        hours = [f"{row[name]:,.2f}" for name in ("gpu_hours", "cpu_hours")]
        rest = [f"{row['disk_mb']:,.1f}", f"{row['cost']:,.2f}", row["basis"], row["why"]]
        lines.append([row["stage"], *counts, *hours, *rest])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    left = (0, 9, 10)
    told = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([told[0], *told[1:-1], "-" * len(told[0]), told[-1]])
