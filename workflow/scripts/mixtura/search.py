"""A small search of the settings of a downstream model, on real rows that are only for this."""

import json
import math
import shutil
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixtura.predictions import LEAST
from mixtura.tables import whole

Fitted = TypeVar("Fitted")


def settings_to_try(search: dict[str, list[Any] | None]) -> list[dict[str, Any]]:
    """Every combination of the values that `search` lists, in their order."""
    lists = {name: values for name, values in search.items() if values}
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]


def best_fit(
    settings: dict[str, Any],
    fit: Callable[[dict[str, Any], Path | None], Fitted],
    loss: Callable[[Fitted], float],
    resume: Path | None = None,
    key: str = "",
) -> tuple[Fitted, list[dict[str, Any]]]:
    """The model of the settings with the least development loss, and all that was tried.

    `settings["search"]` lists values by name; without it `fit(settings, resume)` is all. `fit`
    trains with settings and goes on from a folder, `loss` is that of the development split. What
    was tried are the values, their `loss` (None: diverged) and whether they are `chosen`, the
    first of equals. The folder `resume` remembers it for a killed run with the same `key`, and
    holds the checkpoint of the best so far: two models are never in memory. Raises
    FloatingPointError where all diverge.
    """
    if not settings.get("search"):
        return fit(settings, resume), []
    told = resume / "tried.json" if resume else None
    losses: list[float | None] = []
    if told and told.exists():
        held = json.loads(told.read_text())
        losses = held["losses"] if held["key"] == key else []
    grid = settings_to_try(settings["search"])

    def place_of(number: int) -> Path | None:
        return resume / str(number) if resume else None

    def best() -> int | None:
        known = [place for place, found in enumerate(losses) if found is not None]
        return min(known, key=lambda place: (losses[place], place)) if known else None

    for number in range(len(losses), len(grid)):
        try:
            found = loss(fit({**settings, **grid[number]}, place_of(number)))
        except FloatingPointError:
            found = math.nan
        losses.append(found if math.isfinite(found) else None)
        if told:
            with whole(told) as file:
                file.write_text(json.dumps({"key": key, "losses": losses}))
            for other in set(range(number + 1)) - {best()}:
                shutil.rmtree(told.with_name(str(other)), ignore_errors=True)
    chosen = best()
    if chosen is None:
        raise FloatingPointError(
            f"training diverges with each of {grid}; lower search.learning_rate"
        )
    tried = [
        {**values, "loss": found, "chosen": number == chosen}
        for number, (values, found) in enumerate(zip(grid, losses, strict=True))
    ]
    return fit({**settings, **grid[chosen]}, place_of(chosen)), tried


def log_loss(
    probabilities: NDArray[np.floating[Any]], gold: Sequence[str], labels: Sequence[str]
) -> float:
    """Mean negative log-probability of the gold label, nats; `probabilities` are (n, labels)."""
    right = probabilities[np.arange(len(gold)), [labels.index(label) for label in gold]]
    return float(-np.log(np.maximum(right, LEAST)).mean())
