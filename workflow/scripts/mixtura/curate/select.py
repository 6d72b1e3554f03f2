"""Selection: rows of a pool whose measured diversity reaches a target, all else held."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtura.curate.settings import SelectSettings
from mixtura.measure.diversity import dcscore, vendi_score

MEASURES: dict[str, Callable[..., float]] = {"dcscore": dcscore, "vendi_score": vendi_score}

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Selection:
    """Rows of a pool, their measure, and what the pool allows."""

    rows: Rows  # positions in the pool, ascending
    value: float
    low: float  # the least that this search reaches at this n
    random: float  # a random choice of n rows, labels and lengths held
    high: float
    length_distance: float  # Kolmogorov-Smirnov, rows against pool, the worst label

    def reaches(self, settings: SelectSettings) -> bool:
        """Whether the measure is within the tolerance of the target."""
        return abs(self.value - settings.target) <= settings.tolerance * settings.target

    def message(self, settings: SelectSettings, pool: int) -> str:
        """What was reached of the target, from a pool of so many rows, and what could be."""
        return (
            f"{settings.measure} of {settings.n} of {pool} rows: target {settings.target:g}, "
            f"reached {self.value:.4g}; reachable are {self.low:.4g} to {self.high:.4g}, a random "
            f"choice has {self.random:.4g}; lengths differ by {self.length_distance:.3f} from the "
            "pool"
        )


def select(
    embeddings: npt.NDArray[np.floating],
    labels: Sequence[str],
    lengths: Sequence[int],
    settings: SelectSettings,
) -> Selection:
    """Choose n of N rows whose measure is as close to the target as the pool allows.

    embeddings: (N, d); labels, lengths: N each; what is chosen: `settings`.
    Every label gets the same number of rows, with the lengths of that label in the pool: rows are
    drawn in equal shares from 1 / length_tolerance bands of length. Inside these, the choice goes
    in one line from the rows around the densest place of the pool, over a random choice, to rows as
    far apart as possible (farthest first); bisection finds where on it the target is crossed.
    The same input gives the same rows.

    Returns the rows nearest to the target, also where the target is out of reach: compare
    `value` with it. Raises ValueError where a label has too few rows, or where lengths cannot be
    held within the tolerance.
    """
    n, target, tolerance = settings.n, settings.target, settings.length_tolerance
    measure = MEASURES[settings.measure]
    vectors = np.asarray(embeddings, np.float32)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    strata, quotas = _strata(labels, lengths, n, tolerance)
    places = np.random.default_rng(settings.seed).permutation(len(vectors))
    ends = (_dense_first(vectors, n), places, _far_first(vectors, strata, quotas, places))
    values: dict[int, float] = {}

    def choose(step: int) -> Rows:
        """Step -n is the dense end, 0 random, n the far end."""
        end = ends[0] if step < 0 else ends[2]
        return _fill((end, places), abs(step) / n, strata, quotas)

    def value(step: int) -> float:
        if step not in values:
            values[step] = measure(vectors[choose(step)], **settings.options)
        return values[step]

    below, above = (-n, 0) if target < value(0) else (0, n)
    value(-n), value(n)
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if value(middle) < target else (below, middle)
    best = min(values, key=lambda step: (abs(values[step] - target), step))
    rows = np.sort(choose(best))
    distance = _length_distance(np.asarray(labels), np.asarray(lengths), rows)
    if distance > tolerance:
        raise ValueError(
            f"lengths differ by {distance:.3f} (Kolmogorov-Smirnov) from the pool, more than the "
            f"length tolerance {tolerance:g}: raise it, or n"
        )
    return Selection(
        rows, values[best], min(values.values()), values[0], max(values.values()), distance
    )


def _strata(
    labels: Sequence[str], lengths: Sequence[int], n: int, tolerance: float
) -> tuple[npt.NDArray[np.intp], list[int]]:
    """The stratum (label and band of length) of each row, and how many rows each stratum gives."""
    names, bands = sorted(set(labels)), int(np.ceil(1 / tolerance))
    if n % len(names):
        raise ValueError(f"{n} rows are no multiple of the {len(names)} labels")
    of = np.asarray(labels)
    strata = np.empty(len(of), np.intp)
    quotas: list[int] = []
    for name in names:
        members = np.flatnonzero(of == name)
        quota = n // len(names)
        if len(members) < quota:
            raise ValueError(
                f"label {name!r} has {len(members)} rows in the pool of {quota} wanted"
            )
        order = members[np.argsort(np.asarray(lengths)[members], kind="stable")]
        used = min(bands, quota)
        edges = np.round(np.arange(used + 1) * len(members) / used).astype(int)
        for band in range(used):
            strata[order[edges[band] : edges[band + 1]]] = len(quotas) + band
        # rounded at the edges, so that the counts add up and no edge is off by more than half a row
        quotas += np.diff(np.round(edges * quota / len(members)).astype(int)).tolist()
    return strata, quotas


def _dense_first(vectors: npt.NDArray[np.float32], n: int) -> Rows:
    """Rows by similarity to the one whose n nearest rows are nearest on average."""
    near = []
    for start in range(0, len(vectors), 1024):
        likeness = vectors[start : start + 1024] @ vectors.T
        near.append(np.partition(likeness, -n, axis=1)[:, -n:].mean(axis=1))
    centre = vectors[int(np.concatenate(near).argmax())]
    return np.argsort(-(vectors @ centre), kind="stable")


def _far_first(
    vectors: npt.NDArray[np.float32],
    strata: npt.NDArray[np.intp],
    quotas: Sequence[int],
    order: Rows,
) -> Rows:
    """Rows that fill the quotas: each is the farthest from all before it, the first is order[0]."""
    left = np.array(quotas)
    nearest = np.full(len(vectors), -2.0, np.float32)  # similarity to the closest row before
    rows = []
    row = int(next(place for place in order if left[strata[place]]))
    for _ in range(sum(quotas)):
        rows.append(row)
        left[strata[row]] -= 1
        nearest = np.maximum(nearest, vectors @ vectors[row])
        nearest[row] = np.inf
        nearest[left[strata] == 0] = np.inf
        row = int(nearest.argmin())
    return np.array(rows, np.intp)


def _fill(
    orders: tuple[Rows, Rows], share: float, strata: npt.NDArray[np.intp], quotas: Sequence[int]
) -> Rows:
    """Fill each stratum: the first `share` of its quota from one order, the rest from the other."""
    rows: list[int] = []
    carried = 0.0  # what rounding left over, so that one step of n changes one row
    for stratum, quota in enumerate(quotas):
        first, second = ([int(p) for p in order if strata[p] == stratum] for order in orders)
        carried += share * quota
        count = min(quota, round(carried))
        carried -= count
        head = first[:count]
        before = set(head)
        rows += head + [place for place in second if place not in before][: quota - count]
    return np.array(rows, np.intp)


def _length_distance(
    labels: npt.NDArray[Any], lengths: npt.NDArray[np.integer], rows: Rows
) -> float:
    worst = 0.0
    for name in np.unique(labels):
        pool = np.sort(lengths[labels == name])
        part = np.sort(lengths[rows][labels[rows] == name])
        shares = [np.searchsorted(x, pool, side="right") / len(x) for x in (pool, part)]
        worst = max(worst, float(np.abs(shares[0] - shares[1]).max()))
    return worst
