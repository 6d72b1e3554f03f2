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
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import signature
from itertools import accumulate, chain
from typing import Any

import numpy as np
import polars as pl

from mixtura import diversity, shift
from mixtura.blocks import Matrix, matrix, namespace, nearest, numpy_array, unit_rows
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


def _embedded(function: Callable[..., Any], **options: Any) -> Measure:
    return Measure(lambda s, **o: function(s.embeddings, **o), ("embeddings",), options)


def _referenced(function: Callable[..., Any], limit: int | None = None, **options: Any) -> Measure:
    def call(s: Sample, **o: Any) -> Any:
        return function(s.embeddings, s.reference, **o)

    return Measure(call, ("embeddings", "reference"), options, limit)


def _partition(s: Sample, clusters: int, seed: int) -> float:
    key = ("partition", clusters, seed)
    if key not in s.shared:
        s.shared[key] = diversity.partition(s.reference, clusters, seed)
    return diversity.entropy(np.bincount(s.shared[key](s.embeddings)))


def _novelsum(s: Sample, alpha: float, beta: float, k: int) -> float:
    key = ("density", beta, k)
    if key not in s.of_rows:
        s.of_rows[key] = diversity.novelsum_density(s.embeddings, s.reference, beta=beta, k=k)
    return diversity.novelsum(s.embeddings, s.reference, alpha=alpha, density=s.of_rows[key])


def _neighbours(s: Sample, k: int = 1) -> float:
    held = s.known.get("nearest")
    if held is None or held.shape[1] < k:
        x = unit_rows(s.embeddings, rows=2)
        # As many as the next measure is likely to ask for.
        held = s.known["nearest"] = nearest(x, x, max(k, min(5, len(x) - 1)), same=True)
    return float(held[:, :k].mean(dtype=namespace(held).float64) / 2)


def _judged(s: Sample, **options: Any) -> float:
    if s.texts is None or s.judge is None:
        raise ValueError("llm_cluster_score needs texts and a judge")
    return diversity.llm_cluster_score(s.texts, s.judge, **options)


def _worded(function: Callable[..., Any], limit: int | None = None, **options: Any) -> Measure:
    return Measure(lambda s, **o: function(s.tokens, **o), ("tokens",), options, limit)


DIVERSITY = {
    "dcscore": replace(
        _embedded(diversity.dcscore, kernel="cosine", tau=[1.0, 0.05], gamma=1.0, degree=3),
        at_once="tau",
    ),
    "vendi_score": _embedded(diversity.vendi_score, q=[1.0, math.inf]),
    "novelsum": Measure(
        _novelsum, ("embeddings", "reference"), {"alpha": 1.0, "beta": 0.5, "k": 10}, 20_000
    ),
    "mean_pairwise_distance": _embedded(diversity.mean_pairwise_distance),
    "chamfer_distance": Measure(_neighbours, ("embeddings",)),
    "knn_distance": Measure(_neighbours, ("embeddings",), {"k": 5}),
    "kmeans_inertia": _embedded(diversity.kmeans_inertia, clusters=10, seed=0),
    "radius": _embedded(diversity.radius),
    "log_determinant": _embedded(diversity.log_determinant, eps=1.0),
    "partition_entropy": Measure(
        _partition, ("embeddings", "reference"), {"clusters": 10, "seed": 0}
    ),
    "facility_location": _referenced(diversity.facility_location),
    "distinct_n": _worded(diversity.distinct_n, n=[1, 2, 3]),
    "ngram_diversity": _worded(diversity.ngram_diversity, n=4),
    "self_bleu": _worded(diversity.self_bleu, 1000, n=4),
    "rouge_l_homogenisation": _worded(diversity.rouge_l_homogenisation, 200),
    "compression_ratio": Measure(lambda s: diversity.compression_ratio(s.texts), ("texts",)),
    "self_repetition": _worded(diversity.self_repetition, n=4),
    "mattr": _worded(diversity.mattr, window=50),
    "mtld": _worded(diversity.mtld, threshold=0.72),
    "hdd": _worded(diversity.hdd, sample=42),
    "length_entropy": _worded(diversity.length_entropy),
    "label_entropy": Measure(lambda s: diversity.label_entropy(s.labels), ("labels",)),
    "topic_entropy": Measure(lambda s: diversity.label_entropy(s.topics), ("topics",)),
    "topic_count": Measure(lambda s: float(len(Counter(s.topics))), ("topics",)),
    "llm_cluster_score": Measure(
        _judged, ("texts", "judge"), {"sample": 10, "repeats": 20, "seed": 0}
    ),
}
"""The diversity measures by name. Options given to `diversity_panel` replace the defaults here."""

_BUDGETED = ("distinct_n", "ngram_diversity")


def _between(function: Callable[..., Any], limit: int | None = None, **options: Any) -> Measure:
    def call(real: Sample, other: Sample, **o: Any) -> Any:
        return function(real.embeddings, other.embeddings, **o)

    return Measure(call, ("embeddings",), options, limit)


def _texts_between(function: Callable[..., Any], **options: Any) -> Measure:
    return Measure(lambda a, b, **o: function(a.tokens, b.tokens, **o), ("tokens",), options)


def _kernelled(function: Callable[..., Any], limit: int, **options: Any) -> Measure:
    def call(real: Sample, other: Sample, kernel: str, bandwidth: Any, **o: Any) -> Any:
        if kernel != "rbf":
            raise ValueError(f"kernel must be rbf, not {kernel!r}")
        if bandwidth == "median":
            # Of the real rows alone: one kernel for all levels, their floor and all subsets, for
            # distances in two kernels cannot be compared.
            if "bandwidth" not in real.shared:
                halves = real.embeddings[::2], real.embeddings[1::2]
                real.shared["bandwidth"] = shift.median_bandwidth(*halves)
            bandwidth = real.shared["bandwidth"]
        return function(real.embeddings, other.embeddings, bandwidth=bandwidth, **o)

    known = {"kernel": "rbf", "bandwidth": "median"}
    return Measure(call, ("embeddings",), {**known, **options}, limit)


def _perplexity(real: Sample, other: Sample, order: int) -> float:
    key = ("model", order)
    if key not in real.known:
        real.known[key] = shift.NgramModel(real.tokens or [], order)
    logs, tokens = real.known[key].log_probs(other.tokens or [])
    return math.exp(-logs.sum() / tokens.sum())


SHIFT = {
    "mmd": _kernelled(shift.mmd, 20_000),
    "mmd_test": replace(
        _kernelled(shift.mmd_test, 2_000, permutations=500, seed=0), lighter={"permutations": 1}
    ),
    "energy_distance": _between(shift.energy_distance, 20_000),
    "sliced_wasserstein": _between(shift.sliced_wasserstein, projections=200, seed=0),
    "frechet_distance": _between(shift.frechet_distance, shrinkage=True),
    "prdc": _between(shift.prdc, 20_000, k=5),
    "c2st": _between(shift.c2st, 2_000, folds=5, seed=0),
    "mauve": replace(_between(shift.mauve, 5_000, buckets=None, seed=[0, 1, 2]), default=False),
    "nearest_real_distance": _between(shift.nearest_real_distance),
    "ngram_jensen_shannon": _texts_between(shift.ngram_jensen_shannon, n=[1, 2]),
    "length_shift": _texts_between(shift.length_shift_test),
    "perplexity": Measure(_perplexity, ("tokens",), {"order": 3}),
    "label_shift": Measure(lambda a, b: shift.label_shift(a.labels, b.labels), ("labels",)),
    "tail_loss": _between(shift.tail_loss, 20_000, k=5, tail=0.2),
}
"""The shift measures by name. Options given to `shift_panel` replace the defaults here."""

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

_DIVERSITY_COLUMNS = {
    "measure": pl.String,
    "settings": pl.String,
    "n": pl.Int64,
    "repeats": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
_SHIFT_COLUMNS = _DIVERSITY_COLUMNS | {
    name: pl.Float64 for name in ("floor", "floor_low", "floor_high", "ratio", "p_value")
}


def diversity_panel(
    texts: Sequence[str] | None,
    embeddings: Matrix | None = None,
    reference_embeddings: Matrix | None = None,
    labels: Sequence[Hashable] | None = None,
    topics: Sequence[Hashable] | None = None,
    n: int | None = None,
    repeats: int = 20,
    seed: int = 0,
    *,
    measures: Sequence[str] | None = None,
    options: Mapping[str, Options] | None = None,
    token_budget: int | None = None,
    subset: int = 1_500,
    judge: Callable[[list[str]], Sequence[Hashable]] | None = None,
    own: Mapping[str, Callable[..., float]] | None = None,
    progress: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """Measure the diversity of a set of texts. One row a measure and setting.

    texts: N strings; embeddings: (N, d); reference_embeddings: (m, d) of real data; labels, topics:
    one a text, None for unknown. n: rows to measure, drawn without replacement (default N); give
    the same n, and the same token_budget for n-gram measures, to all sets to be compared.
    repeats: subsets an interval is made of, 0 for none; subset: most rows of one of them.
    measures: names from `DIVERSITY` (default: all that the inputs allow); options: {measure:
    {option: value or list}}. judge: gives each of some texts a label of its group, for
    llm_cluster_score (`mixtura.judge`). own: name -> function (texts, embeddings) of the caller's
    that returns a number, 0 or more; its options are its keyword arguments. progress is called with
    each name before it is measured.
    Of the reference the first `REFERENCE_LIMIT` rows are compared with, recorded as n_reference.

    Columns: measure, settings (JSON), n (rows used), repeats, value, low, high (95 %, module
    docstring). Where no measures are named, one that this set is too small or too uniform for has a
    null value and the reason under "undefined" in its settings; low and high are null
    where the subsets are. Raises ValueError for unknown names, for inputs that do not fit together,
    and for a named measure that is not defined here.
    """
    whole = _sample(texts, embeddings, labels, topics, "generated", reference_embeddings)
    whole = replace(whole, judge=judge)
    chosen = _chosen(DIVERSITY | _brought(own), measures, options, whole)
    n = _check(n, repeats, subset, len(whole))
    drawn = whole.take(np.random.default_rng([seed, 0]).permutation(len(whole))[:n])
    rows: list[dict[str, Any]] = []
    for name, measure, settings in chosen:
        if progress:
            progress(name)
        part = _limited(drawn, measure.limit)
        budget = token_budget if name in _BUDGETED else None
        if budget is not None:
            part = _budgeted(drawn, budget)

        take = partial(_call_one, measure, settings, budget, len(part))
        found = _attempt(take, (part,), name, measures is not None, settings)
        (spread,) = _subsets(take, [(part,)], [found], repeats, subset, seed)
        for f, s in zip(found, spread, strict=True):
            note = _note(measure, f.settings, whole)
            low, high = _within(f.name or name, s.interval(f.value, grows=True))
            rows.append(
                {
                    "measure": f.name or name,
                    "settings": note,
                    "n": len(part),
                    "repeats": s.repeats,
                    "value": f.value,
                    "low": low,
                    "high": high,
                }
            )
    return pl.DataFrame(rows, _DIVERSITY_COLUMNS)


def shift_panel(
    real_texts: Sequence[str] | None,
    real_embeddings: Matrix | None,
    generated_texts: Sequence[str] | None,
    generated_embeddings: Matrix | None,
    held_out_texts: Sequence[str] | None = None,
    held_out_embeddings: Matrix | None = None,
    *,
    real_labels: Sequence[Hashable] | None = None,
    generated_labels: Sequence[Hashable] | None = None,
    held_out_labels: Sequence[Hashable] | None = None,
    n: int | None = None,
    repeats: int = 20,
    seed: int = 0,
    measures: Sequence[str] | None = None,
    options: Mapping[str, Options] | None = None,
    normalise: bool = True,
    subset: int = 1_500,
    own: Mapping[str, Callable[..., float]] | None = None,
    progress: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """Measure how far generated texts lie from real ones, beside held-out real ones: the floor.

    Texts and (N, d) embeddings of three sets; the held-out real set may be missing, then the floor
    is null. n: rows drawn without replacement from each (default: the smallest set), so that value
    and floor have the same n. normalise: scale embeddings to unit length first. Names come from
    `SHIFT`; a function in `own` gets texts and embeddings of the real rows, then of the others; the
    other arguments are those of `diversity_panel`.

    Columns: those of `diversity_panel` and floor, floor_low, floor_high, ratio (value / floor, null
    unless the floor is above 0) and p_value (null where the measure has none). `prdc` gives four
    rows; `mmd_test` and `length_shift` have p-values; mauve runs only when named. Raises
    ValueError as `diversity_panel` does.
    """
    samples = {
        "real": _sample(real_texts, real_embeddings, real_labels, None, "real"),
        "generated": _sample(
            generated_texts, generated_embeddings, generated_labels, None, "generated"
        ),
    }
    if held_out_texts is not None or held_out_embeddings is not None:
        samples["held_out"] = _sample(
            held_out_texts, held_out_embeddings, held_out_labels, None, "held-out"
        )
    known = SHIFT | _brought(own)
    chosen = _chosen(known, measures, options, *samples.values())
    n = _check(n, repeats, subset, min(map(len, samples.values())))
    for i, (name, whole) in enumerate(samples.items()):
        drawn = whole.take(np.random.default_rng([seed, i]).permutation(len(whole))[:n])
        if normalise and drawn.embeddings is not None:
            drawn = replace(drawn, embeddings=unit_rows(drawn.embeddings, f"{name} embeddings"))
        samples[name] = drawn
    rows: list[dict[str, Any]] = []
    for name, measure, settings in chosen:
        if progress:
            progress(name)
        parts = {key: _limited(drawn, measure.limit) for key, drawn in samples.items()}
        take = partial(_call_pair, measure, settings)
        pairs = [(parts["real"], parts[key]) for key in parts if key != "real"]
        founds = [_attempt(take, pair, name, measures is not None, settings) for pair in pairs]
        light = partial(_call_pair, measure, {**settings, **measure.lighter})
        spreads = _subsets(light, pairs, founds, repeats, subset, seed)
        if len(pairs) == 1:
            founds.append([replace(f, value=None) for f in founds[0]])
            spreads.append([_Spread([], 1, 2) for _ in founds[0]])
        extra = {"normalise": normalise} if "embeddings" in measure.needs else {}
        extra |= {"own": True} if measure.own else {}
        for f, s, b, bs in zip(founds[0], spreads[0], founds[1], spreads[1], strict=True):
            low, high = _within(f.name or name, s.interval(f.value))
            floor_low, floor_high = _within(f.name or name, bs.interval(b.value))
            ratio = None if f.value is None or not b.value or b.value < 0 else f.value / b.value
            rows.append(
                {
                    "measure": f.name or name,
                    "settings": _json({**f.settings, **extra}),
                    "n": len(parts["real"]),
                    "repeats": s.repeats,
                    "value": f.value,
                    "low": low,
                    "high": high,
                    "floor": b.value,
                    "floor_low": floor_low,
                    "floor_high": floor_high,
                    "ratio": ratio,
                    "p_value": f.p_value,
                }
            )
    return pl.DataFrame(rows, _SHIFT_COLUMNS)


@dataclass(frozen=True)
class _Found:
    """One number that a measure gave, with its settings."""

    value: float | None
    settings: Options
    name: str | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class _Spread:
    """Values of one measure on subsets of m out of n rows."""

    values: list[float]
    m: int
    n: int

    @property
    def repeats(self) -> int:
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


def _within(
    name: str, interval: tuple[float, float] | tuple[None, None]
) -> tuple[float, float] | tuple[None, None]:
    """Cut an interval to the range of its measure."""
    low, high = interval
    if low is None or high is None:
        return None, None
    least, most = RANGES.get(name, (0, math.inf))
    return max(low, least), min(high, most)


def _sample(
    texts: Sequence[str] | None,
    embeddings: Matrix | None,
    labels: Sequence[Hashable] | None,
    topics: Sequence[Hashable] | None,
    name: str,
    reference: Matrix | None = None,
) -> Sample:
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


def _call_own(function: Callable[..., float], /, *samples: Sample, **options: Any) -> float:
    given = ((s.texts, unit_rows(numpy_array(s.embeddings), "embeddings")) for s in samples)
    value = float(function(*chain.from_iterable(given), **options))
    if not 0 <= value < math.inf:
        raise ValueError(f"it gave {value}; a measure is a finite number, 0 or more")
    return value


def _brought(own: Mapping[str, Callable[..., float]] | None) -> dict[str, Measure]:
    """The caller's measures: the keyword arguments of their functions are their options."""
    brought = {}
    for name, function in (own or {}).items():
        arguments = signature(function).parameters.values()
        options = {a.name: a.default for a in arguments if a.default is not a.empty}
        try:
            json.dumps(options)
        except TypeError as error:
            raise ValueError(f"{name}: a default is no number, text or list: {error}") from None
        needs = ("texts", "embeddings")
        brought[name] = Measure(partial(_call_own, function), needs, options, own=True)
    return brought


def _chosen(
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


def _check(n: int | None, repeats: int, subset: int, held: int) -> int:
    if n is not None and not 1 <= n <= held:
        raise ValueError(f"n must be between 1 and the {held} rows there are, not {n}")
    if repeats < 0 or subset < 2:
        raise ValueError(f"repeats must be at least 0 and subset at least 2: {repeats}, {subset}")
    return held if n is None else n


def _limited(sample: Sample, limit: int | None) -> Sample:
    if limit is None or len(sample) <= limit:
        return sample
    return sample.take(np.arange(limit))


def _budgeted(sample: Sample, budget: int) -> Sample:
    """Return the first rows that hold the token budget, so that n says how many were read."""
    held = list(accumulate(map(len, sample.tokens or [])))
    if not 1 <= budget <= held[-1]:
        raise ValueError(f"token_budget must be between 1 and the {held[-1]} tokens, not {budget}")
    return sample.take(np.arange(next(i for i, h in enumerate(held) if h >= budget) + 1))


def _call(measure: Measure, samples: tuple[Sample, ...], options: Options) -> list[_Found]:
    """Call a measure once for each value of an option that is a list."""
    several = next((key for key, value in options.items() if isinstance(value, list)), None)
    if several is None:
        return _unpack(measure.function(*samples, **options), options)
    if several == measure.at_once:
        pairs = zip(options[several], measure.function(*samples, **options), strict=True)
        return [_Found(float(v), {**options, several: o}) for o, v in pairs]
    each = ({**options, several: o} for o in options[several])
    return [f for single in each for f in _call(measure, samples, single)]


def _call_one(
    measure: Measure, options: Options, budget: int | None, n: int, sample: Sample
) -> list[_Found]:
    if budget is None:
        return _call(measure, (sample,), options)
    # A subset gets its share of the token budget, so that it is a smaller sample of the same kind.
    held = sum(map(len, sample.tokens or []))
    found = _call(measure, (sample,), {**options, "tokens": min(held, budget * len(sample) // n)})
    return [replace(f, settings={**f.settings, "tokens": budget}) for f in found]


def _call_pair(measure: Measure, options: Options, real: Sample, other: Sample) -> list[_Found]:
    return _call(measure, (real, other), options)


def _unpack(result: Any, options: Options) -> list[_Found]:
    if isinstance(result, dict):
        return [_Found(float(value), options, name) for name, value in result.items()]
    if isinstance(result, tuple):
        return [_Found(float(result[0]), options, None, float(result[1]))]
    return [_Found(float(result), options)]


def _attempt(
    take: Callable[..., list[_Found]],
    samples: tuple[Sample, ...],
    name: str,
    named: bool,
    settings: Options,
) -> list[_Found]:
    try:
        return take(*samples)
    except ValueError as error:
        if named:
            raise ValueError(f"{name}: {error}") from error
        return [_Found(None, {**settings, "undefined": str(error)})]


def _subsets(
    take: Callable[..., list[_Found]],
    groups: Sequence[tuple[Sample, ...]],
    founds: Sequence[list[_Found]],
    repeats: int,
    subset: int,
    seed: int,
) -> list[list[_Spread]]:
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
    return [[_Spread(held, m, n) for held in group] for group in values]


def _note(measure: Measure, settings: Options, sample: Sample) -> str:
    if "embeddings" in measure.needs:
        settings = {**settings, "normalise": True}
    if measure.own:
        settings = {**settings, "own": True}
    if "reference" in measure.needs and sample.reference is not None:
        settings = {**settings, "n_reference": len(sample.reference)}
    return _json(settings)


def _json(settings: Options) -> str:
    plain = {
        k: str(v) if isinstance(v, float) and math.isinf(v) else v for k, v in settings.items()
    }
    return json.dumps(plain, sort_keys=True)
