"""Every shift measure on one set, with intervals and noise floors: see `mixtura.panel`."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from mixtura import shift
from mixtura.blocks import Matrix, unit_rows
from mixtura.panel import (
    COLUMNS,
    Found,
    Measure,
    Options,
    Sample,
    Spread,
    as_json,
    attempt,
    call_measure,
    checked_size,
    chosen_measures,
    limited,
    noted,
    own_measures,
    sample_of,
    subsets,
    within,
)


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

_SHIFT_COLUMNS = COLUMNS | {
    name: pl.Float64 for name in ("floor", "floor_low", "floor_high", "ratio", "p_value")
}


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
        "real": sample_of(real_texts, real_embeddings, real_labels, None, "real"),
        "generated": sample_of(
            generated_texts, generated_embeddings, generated_labels, None, "generated"
        ),
    }
    if held_out_texts is not None or held_out_embeddings is not None:
        samples["held_out"] = sample_of(
            held_out_texts, held_out_embeddings, held_out_labels, None, "held-out"
        )
    known = SHIFT | own_measures(own)
    chosen = chosen_measures(known, measures, options, *samples.values())
    n = checked_size(n, repeats, subset, min(map(len, samples.values())))
    for i, (name, whole) in enumerate(samples.items()):
        drawn = whole.take(np.random.default_rng([seed, i]).permutation(len(whole))[:n])
        if normalise and drawn.embeddings is not None:
            drawn = replace(drawn, embeddings=unit_rows(drawn.embeddings, f"{name} embeddings"))
        samples[name] = drawn
    rows: list[dict[str, Any]] = []
    for name, measure, settings in chosen:
        if progress:
            progress(name)
        parts = {key: limited(drawn, measure.limit) for key, drawn in samples.items()}
        take = partial(_call_pair, measure, settings)
        pairs = [(parts["real"], parts[key]) for key in parts if key != "real"]
        founds = [attempt(take, pair, name, measures is not None, settings) for pair in pairs]
        light = partial(_call_pair, measure, {**settings, **measure.lighter})
        spreads = subsets(light, pairs, founds, repeats, subset, seed)
        if len(pairs) == 1:
            founds.append([replace(f, value=None) for f in founds[0]])
            spreads.append([Spread([], 1, 2) for _ in founds[0]])
        for f, s, b, bs in zip(founds[0], spreads[0], founds[1], spreads[1], strict=True):
            low, high = within(f.name or name, s.interval(f.value))
            floor_low, floor_high = within(f.name or name, bs.interval(b.value))
            ratio = None if f.value is None or not b.value or b.value < 0 else f.value / b.value
            rows.append(
                {
                    "measure": f.name or name,
                    "settings": as_json(noted(measure, f.settings, normalise)),
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


def _call_pair(measure: Measure, options: Options, real: Sample, other: Sample) -> list[Found]:
    return call_measure(measure, (real, other), options)
