"""The noise floor of shift: what a measure shows between two halves of the same real text.

All real rows, those that sets are compared with and the held-out ones, are split at random again
and again, and the measure is taken between the halves: the distribution of a permutation test. Its
mean is the floor, its spread the unit of z = (value - floor) / spread, so that measures of any sign
and scale are read alike. Where both real samples have the same number of rows of each label they
were drawn by label, and so are the halves. Up to `subset` rows the halves have the n rows of the
value itself. Above it they have `subset` rows, their spread times sqrt(subset / n) stands for that
at n, as in `measure.intervals`, and the floor is the value of the one split that was given.

All sets of a study are measured beside the same real rows: what one job finds is kept for the next.
"""

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from mixtura.core.files import write_text
from mixtura.measure.registry import Score
from mixtura.measure.sample import Sample


@dataclass(frozen=True)
class Floor:
    """Mean and standard deviation of a measure over splits of real text; null where undefined."""

    mean: float | None = None
    spread: float | None = None
    splits: int = 0

    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """Ends of the range in which 95 % of splits lie."""
        if self.mean is None or self.spread is None:
            return None, None
        from scipy.stats import t

        reach = float(t.ppf(0.975, self.splits - 1)) * self.spread
        return self.mean - reach, self.mean + reach

    def z(self, value: float | None) -> float | None:
        """How many spreads a value lies above the floor; null where splits do not differ."""
        if value is None or self.mean is None or self.spread is None:
            return None
        rounding = 1e-9 * max(abs(value), abs(self.mean))
        return (value - self.mean) / self.spread if self.spread > rounding else None


_KEPT = TypeAdapter(dict[str, list[Floor]])


def read_floors(file: Path) -> dict[str, list[Floor]]:
    """Floors that `write_floors` kept; none where there is no file, or a damaged one."""
    try:
        return _KEPT.validate_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        logging.warning(f"{file} is damaged: the noise floors are measured again")
        return {}


def write_floors(floors: dict[str, list[Floor]], file: Path) -> None:
    """Keep floors for other sets beside the same real rows."""
    write_text(file, _KEPT.dump_json(floors).decode())


def noise_floors(
    take: Callable[[Sample, Sample], list[Score]],
    real: Sample,
    held_out: Sample,
    scores: list[Score],
    splits: int,
    subset: int,
    seed: int,
) -> list[Floor]:
    """The floor of each number of a measure, whose `scores` are those of real against held-out."""
    n = len(real)
    m = min(n, subset)
    pool = real.joined(held_out)
    values: list[list[float]] = []
    try:
        for r in range(splits if m > 1 else 0):
            halves = _halves(real, held_out, np.random.default_rng([seed, 2000 + r]))
            results = take(*(pool.take(rows[:m]) for rows in halves))
            values.append([float(result.value or 0.0) for result in results])
    except ValueError:  # not defined for so few rows
        values = []
    if any(score.value is None for score in scores) or len(values) < 2:
        return [Floor(score.value) for score in scores]
    floors = []
    for score, of_score in zip(scores, zip(*values, strict=True), strict=True):
        observed = [*of_score, float(score.value or 0.0)] if m == n else list(of_score)
        spread = float(np.std(observed, ddof=1)) * math.sqrt(m / n)
        mean = float(np.mean(observed)) if m == n else score.value
        floors.append(Floor(mean, spread, len(observed)))
    return floors


def _halves(real: Sample, held_out: Sample, random: np.random.Generator) -> list[np.ndarray]:
    """Places of all real rows, real ones first, as two random halves of the same size."""
    n = len(real)
    groups = [np.arange(2 * n)]
    if real.labels and held_out.labels and Counter(real.labels) == Counter(held_out.labels):
        places = defaultdict(list)
        for place, label in enumerate([*real.labels, *held_out.labels]):
            places[label].append(place)
        groups = [np.array(of_label) for of_label in places.values()]
    orders = [random.permutation(group) for group in groups]
    first = [order[: len(order) // 2] for order in orders]
    second = [order[len(order) // 2 :] for order in orders]
    return [random.permutation(np.concatenate(half)) for half in (first, second)]
