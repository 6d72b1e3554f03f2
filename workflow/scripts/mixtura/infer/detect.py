"""What a study can see before it is run: the gains that its verdicts show in most cases."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from mixtura.infer.crossed import parts_of
from mixtura.infer.metrics import Array
from mixtura.infer.simultaneous import POWER, infer

STUDIES = 200  # simulated: the stated chance is within some 2 points
DRAWS = 2_000  # of the simultaneous intervals of each
SEARCHED = 40  # of each design that a search tries
GROUPS = 100  # of test rows that are simulated; more change no more than the variance of a mean
MOST = {"replicates": 64, "seeds": 16, "test_rows": 100_000}  # no design is looked for above these

Key = Literal["replicates", "seeds", "test_rows"]


@dataclass(frozen=True)
class Spreads:
    """Standard deviations of what makes a mix's gain over real data alone uncertain.

    All in the metric's unit: 0.02 are two points of accuracy. The first three are of scores on
    endless test rows, the last three of the score of a single test row.
    """

    replicate: float  # of a gain over replicates, what all mixes have in common: the real rows
    mix: float  # of a gain over replicates, what each mix has alone: its text
    seed: float  # of the score of a mix over the trainings of a replicate
    row: float  # of a gain over test rows, the same in every replicate
    replicate_row: float  # of a gain over test rows, in one replicate alone
    seed_row: float  # of a gain over test rows, in one training alone
    alike: float = 0.5  # correlation of two mixes on a test row; .5: a baseline and nothing else

    def __post_init__(self) -> None:  # noqa: D105
        if not all(value >= 0 for value in vars(self).values()) or self.alike > 1:
            raise ValueError(f"spreads must be 0 or more, and alike at most 1, not {self}")


# The embedded study, 4 replicates x 2 seeds x 1,000 test rows, by `pilot` of pilot.py.
TYPICAL = Spreads(0.013, 0.023, 0.016, 0.035, 0.28, 0.5)
TYPICAL_SOURCE = (
    "as measured once on the embedded study: accuracy of MiniLM, 16 real and 64 generated rows; "
    "--pilot FOLDER takes those of a study of yours"
)


@dataclass(frozen=True)
class Design:
    """How large a study is."""

    replicates: int
    seeds: int  # trainings of each mix in a replicate
    test_rows: int  # or groups of them that are hard or easy together
    comparisons: int  # mixes that are compared with one baseline, of one model
    groups: int = 1  # such baselines, over all models: they share the level
    folds: int = 1  # of the test rows, each replicate has one; 1: all test on all

    def __post_init__(self) -> None:  # noqa: D105
        if min(vars(self).values()) < 1 or self.test_rows < 2:
            raise ValueError(f"a design needs 1 or more of each, 2 of test rows, not {self}")


@dataclass(frozen=True)
class Power:
    """What the verdicts of many simulated studies of one design show."""

    needed: Array  # sorted: the true gain that each comparison of each study would have needed

    def at(self, gain: float) -> float:
        """Chance that *gain shown* is said of a mix that truly gains so much."""
        return float(np.searchsorted(self.needed, gain, side="right")) / len(self.needed)

    def gain(self, chance: float = POWER) -> float:
        """Smallest true gain that is shown with this chance; infinite where none is."""
        return float(np.quantile(self.needed, chance, method="inverted_cdf"))


def power(
    spreads: Spreads,
    design: Design,
    level: float = 0.95,
    studies: int = STUDIES,
    draws: int = DRAWS,
    seed: int = 0,
) -> Power:
    """The chance of a verdict *gain shown* for a mix that gains, the other mixes gaining nothing.

    Studies are simulated and go through the functions that the verdicts rest on. With one replicate
    the verdicts are of this draw: trainings are the unit of evidence, and with one training nothing
    is shown. Raises ValueError for spreads below 0 and designs without replicates or rows.
    """
    rng = np.random.default_rng(seed)
    units, of_unit = design.replicates, spreads
    if units == 1:
        units = design.seeds
        of_unit = replace(spreads, replicate=0, mix=0, replicate_row=0)
    seeds = design.seeds if design.replicates > 1 else 1
    test_rows = max(design.test_rows // design.folds, 2)  # of a replicate
    count, rows = design.comparisons, min(test_rows, GROUPS)
    overlap = 1 / (design.folds - 1) if design.folds > 1 else 0.0
    if units == 1:
        return Power(np.full(1, np.inf))
    # A baseline and a mix have each their trainings.
    common = np.sqrt(of_unit.replicate**2 + of_unit.seed**2 / seeds)
    specific = np.sqrt(of_unit.mix**2 + of_unit.seed**2 / seeds)
    unit_row = np.sqrt(of_unit.replicate_row**2 + of_unit.seed_row**2 / seeds)
    thinned = np.sqrt(rows / test_rows)  # fewer simulated rows with the same variance

    def alike(*shape: int) -> Array:
        """Standard normals of shape (..., count, last), alike over the comparisons."""
        *outer, last = shape
        both = rng.standard_normal((*outer, 1, last), dtype=np.float32)
        alone = rng.standard_normal((*outer, count, last), dtype=np.float32)
        mixed: Array = np.sqrt(spreads.alike) * both + np.sqrt(1 - spreads.alike) * alone
        return mixed

    needed = np.empty((studies, count))
    sets, short = np.arange(count), np.zeros(count, dtype=bool)
    for study in range(studies):
        lasting = alike(units, rows) if overlap else alike(rows)
        effects = spreads.row * lasting + unit_row * alike(units, rows)
        effects *= thinned
        errors = effects.mean(axis=-1)
        errors = (
            errors + common * rng.normal(size=(units, 1)) + specific * rng.normal(size=errors.shape)
        )
        influence = effects - effects.mean(axis=-1, keepdims=True)
        if overlap:  # the test rows are part of a replicate
            influence = np.zeros_like(influence)
        parts = parts_of(errors, influence, sets, short, overlap)
        result = infer(parts, level, level ** (1 / design.groups), rng, draws)
        needed[study] = result.margin_together - parts.mean
    return Power(np.sort(needed, axis=None))


def power_table(spreads: Spreads, design: Design) -> pl.DataFrame:
    """The smallest gain that is shown in 80 %, by replicates up to twice those of the design.

    Columns replicates, gain and planned: whether the design has so many. Its other numbers stay.
    """
    most = max(2 * design.replicates, 8)
    numbers = sorted({2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, design.replicates})
    rows = [
        {"replicates": number, "planned": number == design.replicates}
        | {"gain": power(spreads, replace(design, replicates=number), studies=SEARCHED).gain()}
        for number in numbers
        if 2 <= number <= most
    ]
    return pl.DataFrame(rows)


def least(spreads: Spreads, design: Design, gain: float, key: Key) -> int | None:
    """The smallest number of replicates, seeds or test rows with which a gain is shown in 80 %.

    The other numbers are those of the design. Test rows to two digits. None where even `MOST` of it
    do not do.
    """

    def shown(number: int) -> bool:
        tried = replace(design, **{key: number})
        return power(spreads, tried, studies=SEARCHED, draws=DRAWS // 2).gain() <= gain

    low, high = (0, MOST[key]) if key != "test_rows" else (10, MOST[key])
    if not shown(high):
        return None
    while high - low > max(1, high // 20):
        middle = round(math.sqrt(max(low, 1) * high)) if high > 2 * low else (low + high) // 2
        middle = min(max(middle, low + 1), high - 1)
        low, high = (low, middle) if shown(middle) else (middle, high)
    digits = 10 ** max(len(str(high)) - 2, 0) if key == "test_rows" else 1
    return math.ceil(high / digits) * digits
