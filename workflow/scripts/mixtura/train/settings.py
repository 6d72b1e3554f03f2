"""Settings of the rules that train: what a person writes of a model, and what a run draws.

The section `downstream` of the configuration extends `EncoderTraining`, `CausalTraining`,
`SetFitTraining`, `ProbeTraining` and `ModuleTraining`; `designs.loop.tune` extends `Tuning`.
"""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from mixtura.core.settings import Name, Positive, Precision, Settings, Share
from mixtura.prepare.settings import Kind, Proportion

PositiveFloat = Annotated[float, Field(gt=0, strict=False)]


class Mix(Settings):
    """Which rows a model is trained on, and in which order they are drawn."""

    n_real: int = Field(ge=0, description="real rows")
    n_generated: int = Field(0, ge=0, description="generated rows")
    sets: list[str] = Field(
        [], description="of several mixes: GENERATOR/PIPELINE/LEVEL/DRAW that generated rows are of"
    )
    repeat_to: int = Field(0, ge=0, description="rows that real rows are repeated to; 0: once each")
    fill: dict[str, int] = Field(
        {}, description="rare label -> rows that are added: generated, or else real ones again"
    )
    weighted: bool = Field(False, description="whether classes have weights in the loss")
    balance: Proportion = Field("equal", description="of labels in the real rows")
    study_seed: int = Field(description="`seed` of the study")


class Lora(Settings):
    """Low-rank adapters; the weights of the model stay as they are."""

    rank: Positive = Field(8, description="rank of an adapter")
    alpha: float = Field(16.0, gt=0, strict=False, description="scale; its effect is alpha / rank")
    dropout: Share = Field(0.0, strict=False, description="dropout before an adapter")
    target_modules: list[str] | None = Field(
        None, min_length=1, description="layers with an adapter; default: all linear ones"
    )
    quantize: bool = Field(
        False, description="QLoRA: weights below the adapters in 4 bits; needs bitsandbytes, a GPU"
    )


class Search(Settings):
    """Settings that each run tries, every combination; the least development loss is taken."""

    learning_rate: list[PositiveFloat] | None = Field(
        None, min_length=1, description="in place of `learning_rate`"
    )
    steps: list[Positive] | None = Field(None, min_length=1, description="in place of `steps`")
    epochs: list[Positive] | None = Field(None, min_length=1, description="in place of `epochs`")

    @model_validator(mode="after")
    def _some_values(self) -> Self:
        if self.steps and self.epochs:
            raise ValueError("give steps or epochs, not both")
        lists = [values for values in (self.learning_rate, self.steps, self.epochs) if values]
        if not lists:
            raise ValueError("give values of at least one of learning_rate, steps, epochs")
        for values in lists:
            if len(set(values)) < len(values):
                raise ValueError(f"{values} names a value twice; allowed: each once")
        return self


class ProbeSearch(Settings):
    """Settings of a probe that each run tries; the least development loss is taken."""

    c: list[PositiveFloat] = Field(min_length=1, description="in place of `c`")


class Training(Settings):
    """How a downstream model is fine-tuned: what all kinds of it have."""

    kind: str
    model: Name = Field(description="key in `models`")
    steps: Positive = Field(200, description="optimiser steps, the same for every mix")
    epochs: Positive | None = Field(
        None, description="in place of `steps`: passes over a mix; a larger mix is trained longer"
    )
    batch_size: Positive = Field(16, description="rows in one step")
    halvings: int = Field(
        3, ge=0, description="how often a batch is cut in two, its gradients added, on a full GPU"
    )
    learning_rate: float = Field(1e-4, gt=0, strict=False, description="peak of a linear schedule")
    warmup: Share = Field(0.1, description="share of the steps that warm up")
    weight_decay: float = Field(0.01, ge=0, description="AdamW")
    precision: Precision = Field(
        "auto", description="of products; auto: bfloat16 where the processor has it, else float32"
    )
    loss_bound: float = Field(20.0, gt=0, strict=False, description="a larger loss is an error")
    search: Search | None = Field(
        None, description="settings that are chosen on `task.development` real rows; default: none"
    )
    keep_checkpoint: bool = Field(
        False, description="keep the tuned model in checkpoints/ARM/NAME/rREPLICATE/seed-SEED"
    )

    def untrained(self) -> Self:
        """The same without a step: the model stays as it is."""
        return self.model_copy(update={"steps": 0, "epochs": None, "search": None})


class EncoderTraining(Training):
    """An encoder that is fine-tuned as a classifier, and how it is trained."""

    kind: Literal["encoder"] = Field("encoder", description="one job for the seeds of a mix")
    max_length: Positive = Field(64, description="longest text, tokens; the rest is cut")
    freeze: int = Field(0, ge=0, description="lowest layers that stay as they are, embeddings too")


class CausalTraining(Training):
    """A causal language model that is fine-tuned, whole or by LoRA, on completions alone."""

    kind: Literal["causal-lm"] = Field(description="one job for the seeds of a mix")
    lora: Lora | None = Field(None, description="adapters; default: all weights are trained")
    sharded: bool = Field(
        False,
        description="all weights, gradients and the optimiser are spread over the GPUs of the job, "
        "a process each (FSDP); without a GPU over a process for each of its cores",
    )
    accumulate: Positive = Field(1, description="parts of a batch, in memory one by one")
    max_length: Positive = Field(
        512,
        description="longest row, tokens; a longer one is an error, plain text is cut in pieces",
    )
    chat: bool = Field(
        False, description="prompts are a user's turn in the chat template of the model"
    )
    packing: bool = Field(
        False, description="rows are put together up to `max_length` tokens: little padding"
    )
    gradient_checkpointing: bool = Field(False, description="less memory, a third more time")
    max_new_tokens: Positive = Field(32, description="longest answer, tokens")


class SetFitTraining(Settings):
    """A sentence encoder that is contrasted and classified by SetFit: for few labelled rows."""

    kind: Literal["setfit"] = Field(description="one job for the seeds of a mix")
    model: Name = Field(description="key in `models`")
    steps: Positive = Field(200, description="steps of the contrast, the same for every mix")
    batch_size: Positive = Field(16, description="pairs in one step")
    learning_rate: float = Field(2e-5, gt=0, strict=False, description="of the encoder")
    max_length: Positive = Field(64, description="longest text, tokens; the rest is cut")
    c: float = Field(1.0, gt=0, strict=False, description="inverse strength of the L2 penalty")


class ProbeTraining(Settings):
    """Logistic regression on stored embeddings: for sweeps of thousands of runs."""

    kind: Literal["probe"] = Field(description="one job for all arms of a seed")
    embedder: Name = Field(description="key in `embedders`: whose embeddings it reads")
    c: float = Field(10.0, gt=0, strict=False, description="inverse strength of the L2 penalty")
    search: ProbeSearch | None = Field(
        None, description="values that are chosen on `task.development` real rows; default: none"
    )


class ModuleTraining(Settings):
    """A downstream model of your own: a Python file with a function `fit_predict`."""

    kind: Literal["module"] = Field(description="one job for the seeds of a mix")
    model: Name | None = Field(
        None, description="key in `models`: its folder is the argument `model`; default: none"
    )
    options: dict[str, Any] = Field({}, description="keyword arguments of the function")


class LmEval(Settings):
    """Tasks of lm-eval that the tuned model is evaluated on too; `keep_checkpoint` keeps it."""

    python: str = Field(
        min_length=1,
        description="Python that has lm-eval: a path such as .venv-lm-eval/bin/python, or a name "
        "in the PATH",
    )
    tasks: list[Name] = Field(
        min_length=1, description="names of tasks or groups, of lm-eval or in `include`"
    )
    include: str | None = Field(
        None,
        description="folder of your own tasks: their YAML files, the code that they name, and "
        "best their data too, for a change of any file in it evaluates again",
    )
    shots: int | None = Field(
        None, ge=0, description="examples shown before each item; default: the task's own number"
    )
    limit: Positive | None = Field(None, description="first items of each task; default: all")


class Tuning(Settings):
    """How a generator is trained in a loop: on the text alone, after the prompt without examples.

    Other settings of the training are the defaults of a downstream model of kind causal-lm.
    """

    steps: Positive = Field(100, description="optimiser steps, the same in every round")
    epochs: Positive | None = Field(
        None, description="in place of `steps`: passes over a set; a larger set is trained longer"
    )
    batch_size: Positive = Field(16, description="rows in one step")
    learning_rate: float = Field(2e-4, gt=0, strict=False, description="peak of a linear schedule")
    lora: Lora | None = Field(
        Lora(), description="adapters, merged after training; null: all weights are trained"
    )
    max_length: Positive = Field(512, description="longest prompt and text, tokens")


def optimiser_steps(settings: Training | Tuning, rows: int) -> int:
    """Steps of a training: those of `epochs` passes over the rows if set, else `steps`."""
    if settings.epochs:
        return settings.epochs * math.ceil(rows / settings.batch_size)
    return settings.steps


class FinetuneSettings(Settings):
    """What a run draws, and how its downstream model is trained."""

    training: EncoderTraining | CausalTraining | SetFitTraining | ModuleTraining = Field(
        discriminator="kind"
    )
    task: Kind
    labels: list[str] = Field(description="label words, in the order of the classes")
    no_label: str = Field("other", description="of kind multilabel: word for a row without labels")
    mix: Mix
    code: str | None = Field(
        None,
        description="digest of the file of a model of the user's own, wherever it lies",
    )


class ProbeSettings(Settings):
    """What the runs of a seed draw, and how a probe is fitted."""

    training: ProbeTraining
    task: Kind = "classification"
    labels: list[str] = Field(description="label words, in the order of the classes")
    arms: dict[str, Mix] = Field(description="arm -> its mix")


class EvaluateLmSettings(LmEval):
    """Which tasks of lm-eval a tuned model is evaluated on, and how."""

    batch_size: Positive = Field(description="items at once")
    version: str | None = Field(description="of lm-eval")


class Prompting(Settings):
    """How a row becomes the prompt and the answer of a generator."""

    prompt: str = Field(description="text of the template")
    format: Literal["completion", "chat"]
    task: Kind
    noun: str = Field(description="what a row is, in words that prompts use")
    no_label: str = Field("other", description="of kind multilabel: word for a row without labels")


class TuneSettings(Settings):
    """What the generator of a round is trained on, and how."""

    tuning: Tuning
    prompting: Prompting
    mix: Mix
    seed: int = Field(description="of the weights, the batches and the mix")

    def training(self) -> CausalTraining:
        """The training of a causal language model that this is."""
        return CausalTraining(kind="causal-lm", model="generator", **self.tuning.model_dump())


class PerplexitySettings(Settings):
    """After which prompts real text is given to the generator of a loop."""

    prompting: Prompting
    max_length: Positive = Field(description="longest prompt and text, tokens")
    rows: Positive | None = Field(description="rows of the test split; none: all")

    def training(self) -> CausalTraining:
        """How the model is loaded: without adapters, and as long as the texts are."""
        return CausalTraining(kind="causal-lm", model="generator", max_length=self.max_length)
