"""A small search of the settings of a downstream model, on real rows that are only for this."""

import json
import math
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, TypeVar, cast

from mixtura.core.files import whole
from mixtura.train.settings import ProbeSearch, ProbeTraining, Search, Training

Model = TypeVar("Model")
S = TypeVar("S", bound=Training | ProbeTraining)

Trial = dict[str, Any]  # values by name, `loss` (None: diverged), `chosen`


def settings_to_try(search: Search | ProbeSearch) -> list[dict[str, float]]:
    """Every combination of the values that `search` lists, in their order."""
    lists = {name: values for name, values in search.model_dump().items() if values}
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]


def best_fit(
    settings: S,
    fit: Callable[[S, Path | None], Model],
    loss: Callable[[Model], float],
    resume: Path | None = None,
    key: str = "",
) -> tuple[Model, list[Trial]]:
    """The model of the settings with the least development loss, and all trials.

    Without `settings.search` the result is that of `fit(settings, resume)` alone. `fit` trains with
    settings and goes on from a folder, `loss` is that of the development split. A trial holds the
    values, their `loss` (None: diverged) and whether they are `chosen`, the first of equals. The
    folder `resume` remembers the losses for a killed run with the same `key`, and holds the
    checkpoint of the best so far: two models are never in memory. Raises FloatingPointError where
    all diverge.
    """
    if not settings.search:
        return fit(settings, resume), []
    memory = resume / "tried.json" if resume else None
    losses: list[float | None] = []
    if memory and memory.exists():
        state = json.loads(memory.read_text())
        losses = state["losses"] if state["key"] == key else []
    grid = settings_to_try(settings.search)

    def folder_of(number: int) -> Path | None:
        return resume / str(number) if resume else None

    def fitted(number: int) -> Model:
        candidate = cast(S, settings.model_copy(update=grid[number]))
        return fit(candidate, folder_of(number))

    for number in range(len(losses), len(grid)):
        try:
            value = loss(fitted(number))
        except FloatingPointError:
            value = math.nan
        losses.append(value if math.isfinite(value) else None)
        if memory:
            with whole(memory) as file:
                file.write_text(json.dumps({"key": key, "losses": losses}))
            for other in set(range(number + 1)) - {_least(losses)}:
                shutil.rmtree(memory.with_name(str(other)), ignore_errors=True)
    chosen = _least(losses)
    if chosen is None:
        raise FloatingPointError(
            f"training diverges with each of {grid}; lower search.learning_rate"
        )
    trials = [
        {**values, "loss": value, "chosen": number == chosen}
        for number, (values, value) in enumerate(zip(grid, losses, strict=True))
    ]
    return fitted(chosen), trials


def _least(losses: list[float | None]) -> int | None:
    """Place of the least loss, the first of equals; None where there is none."""
    known = {place: loss for place, loss in enumerate(losses) if loss is not None}
    return min(known, key=lambda place: (known[place], place), default=None)
