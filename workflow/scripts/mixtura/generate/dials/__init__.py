"""Dials: how a pipeline turns diversity up and down.

A dial is a module with this function:

    def specify(level, material, indices) -> list[Prompt]

It yields one `Prompt` for each index of the range `indices`: what the prompt shows and asks for,
never text of a template. `level` holds the settings of the level, `material` what may be drawn
from (`generate.dials.base.Material`); `material.draw(index)` is the plain prompt with its own
random stream. A dial whose prompts depend on what the shard wrote before has a second function:

    def chain(level, material, prompts, rows) -> list[Prompt]

It gets the prompts of one batch and the accepted (id, text, label) rows of the batches before.
Arguments come by position.

A dial of your own needs no change here: `dial: module` with `file: my_dial.py` runs it, and its
levels may hold any settings, which it gets as a dictionary. To build one in, add the module here,
with the model of its levels as `Level`, and give a pipeline section with these levels in
`mixtura.study` its name as `dial`.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from pydantic import JsonValue

from mixtura.generate.dials.base import Dial, Material, Prompt
from mixtura.generate.settings import DialSettings


def load_dial(settings: DialSettings) -> Dial:
    """The dial of a pipeline: a built-in module, or that in a file of a person's own.

    Raises ValueError where the file has no function `specify`.
    """
    # By their names, so that only text of this dial depends on its code (plan: `dial`).
    if settings.name != "module":
        return cast(Dial, import_module(f"mixtura.generate.dials.{settings.name}"))
    modules = import_module("mixtura.core.modules")
    return cast(Dial, modules.load_own(settings.file, "specify", "a dial"))


def read_level(dial: Dial, level: Mapping[str, JsonValue]) -> Any:
    """The settings of a level as its dial takes them: its model `Level`, or the dictionary."""
    model = getattr(dial, "Level", None)
    return model.model_validate(level) if model else level


def chain(
    dial: Dial,
    level: Any,
    material: Material,
    prompts: list[Prompt],
    rows: Sequence[tuple[str, str, str]],
) -> list[Prompt]:
    """The prompts of a batch after the (id, text, label) rows of the shard that came before."""
    if not hasattr(dial, "chain"):
        return prompts
    chained: list[Prompt] = dial.chain(level, material, prompts, rows)
    return chained
