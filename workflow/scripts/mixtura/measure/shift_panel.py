"""Every shift measure on one set, with intervals and noise floors, as a tidy frame."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from mixtura.measure.blocks import Matrix, unit_rows
from mixtura.measure.intervals import subsets, within
from mixtura.measure.nearest import nearest
from mixtura.measure.noise_floor import Floor, noise_floors
from mixtura.measure.registry import (
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
from mixtura.measure.shift import (
    NgramModel,
    c2st,
    energy_distance,
    frechet_distance,
    label_shift,
    length_shift_test,
    mauve,
    median_bandwidth,
    mmd,
    mmd_test,
    nearest_real_distance,
    ngram_jensen_shannon,
    prdc,
    sliced_wasserstein,
    tail_loss,
)
from mixtura.measure.shift.energy import mean_distance
from mixtura.measure.shift.mmd import mean_kernel
from mixtura.measure.tables import Shift, panel_columns


def _between(function: Callable[..., Any], limit: int | None = None, **options: Any) -> Measure:
    def call(real: Sample, other: Sample, **o: Any) -> Any:
        return function(real.embeddings, other.embeddings, **o)

    return Measure(call, ("embeddings",), options, limit)


def _texts_between(function: Callable[..., Any], **options: Any) -> Measure:
    return Measure(lambda a, b, **o: function(a.tokens, b.tokens, **o), ("tokens",), options)


def _radius(real: Sample, k: int) -> Matrix:
    """Squared distances of the real rows to their k-th neighbour, for all sets beside them."""
    if ("radius", k) not in real.known:
        x = real.embeddings
        real.known["radius", k] = nearest(x, x, k, same=True)[:, -1]
    return real.known["radius", k]


def _balls(function: Callable[..., Any], **options: Any) -> Measure:
    def call(real: Sample, other: Sample, k: int, **o: Any) -> Any:
        x, y = real.embeddings, other.embeddings
        # Where k is too large the measure says so, in its own words.
        radius = _radius(real, k) if 1 <= k < len(x) else None
        return function(x, y, k, radius=radius, **o)

    return Measure(call, ("embeddings",), options, 20_000)


def _energy_distance(real: Sample, other: Sample) -> float:
    for sample in (real, other):
        if "distance" not in sample.known:
            sample.known["distance"] = mean_distance(sample.embeddings)
    within = real.known["distance"], other.known["distance"]
    return energy_distance(real.embeddings, other.embeddings, within=within)


def _mmd(real: Sample, other: Sample, bandwidth: float) -> float:
    for sample in (real, other):
        if len(sample) > 1 and ("kernel", bandwidth) not in sample.known:
            sample.known["kernel", bandwidth] = mean_kernel(sample.embeddings, bandwidth)
    within = (
        real.known.get(("kernel", bandwidth), 0.0),
        other.known.get(("kernel", bandwidth), 0.0),
    )
    return mmd(real.embeddings, other.embeddings, bandwidth, within=within)


def _mmd_test(real: Sample, other: Sample, **options: Any) -> tuple[float, float]:
    return mmd_test(real.embeddings, other.embeddings, **options)


def _kernelled(function: Callable[..., Any], limit: int, **options: Any) -> Measure:
    def call(real: Sample, other: Sample, kernel: str, bandwidth: Any, **o: Any) -> Any:
        if kernel != "rbf":
            raise ValueError(f"kernel must be rbf, not {kernel!r}")
        if bandwidth == "median":
            # Of the real rows alone: one kernel for all levels, their floor and all subsets, for
            # distances in two kernels cannot be compared.
            if "bandwidth" not in real.shared:
                halves = real.embeddings[::2], real.embeddings[1::2]
                real.shared["bandwidth"] = median_bandwidth(*halves)
            bandwidth = real.shared["bandwidth"]
        return function(real, other, bandwidth=bandwidth, **o)

    known = {"kernel": "rbf", "bandwidth": "median"}
    return Measure(call, ("embeddings",), {**known, **options}, limit)


def _perplexity(real: Sample, other: Sample, order: int) -> float:
    key = ("model", order)
    if key not in real.known:
        real.known[key] = NgramModel(real.tokens or [], order)
    logs, tokens = real.known[key].log_probs(other.tokens or [])
    return math.exp(-logs.sum() / tokens.sum())


def _separation(x: Matrix, y: Matrix, **options: Any) -> float:
    return (c2st(x, y, **options) - 0.5) / 0.5


SHIFT = {
    "mmd": _kernelled(_mmd, 20_000),
    "mmd_test": replace(
        _kernelled(_mmd_test, 2_000, permutations=500, seed=0), lighter={"permutations": 1}
    ),
    "energy_distance": Measure(_energy_distance, ("embeddings",), limit=20_000),
    "sliced_wasserstein": _between(sliced_wasserstein, projections=200, seed=0),
    "frechet_distance": _between(frechet_distance, shrinkage=True),
    "prdc": _balls(prdc, k=5),
    "c2st": replace(
        _between(_separation, 2_000, folds=5, seed=0), note={"scale": "(AUC - 1/2) / (1/2)"}
    ),
    "mauve": replace(_between(mauve, 5_000, buckets=None, seed=[0, 1, 2]), default=False),
    "nearest_real_distance": _between(nearest_real_distance),
    "ngram_jensen_shannon": _texts_between(ngram_jensen_shannon, n=[1, 2]),
    "length_shift": _texts_between(length_shift_test),
    "perplexity": Measure(_perplexity, ("tokens",), {"order": 3}),
    "label_shift": Measure(lambda a, b: label_shift(a.labels, b.labels), ("labels",)),
    "tail_loss": _balls(tail_loss, k=5, tail=0.2),
}
"""The shift measures by name. Options given to `shift_panel` replace the defaults here."""


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
    floors: dict[str, list[Floor]] | None = None,
    progress: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """Measure how far generated texts lie from real ones, beside held-out real ones: the floor.

    Texts and (N, d) embeddings of three sets; the held-out real set may be missing, then the floor
    is null. n: rows drawn without replacement from each (default: the smallest set), so that value
    and floor have the same n. normalise: scale embeddings to unit length first. Names come from
    `SHIFT`; a function in `own` gets texts and embeddings of the real rows, then of the others.
    floors: what an earlier call with the same real rows, seed, repeats and subset measured; what
    is missing there is added. The other arguments are those of `diversity_panel`.

    Columns: those of `diversity_panel`, then floor, floor_low, floor_high (95 % of splits of real
    rows lie between them) and z, all of `measure.noise_floor`, and p_value (null where the measure
    has none). `prdc` gives four rows; `c2st` is (AUC - 1/2) / (1/2), 0 where nothing tells the sets
    apart and 1 where all is told; `mmd_test` and `length_shift` have p-values; mauve runs only when
    named. Raises ValueError as `diversity_panel` does.
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
    chosen = chosen_measures(SHIFT | own_measures(own), measures, options, *samples.values())
    n = checked_size(n, repeats, subset, min(map(len, samples.values())))
    for i, (name, whole) in enumerate(samples.items()):
        drawn = whole.take(np.random.default_rng([seed, i]).permutation(len(whole))[:n])
        if normalise and drawn.embeddings is not None:
            drawn = replace(drawn, embeddings=unit_rows(drawn.embeddings, f"{name} embeddings"))
        samples[name] = drawn
    known_floors = {} if floors is None else floors
    rows: list[dict[str, Any]] = []
    for name, measure, settings in chosen:
        if progress:
            progress(name)
        parts = {key: drawn.first(measure.limit) for key, drawn in samples.items()}
        take = partial(_call_pair, measure, settings)
        real, required = parts["real"], measures is not None
        pair = (real, parts["generated"])
        scores = attempt(take, pair, name, required, settings)
        light = partial(_call_pair, measure, {**settings, **measure.lighter})
        (spreads,) = subsets(light, [pair], [scores], repeats, subset, seed)
        of_real = [Floor() for _ in scores]
        if "held_out" in parts:
            key = f"{name} {as_json(settings)} n={n}"
            if key not in known_floors:
                held_out = parts["held_out"]
                between = attempt(light, (real, held_out), name, required, settings)
                args = (real, held_out, between, repeats, subset, seed)
                known_floors[key] = noise_floors(light, *args)
            if len(known_floors[key]) == len(scores):  # not so where this set has no value
                of_real = known_floors[key]
        for score, spread, floor in zip(scores, spreads, of_real, strict=True):
            low, high = within(score.name or name, spread.interval(score.value))
            floor_low, floor_high = within(score.name or name, floor.interval())
            rows.append(
                {
                    "measure": score.name or name,
                    "settings": as_json(noted(measure, score.settings, normalise)),
                    "n": len(real),
                    "repeats": spread.repeats,
                    "value": score.value,
                    "low": low,
                    "high": high,
                    "floor": floor.mean,
                    "floor_low": floor_low,
                    "floor_high": floor_high,
                    "z": floor.z(score.value),
                    "p_value": score.p_value,
                }
            )
    return pl.DataFrame(rows, panel_columns(Shift))


def _call_pair(measure: Measure, options: Options, real: Sample, other: Sample) -> list[Score]:
    return call_measure(measure, (real, other), options)
