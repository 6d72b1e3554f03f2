"""Every diversity measure on one set, with intervals, as a tidy frame."""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
import polars as pl

from mixtura.measure.blocks import Matrix, unit_rows
from mixtura.measure.diversity import (
    compression_ratio,
    distinct_n,
    entropy,
    facility_location,
    hdd,
    kmeans_inertia,
    label_entropy,
    length_entropy,
    llm_cluster_score,
    log_determinant,
    mattr,
    mean_pairwise_distance,
    mtld,
    ngram_diversity,
    novelsum,
    novelsum_density,
    partition,
    radius,
    rouge_l_homogenisation,
    self_bleu,
    self_repetition,
    vendi_score,
)
from mixtura.measure.diversity.dcscore import SoftmaxTrace
from mixtura.measure.intervals import subsets, within
from mixtura.measure.nearest import neighbours
from mixtura.measure.registry import (
    Estimate,
    Measure,
    Options,
    Score,
    as_json,
    attempt,
    call_measure,
    chosen_measures,
    noted,
    own_measures,
)
from mixtura.measure.sample import Sample, checked_size, sample_of
from mixtura.measure.tables import Diversity, panel_columns


def _embedded(function: Callable[..., Any], **options: Any) -> Measure:
    return Measure(lambda s, **o: function(s.embeddings, **o), ("embeddings",), options)


def _referenced(function: Callable[..., Any], limit: int | None = None, **options: Any) -> Measure:
    def call(s: Sample, **o: Any) -> Any:
        return function(s.embeddings, s.reference, **o)

    return Measure(call, ("embeddings", "reference"), options, limit)


def _dcscore(s: Sample, tau: Any, **options: Any) -> Any:
    trace = SoftmaxTrace(s.embeddings, tau=tau if isinstance(tau, list) else [tau], **options)
    estimates = [
        Estimate(score, partial(trace.interval, i)) for i, score in enumerate(trace.scores)
    ]
    return estimates if isinstance(tau, list) else estimates[0]


def _partition(s: Sample, clusters: int, seed: int) -> float:
    key = ("partition", clusters, seed)
    if key not in s.shared:
        s.shared[key] = partition(s.reference, clusters, seed)
    return entropy(np.bincount(s.shared[key](s.embeddings)))


def _novelsum(s: Sample, alpha: float, beta: float, k: int) -> float:
    key = ("density", beta, k)
    if key not in s.of_rows:
        s.of_rows[key] = novelsum_density(s.embeddings, s.reference, beta=beta, k=k)
    return novelsum(s.embeddings, s.reference, alpha=alpha, density=s.of_rows[key])


def _neighbours(s: Sample, k: int = 1) -> float:
    squared = s.known.get("nearest")
    if squared is None or squared.shape[1] < k:
        x = unit_rows(s.embeddings, rows=2)
        # As many as the next measure is likely to ask for.
        squared = s.known["nearest"] = neighbours(x, x, max(k, min(5, len(x) - 1)), same=True)
    return float(squared[:, :k].mean() / 2)


def _judged(s: Sample, **options: Any) -> float:
    if s.texts is None or s.judge is None:
        raise ValueError("llm_cluster_score needs texts and a judge")
    return llm_cluster_score(s.texts, s.judge, **options)


def _worded(function: Callable[..., Any], limit: int | None = None, **options: Any) -> Measure:
    return Measure(lambda s, **o: function(s.tokens, **o), ("tokens",), options, limit)


DIVERSITY = {
    "dcscore": Measure(
        _dcscore,
        ("embeddings",),
        {"kernel": "cosine", "tau": [1.0, 0.05], "gamma": 1.0, "degree": 3},
        at_once="tau",
    ),
    "vendi_score": _embedded(vendi_score, q=[1.0, math.inf]),
    "novelsum": Measure(
        _novelsum, ("embeddings", "reference"), {"alpha": 1.0, "beta": 0.5, "k": 10}, 20_000
    ),
    "mean_pairwise_distance": _embedded(mean_pairwise_distance),
    "chamfer_distance": Measure(_neighbours, ("embeddings",)),
    "knn_distance": Measure(_neighbours, ("embeddings",), {"k": 5}),
    "kmeans_inertia": _embedded(kmeans_inertia, clusters=10, seed=0),
    "radius": _embedded(radius),
    "log_determinant": _embedded(log_determinant, eps=1.0),
    "partition_entropy": Measure(
        _partition, ("embeddings", "reference"), {"clusters": 10, "seed": 0}
    ),
    "facility_location": _referenced(facility_location),
    "distinct_n": _worded(distinct_n, n=[1, 2, 3]),
    "ngram_diversity": _worded(ngram_diversity, n=4),
    "self_bleu": _worded(self_bleu, 1000, n=4),
    "rouge_l_homogenisation": _worded(rouge_l_homogenisation, 200),
    "compression_ratio": Measure(lambda s: compression_ratio(s.texts), ("texts",)),
    "self_repetition": _worded(self_repetition, n=4),
    "mattr": _worded(mattr, window=50),
    "mtld": _worded(mtld, threshold=0.72),
    "hdd": _worded(hdd, sample=42),
    "length_entropy": _worded(length_entropy),
    "label_entropy": Measure(lambda s: label_entropy(s.labels), ("labels",)),
    "topic_entropy": Measure(lambda s: label_entropy(s.topics), ("topics",)),
    "topic_count": Measure(lambda s: float(len(Counter(s.topics))), ("topics",)),
    "llm_cluster_score": Measure(
        _judged, ("texts", "judge"), {"sample": 10, "repeats": 20, "seed": 0}
    ),
}
"""The diversity measures by name. Options given to `diversity_panel` replace the defaults here."""

_BUDGETED = ("distinct_n", "ngram_diversity")


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
    llm_cluster_score (`measure.grouping_judge`). own: name -> function (texts, embeddings) of the
    caller's that returns a number, 0 or more; its options are its keyword arguments. progress is
    called with each name before it is measured.
    Of the reference the first `REFERENCE_LIMIT` rows are compared with, recorded as n_reference.

    Columns: measure, settings (JSON), n (rows used), repeats, value, low, high (95 %, module
    docstring). Where no measures are named, one that this set is too small or too uniform for has a
    null value and the reason under "undefined" in its settings; low and high are null
    where the subsets are. Raises ValueError for unknown names, for inputs that do not fit together,
    and for a named measure that is not defined here.
    """
    whole = sample_of(texts, embeddings, labels, topics, "generated", reference_embeddings)
    whole = replace(whole, judge=judge)
    chosen = chosen_measures(DIVERSITY | own_measures(own), measures, options, whole)
    n = checked_size(n, repeats, subset, len(whole))
    drawn = whole.take(np.random.default_rng([seed, 0]).permutation(len(whole))[:n])
    rows: list[dict[str, Any]] = []
    for name, measure, settings in chosen:
        if progress:
            progress(name)
        part = drawn.first(measure.limit)
        budget = token_budget if name in _BUDGETED else None
        if budget is not None:
            part = _budgeted(drawn, budget)

        take = partial(_call_one, measure, settings, budget, len(part))
        scores = attempt(take, (part,), name, measures is not None, settings)
        (spreads,) = subsets(take, [(part,)], [scores], repeats, subset, seed)
        for score, spread in zip(scores, spreads, strict=True):
            ends = spread.interval(score.value, grows=True)
            if score.interval and repeats and len(part) > 1:
                ends = score.interval()
            low, high = within(score.name or name, ends)
            rows.append(
                {
                    "measure": score.name or name,
                    "settings": _note(measure, score.settings, whole),
                    "n": len(part),
                    "repeats": spread.repeats,
                    "value": score.value,
                    "low": low,
                    "high": high,
                }
            )
    return pl.DataFrame(rows, panel_columns(Diversity))


def _budgeted(sample: Sample, budget: int) -> Sample:
    """Return the first rows that hold the token budget, so that n says how many were read."""
    counts = list(accumulate(map(len, sample.tokens or [])))
    if not 1 <= budget <= counts[-1]:
        raise ValueError(
            f"token_budget must be between 1 and the {counts[-1]} tokens, not {budget}"
        )
    rows = next(i for i, count in enumerate(counts) if count >= budget) + 1
    return sample.take(np.arange(rows))


def _call_one(
    measure: Measure, options: Options, budget: int | None, n: int, sample: Sample
) -> list[Score]:
    if budget is None:
        return call_measure(measure, (sample,), options)
    # A subset gets its share of the token budget, so that it is a smaller sample of the same kind.
    tokens = min(sum(map(len, sample.tokens or [])), budget * len(sample) // n)
    scores = call_measure(measure, (sample,), {**options, "tokens": tokens})
    return [replace(s, settings={**s.settings, "tokens": budget}) for s in scores]


def _note(measure: Measure, settings: Options, sample: Sample) -> str:
    settings = noted(measure, settings)
    if "reference" in measure.needs and sample.reference is not None:
        settings = {**settings, "n_reference": len(sample.reference)}
    return as_json(settings)
