"""What a job takes before any was measured: seconds, tokens, bytes, from the configuration."""

import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from mixtura.plan.plan import Plan
from mixtura.plan.planned import PlannedJob
from mixtura.plan.questions import QuestionsOfJobs
from mixtura.plan.training_speed import CHARACTERS, TrainingSpeed
from mixtura.plan.typical import SHORT, TYPICAL
from mixtura.study.data import row_characters
from mixtura.study.downstream import CausalLM, Encoder
from mixtura.study.study import Study
from mixtura.train.settings import ProbeSearch, optimiser_steps

TOKENS_PER_SECOND = {False: 120, True: 1500}  # generating, without and with a GPU
TUNED_PER_SECOND = {False: 200, True: 10_000}  # tokens of a generator that is trained
BYTES_PER_TOKEN = 5  # of text with its columns, compressed
TYPICAL_BYTES = {"model": 500_000_000, "task": 1_000_000, "report": 1_000_000}
SMALL = 20_000  # bytes of what any other rule writes
VECTOR_BYTES = 768 * 4
# Wildcards that an estimate depends on: jobs that differ in others (shard, seed) share it.
DECIDE = ("source", "model", "embedder", "judge", "generator", "pipeline", "level", "arm", "rows")
COUNTED = ("generate", "top_up")  # rules whose statistics have COUNTS, none where nothing was asked
COUNTS = ("prompts", "prompt_tokens", "new_tokens")


class Estimate(NamedTuple):
    """What one job takes: COUNTS, seconds, and the size of what it writes."""

    prompts: float
    prompt_tokens: float
    new_tokens: float
    seconds: float
    bytes: float


class Estimates:
    """What each job takes, from the configuration alone; jobs that are alike share an estimate.

    `root` is the folder of the results: prompts are as long as its examples make them, and rows as
    long as these are.
    """

    def __init__(self, study: Study, root: Path) -> None:
        self.plan, self.root = Plan(study), root
        self.questions = QuestionsOfJobs(self.plan, root)
        shown = self.questions.lengths  # of the examples, where there are some
        known = sum(shown[name] for name in ("text", "context") if name in shown) or None
        self.speed = TrainingSpeed(study, known or row_characters(study.task))
        self._estimates: dict[tuple[str, ...], Estimate] = {}

    def of(self, job: PlannedJob) -> Estimate:
        """What one job takes."""
        wildcards = job["wildcards"]
        key = (job["rule"], str(job["gpu"]), *(wildcards.get(name, "") for name in DECIDE))
        if key not in self._estimates:
            self._estimates[key] = self._estimate(job["rule"], wildcards, job["gpu"])
        each = self._estimates[key]
        if "part" not in wildcards:
            return each
        runs = self._runs(wildcards, job["why"] is None)
        return Estimate(*(runs * value for value in each))

    def _runs(self, wildcards: Mapping[str, str], done: bool) -> int:
        """Runs of a job: of one to run those that it lacks, if it has others."""
        names = SimpleNamespace(**wildcards)
        seeds = self.plan.finetune.seeds(names)
        folder = self.root / self.plan.finetune.runs(names)
        missing = [seed for seed in seeds if not (folder / f"seed-{seed}").is_dir()]
        return len(missing if missing and not done else seeds)

    def _estimate(self, rule: str, wildcards: Mapping[str, str], gpus: float) -> Estimate:
        questions = self.questions.of(rule, wildcards)
        if questions:
            tokens = math.ceil(len(questions.prompt) / CHARACTERS)
            written = questions.prompts * questions.longest
            seconds = written / TOKENS_PER_SECOND[bool(gpus)]
            counts = (questions.prompts, questions.prompts * tokens, written)
        else:
            seconds, counts = float(TYPICAL.get(rule, SHORT)), (0, 0, 0)
        seconds = self._seconds(rule, wildcards, gpus, seconds)
        size = counts[2] * BYTES_PER_TOKEN if rule in COUNTED else self._bytes(rule, wildcards)
        return Estimate(*counts, seconds=seconds, bytes=size)

    def _seconds(
        self, rule: str, wildcards: Mapping[str, str], gpus: float, seconds: float
    ) -> float:
        """Seconds of a job; `seconds` are those of any job of the rule."""
        study = self.plan.sets.study
        if rule in ("finetune", "finetune_causal"):
            model = self.plan.finetune.training(wildcards["arm"], wildcards["model"])
            assert isinstance(model, Encoder | CausalLM)
            rows = self.plan.sets.arms[wildcards["arm"]].rows
            return seconds + self.speed.seconds(model, rows, gpus)
        if rule == "probe":
            search = study.downstream[wildcards["model"]].search
            return seconds * len(search.c) if isinstance(search, ProbeSearch) else seconds
        if rule == "tune":
            assert study.designs.loop
            tune = study.designs.loop.tune
            rows = self.plan.loop.before(SimpleNamespace(**wildcards)).rows
            longest = study.generators[wildcards["generator"]].sampling.max_new_tokens
            tokens = optimiser_steps(tune, rows) * tune.batch_size * longest
            return seconds + tokens / TUNED_PER_SECOND[bool(gpus)]
        return seconds

    def _bytes(self, rule: str, wildcards: Mapping[str, str]) -> float:
        study = self.plan.sets.study
        if rule == "model" and (billions := study.models[wildcards["source"]].parameters):
            return billions * 2e9  # two bytes a weight
        if rule == "embed":
            return study.generate.n * VECTOR_BYTES
        if rule == "embed_real":
            return study.task.reference * VECTOR_BYTES
        return TYPICAL_BYTES.get(rule, SMALL)
