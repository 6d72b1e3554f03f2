"""How a panel calls a measure: what it needs, its options, what it returns."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from itertools import chain
from typing import Any, NamedTuple

from pydantic import JsonValue

from mixtura.measure.blocks import numpy_array, unit_rows
from mixtura.measure.sample import Sample

Options = Mapping[str, JsonValue]
"""Keyword arguments of a measure by name."""


@dataclass(frozen=True)
class Measure:
    """How a panel calls a measure.

    function: (sample, **options) for diversity, (real, other, **options) for shift; returns a
    number, an `Estimate`, (number, p-value), or a mapping of measure names to numbers.
    needs: fields of `Sample`. options: defaults; a list stands for one row of the panel per value.
    limit: most rows used, for what would take too long on all. default: runs when no measures are
    named. lighter: options of subsets, whose values make the interval and need no p-value. at_once:
    an option whose list goes to the function as it is, for one number of each value. note: what
    stands with the settings in the table. own: not one of this package.
    """

    function: Callable[..., Any]
    needs: tuple[str, ...]
    options: Options = field(default_factory=dict)
    limit: int | None = None
    default: bool = True
    lighter: Options = field(default_factory=dict)
    at_once: str | None = None
    note: Options = field(default_factory=dict)
    own: bool = False


class Estimate(NamedTuple):
    """A number whose 95 % interval comes from its own formula, not from subsets."""

    value: float
    interval: Callable[[], tuple[float, float]]


@dataclass(frozen=True)
class Score:
    """One number that a measure returns, with its settings."""

    value: float | None
    settings: Options
    name: str | None = None
    p_value: float | None = None
    interval: Callable[[], tuple[float, float]] | None = None


def own_measures(functions: Mapping[str, Callable[..., float]] | None) -> dict[str, Measure]:
    """The caller's measures: the keyword arguments of their functions are their options."""
    measures = {}
    for name, function in (functions or {}).items():
        arguments = signature(function).parameters.values()
        options = {a.name: a.default for a in arguments if a.default is not a.empty}
        try:
            json.dumps(options)
        except TypeError as error:
            raise ValueError(f"{name}: a default is no number, text or list: {error}") from None
        needs = ("texts", "embeddings")
        measures[name] = Measure(partial(_call_own, function), needs, options, own=True)
    return measures


def _call_own(function: Callable[..., float], /, *samples: Sample, **options: Any) -> float:
    pairs = ((s.texts, unit_rows(numpy_array(s.embeddings), "embeddings")) for s in samples)
    value = float(function(*chain.from_iterable(pairs), **options))
    if not 0 <= value < math.inf:
        raise ValueError(f"it gave {value}; a measure is a finite number, 0 or more")
    return value


_NEEDED = {"tokens": "texts", "judge": "a judge"}


def chosen_measures(
    known: Mapping[str, Measure],
    names: Sequence[str] | None,
    options: Mapping[str, Options] | None,
    *samples: Sample,
) -> list[tuple[str, Measure, Options]]:
    """Measures to run with their options; ValueError for what is unknown or cannot be run."""
    options = options or {}
    unknown = sorted({*(names or []), *options} - known.keys())
    if unknown:
        raise ValueError(f"unknown measures {', '.join(unknown)}: choose from {', '.join(known)}")
    missing = {
        name: [n for n in m.needs if any(getattr(sample, n) is None for sample in samples)]
        for name, m in known.items()
    }
    if names is None:
        names = [name for name, m in known.items() if m.default and not missing[name]]
    chosen: list[tuple[str, Measure, Options]] = []
    for name in names:
        if missing[name]:
            needed = ", ".join(_NEEDED.get(n, n) for n in missing[name])
            raise ValueError(f"{name} needs {needed}, for every set")
        changed, allowed = options.get(name, {}), known[name].options
        if changed.keys() - allowed.keys():
            raise ValueError(
                f"unknown options {', '.join(sorted(changed.keys() - allowed.keys()))} for {name}: "
                f"choose from {', '.join(allowed) or 'none'}"
            )
        chosen.append((name, known[name], {**allowed, **changed}))
    return chosen


def call_measure(measure: Measure, samples: tuple[Sample, ...], options: Options) -> list[Score]:
    """Call a measure once for each value of an option that is a list."""
    for key, values in options.items():
        if not isinstance(values, list):
            continue
        if key == measure.at_once:
            pairs = zip(values, measure.function(*samples, **options), strict=True)
            return [s for value, v in pairs for s in _scores(v, {**options, key: value})]
        each = ({**options, key: value} for value in values)
        return [s for single in each for s in call_measure(measure, samples, single)]
    return _scores(measure.function(*samples, **options), options)


def _scores(result: Any, options: Options) -> list[Score]:
    if isinstance(result, dict):
        return [Score(float(value), options, name) for name, value in result.items()]
    if isinstance(result, Estimate):
        return [Score(float(result.value), options, interval=result.interval)]
    if isinstance(result, tuple):
        return [Score(float(result[0]), options, None, float(result[1]))]
    return [Score(float(result), options)]


def attempt(
    take: Callable[..., list[Score]],
    samples: tuple[Sample, ...],
    name: str,
    required: bool,
    settings: Options,
) -> list[Score]:
    """The scores of a measure; where it is not defined, ValueError if `required`, else a null."""
    try:
        return take(*samples)
    except ValueError as error:
        if required:
            raise ValueError(f"{name}: {error}") from error
        return [Score(None, {**settings, "undefined": str(error)})]


def noted(measure: Measure, settings: Options, normalise: bool = True) -> Options:
    """The settings of a row, with how its embeddings were scaled and whose measure it is."""
    scaled = {"normalise": normalise} if "embeddings" in measure.needs else {}
    return {**settings, **measure.note, **scaled, **({"own": True} if measure.own else {})}


def as_json(settings: Options) -> str:
    """Settings as the tables hold them."""
    plain = {
        k: str(v) if isinstance(v, float) and math.isinf(v) else v for k, v in settings.items()
    }
    return json.dumps(plain, sort_keys=True)
