"""Section `downstream`: the models that are trained on mixes."""

import math
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mixtura.core.packages import version_in
from mixtura.core.settings import Positive, Settings
from mixtura.study.base import Level, PythonFile, Section, check_length
from mixtura.study.run import Resources
from mixtura.train.settings import (
    CausalTraining,
    EncoderTraining,
    ModuleTraining,
    ProbeTraining,
    SetFitTraining,
    Training,
)
from mixtura.train.settings import LmEval as TasksOfLmEval

Regime = Literal["steps", "epochs", "real_passes"]


class Mixes(Section):
    """Some mixes of the designs: those that fit every key; one left out fits all."""

    designs: list[str] | None = Field(None, min_length=1, description="keys of `designs`")
    real: list[Positive] | None = Field(None, min_length=1, description="real rows")
    generated: list[Positive] | None = Field(None, min_length=1, description="generated rows")
    levels: list[Level] | None = Field(None, min_length=1, description="of `generate.levels`")

    def hold(self, **mix: Any) -> bool:
        """Whether they hold a mix, given by the keys of this section and a value of each."""
        return all(getattr(self, key) is None or mix[key] in getattr(self, key) for key in mix)


class OnMixes(Settings):
    """What every kind of downstream model has beside its training."""

    mixes: Mixes = Field(
        Mixes(),
        exclude=True,  # of the whole study; the settings of a run name its own mix
        description="the mixes that it is trained on, and what these are compared to; default: all",
    )


class InJobs(OnMixes):
    """A downstream model whose runs are jobs, one by one or several in one job."""

    runs_per_job: Positive | None = Field(
        None,
        exclude=True,
        description="most runs in one job, one after the other: seeds of a mix in a replicate; "
        "default: all its seeds. A job that goes on, or has a new seed, trains what is missing",
    )
    resources: Resources | None = Field(
        None,
        exclude=True,
        description="what its jobs ask for, before `resources.finetune`; `runtime` is that of one "
        "run",
    )

    def parts(self, seeds: list[int]) -> list[list[int]]:
        """The seeds of each job of a mix in a replicate."""
        size = self.runs_per_job or len(seeds)
        return [seeds[first : first + size] for first in range(0, len(seeds), size)]


class FineTuned(InJobs, Training):
    """A downstream model that is fine-tuned: what all kinds of it have beside the training."""

    report_to: list[Literal["trackio", "wandb", "tensorboard"]] = Field(
        [],
        exclude=True,
        description="trackers that follow its trainings; each is a package to install; events of "
        "tensorboard go to events/ in the results",
    )
    # What a run depends on is the number of its steps, so that this is no part of its settings.
    regime: Regime = Field(
        "steps",
        exclude=True,
        description="what is equal where mixes are compared. steps: optimiser steps; epochs: "
        "passes over a mix, as many as `epochs` says; real_passes: passes over the real rows, "
        "`steps` being those of real rows alone, so that a mix trains longer by what it adds",
    )

    @model_validator(mode="before")
    @classmethod
    def _regime_of_epochs(cls, section: Any) -> Any:
        if isinstance(section, dict) and "regime" not in section and _has_epochs(section):
            return {**section, "regime": "epochs"}
        return section

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        check_length(self.epochs, self.model_fields_set)
        if self.epochs and self.search and self.search.steps:
            raise ValueError("search.steps: the model trains for epochs; search.epochs is allowed")
        if (self.regime == "epochs") != bool(self.epochs or (self.search and self.search.epochs)):
            raise ValueError(
                f"regime: {self.regime} with epochs: {self.epochs}; allowed: regime epochs with a "
                "number of epochs, the others with steps alone"
            )
        return self

    def for_mix(self, rows: int, baseline_rows: int) -> Self:
        """The training of a mix of so many rows that is compared with so many real rows alone."""
        if self.regime != "real_passes" or not rows or not baseline_rows:
            return self

        batches, alone = (math.ceil(n / self.batch_size) for n in (rows, baseline_rows))

        def scaled(steps: int) -> int:
            return round(steps * batches / alone)

        search = self.search
        if search and search.steps:
            search = search.model_copy(update={"steps": [*map(scaled, search.steps)]})
        return self.model_copy(update={"steps": scaled(self.steps), "search": search})


def _has_epochs(section: dict[str, Any]) -> bool:
    search = section.get("search")
    return bool(section.get("epochs") or (isinstance(search, dict) and search.get("epochs")))


class Encoder(EncoderTraining, FineTuned):
    """An encoder that is fine-tuned as a classifier, and how it is trained."""


class LmEval(TasksOfLmEval):
    """Tasks of lm-eval that the tuned model is evaluated on too; `keep_checkpoint` keeps it."""

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if not version_in(self.python, "lm-eval"):
            raise ValueError(
                f"python: no lm-eval in {self.python!r}; allowed: a Python that has it, which "
                "`make lm-eval` puts in .venv-lm-eval/bin/python"
            )
        if self.include and not Path(self.include).is_dir():
            raise ValueError(f"include: no folder at {self.include!r}")
        return self


class CausalLM(CausalTraining, FineTuned):
    """A causal language model that is fine-tuned, whole or by LoRA, on completions alone."""

    # Not part of the settings of the training: another task trains nothing.
    lm_eval: LmEval | None = Field(None, exclude=True)

    @model_validator(mode="after")
    def _checkpoint(self) -> Self:
        if self.lm_eval and not self.keep_checkpoint:
            raise ValueError("lm_eval: reads the tuned model; give keep_checkpoint: true beside it")
        if self.sharded and self.lora:
            raise ValueError("sharded: of all weights; leave it out, or lora")
        return self


class SetFit(InJobs, SetFitTraining):
    """A sentence encoder that is contrasted and classified by SetFit: for few labelled rows."""

    search: ClassVar[None] = None


class Probe(OnMixes, ProbeTraining):
    """Logistic regression on stored embeddings: for sweeps of thousands of runs."""

    resources: Resources | None = Field(
        None, exclude=True, description="what its jobs ask for, before `resources.probe`"
    )


class ModuleFile(Section):
    """A section whose first keys are its kind and a file."""

    kind: str
    file: PythonFile = Field(description="the Python file, see docs/extending.md")


class ModuleModel(InJobs, ModuleTraining, ModuleFile):
    """A downstream model of your own: a Python file with a function `fit_predict`."""

    search: ClassVar[None] = None


def _with_kind(section: Any) -> Any:
    return {"kind": "encoder", **section} if isinstance(section, dict) else section


Downstream = Annotated[
    Encoder | CausalLM | SetFit | Probe | ModuleModel,
    Field(discriminator="kind"),
    BeforeValidator(_with_kind),
]
