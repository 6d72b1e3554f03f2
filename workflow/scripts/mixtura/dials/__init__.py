"""Dials: how a pipeline turns diversity up and down.

A dial is a module with this function:

    def specify(level, given, indices) -> list[PromptSpec]

It yields one `PromptSpec` for each index of the range `indices`: what the prompt shows and asks
for, never text of a template. `level` holds the settings of the level, `given` what may be drawn
from (`mixtura.dials.base.Given`); `given.draw(index)` is the plain prompt with its own random
stream. A dial whose prompts depend on what the shard wrote before has a second function:

    def chain(level, given, specs, earlier) -> list[PromptSpec]

It gets the prompts of one batch and the accepted (id, text, label) rows of the batches before.

A dial of your own needs no change here: `dial: module` with `file: my_dial.py` runs it, and its
levels may hold any settings. To build one in, add the module here, and give a pipeline section
with its levels in `mixtura.config` its name as `dial`.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import polars as pl

from mixtura.dials.base import Given


def given_rows(
    settings: Mapping[str, Any], examples: pl.DataFrame, lines: Sequence[str] | None
) -> Given:
    """What the dial of a shard draws from: `settings` are those of the shard."""
    return Given(
        examples["id", "text", "label"].rows(),
        settings["labels"],
        settings["generator"]["shots"],
        settings["stream"],
        lines or settings["pipeline"].get("personas"),
        list(dict.fromkeys(examples["context"])) if "context" in examples.columns else [],
    )


def load_dial(pipeline: Mapping[str, Any]) -> ModuleType:
    """The dial of a pipeline: a built-in module, or with `dial: module` the one in its `file`.

    Raises ValueError where the file has no function `specify`.
    """
    # By their names, so that only text of this dial depends on its code: `Plan.dial`.
    if pipeline["dial"] != "module":
        return import_module(f"mixtura.dials.{pipeline['dial']}")
    own: ModuleType = import_module("mixtura.own").load_own(pipeline["file"], "specify", "a dial")
    return own
