"""Trainings on `transformers.Trainer`: planned batches, checkpoints, and errors that name settings.

The plan of the batches is ours, for two reasons: arms are compared at equal numbers of steps, and
a killed training goes on with the very rows that come next.
"""

import math
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from accelerate.utils import find_executable_batch_size
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.utils import logging

from mixtura.core.files import naming_full_disk
from mixtura.core.precision import Dtype
from mixtura.train.settings import Training
from mixtura.train.tables import Steps

COMPLETE = "complete"  # the file in a checkpoint that is written last
Progress = Callable[[int, int, float], None]  # step, steps, loss


def silent(step: int, steps: int, loss: float) -> None:
    """Report no progress."""


def progress_lines(say: Callable[[str], None]) -> Progress:
    """Progress that is one line a step."""
    return lambda step, steps, loss: say(f"step {step} of {steps}, loss {loss:.4f}")


class Trackers(NamedTuple):
    """Services that follow a training, by the names that `transformers` has for them."""

    names: tuple[str, ...] = ()
    run: str = ""  # what they call the run
    folder: str = ""  # of the events of tensorboard

    def arguments(self) -> dict[str, Any]:
        """Arguments of `transformers.TrainingArguments`. Raises ValueError without a package."""
        for name in self.names:
            if not find_spec(name):
                raise ValueError(f"report_to: needs the package {name}; pip install {name}")
        if "tensorboard" in self.names:
            os.environ["TENSORBOARD_LOGGING_DIR"] = self.folder
        return {"report_to": list(self.names) or "none", "run_name": self.run}


class Restart(NamedTuple):
    """Where a killed training goes on, and who follows it."""

    folder: Path | None = None  # None: nothing is kept
    minutes: float = 10  # between two checkpoints
    trackers: Trackers = Trackers()


class PlannedBatches:
    """What a Trainer needs to take its batches from a plan; each is cut in equal parts."""

    batches: Sequence[Sequence[int]]  # row numbers of every step
    args: Any
    accelerator: Any
    train_dataset: Any
    data_collator: Any

    def get_train_dataloader(self) -> Any:
        """The parts of the batches in their order, over all processes."""
        parts = self.args.gradient_accumulation_steps * self.accelerator.num_processes
        pieces = [part.tolist() for batch in self.batches for part in np.array_split(batch, parts)]
        return self.accelerator.prepare(
            DataLoader(
                self.train_dataset,
                batch_sampler=pieces,
                collate_fn=self.data_collator,
                pin_memory=self.args.dataloader_pin_memory,
            )
        )

    def floating_point_ops(self, inputs: Any) -> int:
        """Nothing reads them, and counting takes time in every step."""
        return 0

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """A checkpoint needs no card."""


class PlannedTrainer(PlannedBatches, Trainer):  # type: ignore[misc]
    """`transformers.Trainer` on planned batches."""


class Course(TrainerCallback):  # type: ignore[misc]
    """Follows a training: its time, its loss, and its checkpoints.

    A checkpoint is due every `restart.minutes`, when SIGTERM or SIGUSR1 asks the process to stop,
    and after the last step where `last` is set. Raises FloatingPointError where the loss is not
    finite or over `bound`, SystemExit after the checkpoint that a signal asked for.
    """

    def __init__(self, restart: Restart, bound: float, last: bool, progress: Progress) -> None:
        self.restart, self.bound, self.last, self.progress = restart, bound, last, progress
        self.saved = time.monotonic()
        self.signal: int | None = None
        self.start = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Check the loss, complete the line of the log, say whether a checkpoint is due."""
        entry = state.log_history[-1]
        if "loss" not in entry:  # the summary at the end
            return
        loss, step = entry["loss"], state.global_step
        if not math.isfinite(loss) or loss > self.bound:
            raise FloatingPointError(
                f"the loss is {loss:.4g} at step {step} (loss_bound {self.bound:g}); lower "
                "learning_rate"
            )
        entry["seconds"] = time.perf_counter() - self.start
        entry["micro_batch"] = args.per_device_train_batch_size
        self.progress(step, state.max_steps, loss)
        due = time.monotonic() - self.saved >= 60 * self.restart.minutes
        last = self.last and step == state.max_steps
        control.should_save = self.signal is not None or (
            self.restart.folder is not None and (due or last)
        )

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark the checkpoint as complete, drop those before it, stop if a signal asks for it."""
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        Path(folder, COMPLETE).touch()
        for other in set(folder.parent.glob("checkpoint-*")) - {folder}:
            shutil.rmtree(other)
        self.saved = time.monotonic()
        if self.signal is not None:
            raise SystemExit(f"stopped by {signal.Signals(self.signal).name}; a checkpoint is kept")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, SIGTERM and SIGUSR1 ask for a checkpoint at the end of the step."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.signal = number

        numbers = (signal.SIGTERM, signal.SIGUSR1)
        before = {number: signal.signal(number, stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def newest_checkpoint(folder: Path) -> str | None:
    """The last complete checkpoint in a folder, if there is any."""
    complete = [mark.parent for mark in folder.glob(f"checkpoint-*/{COMPLETE}")]
    newest = max(complete, key=lambda place: int(place.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def processes() -> int:
    """Processes that a model is spread over: 1 where this one has all of it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def train(
    trainer_of: Callable[[dict[str, Any]], Any],
    batches: list[list[int]],
    lengths: Sequence[int],
    settings: Training,
    seed: int,
    dtype: Dtype,
    key: str,
    restart: Restart,
    progress: Progress = silent,
    accumulate: int = 1,
) -> pl.DataFrame:
    """Train on planned batches; returns the steps (`Steps`).

    `trainer_of(arguments)` gives a Trainer of a fresh model with arguments of
    `transformers.TrainingArguments`, its rows those that `batches` number, of `lengths` tokens.
    `key` names the training: checkpoints of another are not read. A batch is in memory in
    `accumulate` parts, one by one, or in more where there is no room. From a checkpoint the
    training goes on, on a CPU to the same weights as without a break. Raises FloatingPointError
    where the loss is not finite or over loss_bound, MemoryError where the smallest allowed part of
    a batch does not fit.
    """
    import torch

    logging.set_verbosity_error()
    course = Course(restart, settings.loss_bound, bool(settings.search), progress)
    size, smallest = settings.batch_size, min(map(len, batches))
    gpu = torch.cuda.is_available()
    if smallest < (ranks := processes()):
        raise ValueError(f"batch_size: {smallest} rows for {ranks} processes; raise it")
    micro = math.ceil(size / accumulate / ranks)
    # Of several processes one alone may be full: they would wait for it.
    least = max(1, micro >> settings.halvings) if ranks == 1 else micro

    def halved() -> int:
        nonlocal micro
        if micro <= least:
            raise MemoryError(
                f"no room for {micro} rows of up to {max(lengths)} tokens: lower max_length or "
                "batch_size, raise halvings, or on a CPU resources.finetune.mem_mb"
            )
        micro = math.ceil(micro / 2)
        return micro

    def attempt(part: int, folder: str) -> Any:
        arguments = {
            "output_dir": folder,
            "max_steps": len(batches),
            "per_device_train_batch_size": part,
            "gradient_accumulation_steps": min(math.ceil(size / part / ranks), smallest // ranks),
            "learning_rate": settings.learning_rate,
            "warmup_steps": int(settings.warmup * len(batches)),
            "weight_decay": settings.weight_decay,
            "bf16": dtype == "bfloat16",
            "fp16": dtype == "float16",
            "use_cpu": not gpu,
            "dataloader_pin_memory": gpu,
            "seed": seed % 2**32,  # numpy takes no larger one
            "logging_steps": 1,
            "logging_nan_inf_filter": False,
            "save_strategy": "no",  # `Course` says when
            **restart.trackers.arguments(),
            "disable_tqdm": True,
            "accelerator_config": {"even_batches": False},
        }
        trainer = trainer_of(arguments)
        trainer.batches = batches
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(course)
        try:
            with naming_full_disk(Path(folder, "checkpoint")):
                trainer.train(resume_from_checkpoint=newest_checkpoint(Path(folder)))
        finally:
            for place in Path(folder).glob("checkpoint-*"):
                if not Path(place, COMPLETE).exists():  # nobody reads it, and disks are full
                    shutil.rmtree(place)
        return trainer.state.log_history

    store = restart.folder
    with (
        nullcontext(store / key) if store else tempfile.TemporaryDirectory() as folder,
        course.watching() if ranks == 1 else nullcontext(),  # nothing is kept of a part
    ):
        fitting = find_executable_batch_size(attempt, micro, halved)
        log = [entry for entry in fitting(str(folder)) if "loss" in entry]
    tokens = [sum(lengths[row] for row in batch) for batch in batches]
    return pl.DataFrame(
        {
            "step": [entry["step"] for entry in log],
            "learning_rate": [entry["learning_rate"] for entry in log],
            "loss": [entry["loss"] for entry in log],
            "tokens": tokens,
            "tokens_per_second": [
                count / entry["seconds"] for count, entry in zip(tokens, log, strict=True)
            ],
            "micro_batch": [entry["micro_batch"] for entry in log],
        },
        Steps.create_empty().schema,
    )


def planned_batches(
    lengths: Sequence[int], size: int, steps: int, seed: int, pool: int = 8
) -> list[list[int]]:
    """Row numbers of the first `steps` batches, of at most `size` rows each.

    Every row comes once an epoch, in an order drawn from `seed`; the batches of an epoch are of
    equal size, or differ by one row. Each `pool` batches share rows of like length, so that little
    is padded.
    """
    rng = random.Random(seed)
    count = math.ceil(len(lengths) / size)
    sizes = [len(part) for part in np.array_split(lengths, count)] if count else []
    plan: list[list[int]] = []
    while len(plan) < steps:
        order = list(range(len(lengths)))
        rng.shuffle(order)
        batches, start = [], 0
        for first in range(0, count, pool):
            parts = sizes[first : first + pool]
            like = sorted(order[start : start + sum(parts)], key=lambda row: lengths[row])
            start += sum(parts)
            ends = np.cumsum(parts).tolist()
            batches += [like[end - part : end] for part, end in zip(parts, ends, strict=True)]
        rng.shuffle(batches)
        plan += batches
    return plan[:steps]
