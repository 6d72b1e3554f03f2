"""Every measure on one set, with intervals and noise floors, as a tidy frame.

Nearly all measures grow or shrink with n, so each is taken on the same number n of rows, drawn once
without replacement. Its 95 % interval answers: what would another n rows of this source give?

A bootstrap would not do: its duplicates make a set less diverse than it is. Instead the measure is
taken again on `repeats` subsets of m < n rows without replacement (Politis & Romano 1994). Subsets
of one set overlap, so they spread less than fresh samples of m rows by sqrt(1 - m / n), while a
sample of n rows spreads less than one of m by sqrt(m / n): the standard error at n is the spread of
the subsets times sqrt(m / (n - m)). m is half of n, where the factor is 1, or `subset` if less. The
interval is value +- Student's t times that error, symmetric around the value at n. Diversity
measures that grow with n spread in proportion to their value, so there the spread is also scaled by
value / mean of the subsets. Texts are taken as independent draws: near-duplicates from one prompt
make the true interval wider. For MMD under no shift it is too wide, never too narrow. An interval
ends where the measure's range ends (`RANGES`): an AUC above 1 is no answer.
"""

import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import signature
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from mixtura.blocks import Matrix, matrix, numpy_array, unit_rows
from mixtura.diversity.lexical import words

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """One set of texts, with what is known about each of them."""

    texts: list[str] | None = None
    tokens: list[list[str]] | None = None
    embeddings: Matrix = None
    labels: list[Hashable] | None = None
    topics: list[Hashable] | None = None
    reference: Matrix | None = None
    judge: Callable[[list[str]], Sequence[Hashable]] | None = None
    # What several measures or comparisons need is found once: for all subsets too (clusters of the
    # reference), for these rows as a whole (a language model), or for each row (its density).
    shared: dict[Any, Any] = field(default_factory=dict)
    known: dict[Any, Any] = field(default_factory=dict)
    of_rows: dict[Any, Matrix] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts if self.texts is not None else self.embeddings)

    def take(self, rows: np.ndarray) -> "Sample":
        """Return the given rows; the reference stays whole."""
        lists: dict[str, Any] = {
            name: None if (held := getattr(self, name)) is None else [held[i] for i in rows]
            for name in ("texts", "tokens", "labels", "topics")
        }
        embeddings = None if self.embeddings is None else self.embeddings[rows]
        of_rows = {key: held[rows] for key, held in self.of_rows.items()}
        return replace(self, embeddings=embeddings, known={}, of_rows=of_rows, **lists)


@dataclass(frozen=True)
class Measure:
    """How a panel calls a measure.

    function: (sample, **options) for diversity, (real, other, **options) for shift; returns a
    number, (number, p-value), or a mapping of measure names to numbers. needs: fields of `Sample`.
    options: defaults; a list stands for one row of the panel per value. limit: most rows used, for
    what would take too long on all. default: runs when no measures are named. lighter: options
    of subsets, whose values make the interval and need no p-value. at_once: an option whose list
    goes to the function as it is, for one number of each value. own: not one of this package.
    """

    function: Callable[..., Any]
    needs: tuple[str, ...]
    options: Options = field(default_factory=dict)
    limit: int | None = None
    default: bool = True
    lighter: Options = field(default_factory=dict)
    at_once: str | None = None
    own: bool = False


REFERENCE_LIMIT = 20_000
"""Most reference rows that a diversity measure compares with: the first ones."""


RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("dcscore", "vendi_score", "topic_count", "perplexity"), (1, math.inf)),
    **dict.fromkeys(
        (
            "mean_pairwise_distance",
            "chamfer_distance",
            "knn_distance",
            "nearest_real_distance",
        ),
        (0, 2),
    ),
    **dict.fromkeys(
        (
            "kmeans_inertia",
            "radius",
            "distinct_n",
            "self_bleu",
            "rouge_l_homogenisation",
            "mattr",
            "hdd",
            "precision",
            "recall",
            "coverage",
            "c2st",
            "mauve",
            "ngram_jensen_shannon",
            "length_shift",
            "label_shift",
            "tail_loss",
        ),
        (0, 1),
    ),
    "facility_location": (-1, 1),
    "mmd": (-math.inf, 2),
    "mmd_test": (-math.inf, 2),
}
"""Range of every measure that is not simply 0 or more; intervals are cut to it."""

COLUMNS = {
    "measure": pl.String,
    "settings": pl.String,
    "n": pl.Int64,
    "repeats": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


@dataclass(frozen=True)
class Found:
    """One number that a measure gave, with its settings."""

    value: float | None
    settings: Options
    name: str | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Spread:
    """Values of one measure on subsets of m out of n rows."""

    values: list[float]
    m: int
    n: int

    @property
    def repeats(self) -> int:
        """Number of subsets."""
        return len(self.values)

    def interval(
        self, value: float | None, grows: bool = False
    ) -> tuple[float, float] | tuple[None, None]:
        """95 % interval around the value at n; see the module's docstring."""
        if value is None or self.repeats < 2:
            return None, None
        from scipy.stats import t

        values = np.array(self.values)
        error = values.std(ddof=1) * math.sqrt(self.m / (self.n - self.m))
        if grows and values.mean() != 0:
            error *= abs(value / values.mean())
        reach = float(t.ppf(0.975, self.repeats - 1) * error)
        return value - reach, value + reach


def within(
    name: str, interval: tuple[float, float] | tuple[None, None]
) -> tuple[float, float] | tuple[None, None]:
    """Cut an interval to the range of its measure."""
    low, high = interval
    if low is None or high is None:
        return None, None
    least, most = RANGES.get(name, (0, math.inf))
    return max(low, least), min(high, most)


def sample_of(
    texts: Sequence[str] | None,
    embeddings: Matrix | None,
    labels: Sequence[Hashable] | None,
    topics: Sequence[Hashable] | None,
    name: str,
    reference: Matrix | None = None,
) -> Sample:
    """One set as measures read it. Raises ValueError where its parts differ in length."""
    if embeddings is not None:
        embeddings = matrix(embeddings, f"{name} embeddings")
    if reference is not None:
        reference = matrix(reference, "reference embeddings")[:REFERENCE_LIMIT]
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts or []):
        raise ValueError(f"{name} texts must be a list of strings")
    given = {"texts": texts, "embeddings": embeddings, "labels": labels, "topics": topics}
    sizes = {key: len(held) for key, held in given.items() if held is not None}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise ValueError(f"{name} inputs must have the same number of rows, at least 1: {sizes}")
    labels, topics = (
        None if values is None or all(v is None for v in values) else list(values)
        for values in (labels, topics)
    )
    return Sample(
        None if texts is None else list(texts),
        None if texts is None else [words(text) for text in texts],
        embeddings,
        labels,
        topics,
        reference,
    )


_NEEDED = {"tokens": "texts", "judge": "a judge"}


def own_measures(own: Mapping[str, Callable[..., float]] | None) -> dict[str, Measure]:
    """The caller's measures: the keyword arguments of their functions are their options."""
    made = {}
    for name, function in (own or {}).items():
        arguments = signature(function).parameters.values()
        options = {a.name: a.default for a in arguments if a.default is not a.empty}
        try:
            json.dumps(options)
        except TypeError as error:
            raise ValueError(f"{name}: a default is no number, text or list: {error}") from None
        needs = ("texts", "embeddings")
        made[name] = Measure(partial(_call_own, function), needs, options, own=True)
    return made


def _call_own(function: Callable[..., float], /, *samples: Sample, **options: Any) -> float:
    given = ((s.texts, unit_rows(numpy_array(s.embeddings), "embeddings")) for s in samples)
    value = float(function(*chain.from_iterable(given), **options))
    if not 0 <= value < math.inf:
        raise ValueError(f"it gave {value}; a measure is a finite number, 0 or more")
    return value


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
        own = options.get(name, {})
        allowed = known[name].options
        if own.keys() - allowed.keys():
            raise ValueError(
                f"unknown options {', '.join(sorted(own.keys() - allowed.keys()))} for {name}: "
                f"choose from {', '.join(allowed) or 'none'}"
            )
        chosen.append((name, known[name], {**allowed, **own}))
    return chosen


def checked_size(n: int | None, repeats: int, subset: int, held: int) -> int:
    """Rows to measure: `n`, or all that are `held`. Raises ValueError for impossible numbers."""
    if n is not None and not 1 <= n <= held:
        raise ValueError(f"n must be between 1 and the {held} rows there are, not {n}")
    if repeats < 0 or subset < 2:
        raise ValueError(f"repeats must be at least 0 and subset at least 2: {repeats}, {subset}")
    return held if n is None else n


def limited(sample: Sample, limit: int | None) -> Sample:
    """The first `limit` rows."""
    if limit is None or len(sample) <= limit:
        return sample
    return sample.take(np.arange(limit))


def call_measure(measure: Measure, samples: tuple[Sample, ...], options: Options) -> list[Found]:
    """Call a measure once for each value of an option that is a list."""
    several = next((key for key, value in options.items() if isinstance(value, list)), None)
    if several is None:
        return _unpack(measure.function(*samples, **options), options)
    if several == measure.at_once:
        pairs = zip(options[several], measure.function(*samples, **options), strict=True)
        return [Found(float(v), {**options, several: o}) for o, v in pairs]
    each = ({**options, several: o} for o in options[several])
    return [f for single in each for f in call_measure(measure, samples, single)]


def _unpack(result: Any, options: Options) -> list[Found]:
    if isinstance(result, dict):
        return [Found(float(value), options, name) for name, value in result.items()]
    if isinstance(result, tuple):
        return [Found(float(result[0]), options, None, float(result[1]))]
    return [Found(float(result), options)]


def attempt(
    take: Callable[..., list[Found]],
    samples: tuple[Sample, ...],
    name: str,
    named: bool,
    settings: Options,
) -> list[Found]:
    """What a measure gives; where it is not defined, an error if it was `named`, else a null."""
    try:
        return take(*samples)
    except ValueError as error:
        if named:
            raise ValueError(f"{name}: {error}") from error
        return [Found(None, {**settings, "undefined": str(error)})]


def subsets(
    take: Callable[..., list[Found]],
    groups: Sequence[tuple[Sample, ...]],
    founds: Sequence[list[Found]],
    repeats: int,
    subset: int,
    seed: int,
) -> list[list[Spread]]:
    """Values of each group of samples on subsets; none where one is too small for the measure.

    A sample in several groups has the same subsets in all of them.
    """
    n = len(groups[0][0])
    m = min(n // 2, subset)
    values: list[list[list[float]]] = [[[] for _ in found] for found in founds]
    defined = [m >= 1 and found[0].value is not None for found in founds]
    for r in range(repeats):
        random = np.random.default_rng([seed, 1000 + r])
        drawn: dict[int, Sample] = {}
        for i, group in enumerate(groups):
            if not defined[i]:
                continue
            for sample in group:
                if id(sample) not in drawn:
                    drawn[id(sample)] = sample.take(random.permutation(n)[:m])
            try:
                results = take(*(drawn[id(sample)] for sample in group))
            except ValueError:
                values[i], defined[i] = [[] for _ in founds[i]], False
                continue
            for held, result in zip(values[i], results, strict=True):
                held.append(float(result.value or 0.0))
    return [[Spread(held, m, n) for held in group] for group in values]


def noted(measure: Measure, settings: Options, normalise: bool = True) -> Options:
    """The settings of a row, with how its embeddings were scaled and whose measure it is."""
    scaled = {"normalise": normalise} if "embeddings" in measure.needs else {}
    return {**settings, **scaled, **({"own": True} if measure.own else {})}


def as_json(settings: Options) -> str:
    """Settings as the tables hold them."""
    plain = {
        k: str(v) if isinstance(v, float) and math.isinf(v) else v for k, v in settings.items()
    }
    return json.dumps(plain, sort_keys=True)
