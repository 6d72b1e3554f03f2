"""The tables of runs: their mixes, training steps and predictions."""

from typing import Any

import dataframely as dy
import polars as pl

from mixtura.core.tables import Table

LIKELIHOOD = {"only": "causal language models of kinds instruction and text"}


class Answers(dy.String):
    """A column of answers: one string in each row, or a list of strings in each row."""

    def validate_dtype(self, dtype: Any) -> bool:
        """Whether a type is that of strings or of lists of strings."""
        return dtype in (pl.String(), pl.List(pl.String))


class OfRun(Table):
    """The names of a run, which stand first in every table about runs."""

    arm = dy.String(primary_key=True, description="arm of the run")
    model = dy.String(primary_key=True, description="downstream model of the run")
    replicate = dy.Int64(primary_key=True, description="number of the replicate")
    seed = dy.Int64(primary_key=True, description="seed of the run")


class Mix(Table, file="runs/ARM/MODEL/rREPLICATE/part-PART/seed-SEED/mix.parquet"):
    """The rows that a run is trained on; a repeated row stands as often as it is repeated."""

    id = dy.String(nullable=False, description="id of the row")
    source = dy.String(nullable=False, description="real or generated")


class ProbeMixes(Table, file="runs/MODEL/rREPLICATE/seed-SEED/mixes.parquet"):
    """The rows that the probes of a seed are fitted on."""

    arm = dy.String(nullable=False, description="arm of the mix")
    id = dy.String(nullable=False, description="id of the row")
    source = dy.String(nullable=False, description="real or generated")


class TunedMix(Mix, file="loop/GENERATOR/PIPELINE/LEVEL/DRAW/mix.parquet"):
    """The rows that the generator of a round of a loop is trained on."""


class Steps(Table, file="runs/ARM/MODEL/rREPLICATE/part-PART/seed-SEED/steps.parquet"):
    """The optimiser steps of a training."""

    step = dy.Int64(primary_key=True, description="number of the step, the first is 1")
    learning_rate = dy.Float64(description="learning rate of the step")
    loss = dy.Float64(description="loss of the batch", metadata={"unit": "nats"})
    tokens = dy.Int64(description="tokens of the batch, without padding")
    tokens_per_second = dy.Float64(description="tokens a second")
    micro_batch = dy.Int64(
        description="rows in memory at once, fewer than the batch where a GPU has no room for it"
    )


class TunedSteps(Steps, file="loop/GENERATOR/PIPELINE/LEVEL/DRAW/steps.parquet"):
    """The optimiser steps of the generator of a round of a loop."""


class Predictions(OfRun, file="runs/ARM/MODEL/rREPLICATE/part-PART/seed-SEED/predictions.parquet"):
    """The predictions of a run for every test set; of a probe, of all arms at once."""

    test = dy.String(primary_key=True, description="name of the test set")
    id = dy.String(primary_key=True, description="id of the row")
    gold = Answers(
        description="right label or answer; of kind qa, the list of right answers, of kind "
        "multilabel, the labels"
    )
    predicted = Answers(description="predicted label or answer; of kind multilabel, the labels")
    probabilities = dy.Float64(
        alias="p_*",
        metadata={"only": "tasks of kinds classification and multilabel"},
        description="probability of label *",
    )
    nll = dy.Float64(
        metadata={**LIKELIHOOD, "unit": "nats"},
        description="negative log-likelihood of the real response or text",
    )
    tokens = dy.Int64(metadata=LIKELIHOOD, description="tokens of the real response or text")


class LmEvalResults(OfRun, file="runs/ARM/MODEL/rREPLICATE/seed-SEED/lm_eval.parquet"):
    """The results of lm-eval for the tuned model of a run."""

    task = dy.String(primary_key=True, description="task of lm-eval, or group of tasks")
    metric = dy.String(primary_key=True, description="metric, with its filter if it has one")
    value = dy.Float64(allow_nan=True, allow_inf=True, description="value of the metric")
    stderr = dy.Float64(
        nullable=True,
        allow_nan=True,
        description="standard error over the items; null where lm-eval has none",
    )
    n = dy.Int64(nullable=True, description="items")


class LmEvalItems(OfRun, file="runs/ARM/MODEL/rREPLICATE/seed-SEED/lm_eval_items.parquet"):
    """The scores of the items of lm-eval for the tuned model of a run."""

    task = dy.String(primary_key=True, description="task of lm-eval")
    metric = dy.String(
        primary_key=True,
        description="metric, with its filter if it has one; such as scores each item by a number",
    )
    item = dy.String(primary_key=True, description="place of the item and digits of its hash")
    score = dy.Float64(description="its score")
    lower = dy.Bool(description="whether smaller scores are better")


class Perplexity(Table, file="perplexity/GENERATOR/PIPELINE/LEVEL/DRAW.parquet"):
    """How likely the generator of a round of a loop finds real rows of the test split."""

    id = dy.String(primary_key=True, description="id of the row")
    nll = dy.Float64(
        description="negative log-likelihood after the prompt", metadata={"unit": "nats"}
    )
    tokens = dy.Int64(description="tokens of the row, its end included")
