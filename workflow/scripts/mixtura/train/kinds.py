"""Kinds of downstream models that are trained in a job of each run: a module of this room each.

A module has `fit(settings, rows, seed, place)`, which returns the model after its training and the
trials of its search. Rules name the module too, so that its code reruns the runs of its kind alone.
"""

from importlib import import_module
from typing import Protocol, cast

from mixtura.train.runs import Predictor, Rows, Workplace
from mixtura.train.search import Trial
from mixtura.train.settings import FinetuneSettings

KINDS = {
    "encoder": "mixtura.train.encoder",
    "causal-lm": "mixtura.train.causal",
    "setfit": "mixtura.train.setfit",
    "module": "mixtura.train.module",
}


class ModelKind(Protocol):
    """A kind of downstream model."""

    def fit(
        self, settings: FinetuneSettings, rows: Rows, seed: int, place: Workplace
    ) -> tuple[Predictor, list[Trial]]:
        """The model after its training on the rows of the mix, and the trials of its search."""


def load_kind(kind: str) -> ModelKind:
    """The module of a kind. Raises KeyError for an unknown one."""
    return cast(ModelKind, import_module(KINDS[kind]))
