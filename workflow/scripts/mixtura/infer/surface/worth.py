"""What further cells are worth: a cell is a mix in a replicate that not all mixes have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import stats

from mixtura.infer.metrics import Array
from mixtura.infer.surface.fit import FittedSurface

QUANTILES = stats.norm.ppf((np.arange(64) + 0.5) / 64)  # a normal variable in 64 equal parts
NEGLIGIBLE = 1e-5  # of the metric: a cell that raises what is named by less changes no answer
DRAWS = 4000
MOST = 200  # cells that are chosen at once


class Step(NamedTuple):
    """A cell that is worth most for its hours, after those before it."""

    mix: int  # place among the mixes of the prospect
    replicate: int  # new ones are numbered from 0
    hours: float
    rise: float  # of the true gain of the mix that is named, expected
    narrower: float  # standard error of the gain of the mix that is named now, how much less

    @property
    def worth(self) -> tuple[float, float]:
        """What it is worth an hour: first another mix may be named, then the answer is surer."""
        rise = self.rise if self.rise > NEGLIGIBLE else 0.0
        return rise / self.hours, self.narrower / self.hours


class Outlook(NamedTuple):
    """What a person knows of the mixes."""

    chance: float  # that the mix that is named is the best
    regret: float  # expected, what it gains less than the best
    error: float  # standard error of its gain


@dataclass(frozen=True)
class Prospect:
    """Mixes that are compared with one another, and the cells that are taken so far.

    hours (K,) are those of a mix in a replicate, `opening` those of what it is compared to.

    Source: the correlated knowledge gradient, Frazier, Powell and Dayanik 2009; for its price,
    Chick and Inoue 2001. What mixes share in a new replicate is a state of its own.
    """

    means: Array  # (K,)
    covariance: Array  # (K + new replicates, ...): what is not known of gains and of replicates
    shared: float  # variance over replicates, what mixes have in common
    alone: Array  # (K,) what each has alone
    hours: Array
    opening: float
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, surface: FittedSurface, hours: Array, opening: float) -> "Prospect":
        """The prospect of the mixes of a surface, as it knows them."""
        draws = surface.posterior.mixes
        return cls(
            draws.mean(axis=0),
            np.atleast_2d(np.cov(draws, rowvar=False)),
            float(np.diag(surface.common).mean()),
            np.diag(surface.alone),
            hours,
            opening,
        )

    @property
    def top(self) -> int:
        """The mix that is named."""
        return int(np.argmax(self.means))

    @property
    def replicates(self) -> int:
        """New replicates that have a cell."""
        return len(self.covariance) - len(self.means)

    def best(self, budget: float) -> Step | None:
        """The step that is worth most for its hours, of those within the budget and not taken."""
        done = {(step.mix, step.replicate) for step in self.steps}
        count, steps = len(self.means), []
        for replicate in range(self.replicates + 1):
            moves = self._moves(replicate)
            highest = (self.means[:, None, None] + moves[:count, :, None] * QUANTILES).max(axis=0)
            rises = highest.mean(axis=-1) - self.means[self.top]
            error = self.covariance[self.top, self.top]
            narrower = np.sqrt(error) - np.sqrt(np.maximum(error - moves[self.top] ** 2, 0))
            hours = self.hours + (self.opening if replicate == self.replicates else 0.0)
            steps += [
                Step(mix, replicate, float(hours[mix]), float(rises[mix]), float(narrower[mix]))
                for mix in np.flatnonzero(hours <= budget).tolist()
                if (mix, replicate) not in done
            ]
        return max(steps, key=lambda step: step.worth, default=None)

    def after(self, step: Step) -> "Prospect":
        """The prospect when the cell of a step has run: what it will say is not known yet."""
        covariance, size = self.covariance, len(self.covariance)
        if step.replicate == self.replicates:
            covariance = np.pad(covariance, (0, 1))
            covariance[size, size] = self.shared
        opened = replace(self, covariance=covariance)
        move = opened._moves(step.replicate)[:, step.mix]
        less = covariance - np.outer(move, move)
        return replace(self, covariance=less, steps=(*self.steps, step))

    def outlook(self, later: "Prospect | None" = None, seed: int = 0) -> Outlook:
        """What is known when the cells between this prospect and a later one have run."""
        rng, count = np.random.default_rng(seed), len(self.means)
        now = self.covariance[:count, :count]
        left = (later or self).covariance[:count, :count]
        named = self.means + rng.standard_normal((DRAWS, count)) @ _root(now - left)
        truth = named + rng.standard_normal((DRAWS, count)) @ _root(left)
        top = named.argmax(axis=1)
        loss = truth.max(axis=1) - truth[np.arange(DRAWS), top]
        error = np.sqrt(np.diag(left)[top]).mean()
        return Outlook(float((loss == 0).mean()), float(loss.mean()), float(error))

    def _moves(self, replicate: int) -> Array:
        """Standard deviations by which a cell of each mix would move what is believed.

        (K + new replicates, K); of a replicate that is not opened the mixes alone, (K, K).
        """
        count = len(self.means)
        covariance = self.covariance[:, :count]
        variances = np.diag(self.covariance)[:count] + self.alone
        if replicate == self.replicates:
            return np.asarray(covariance / np.sqrt(variances + self.shared))
        state = count + replicate
        covariance = covariance + self.covariance[:, [state]]
        variances = variances + 2 * self.covariance[state, :count] + self.covariance[state, state]
        return np.asarray(covariance / np.sqrt(variances))


def spend(prospects: Sequence[Prospect], hours: float) -> list[Prospect]:
    """The prospects with the cells that are worth most for the hours, over all of them."""
    later = list(prospects)
    for _ in range(MOST):
        offers = [(place, step) for place, each in enumerate(later) if (step := each.best(hours))]
        if not offers:
            break
        place, step = max(offers, key=lambda offer: offer[1].worth)
        later[place] = later[place].after(step)
        hours -= step.hours
    return later


def why_not_in_folds(replicates: int, overlap: float) -> str:
    """Why no cell is chosen where test rows are in folds; overlap as `parts_of` has it.

    The variance of a mean of J replicates is (1 / J + overlap) times that of one, so that most of
    it stays however many a mix has. Replicates of all mixes give degrees of freedom, too: those of
    some mixes may not, for they were chosen by what was seen.
    """

    def error(count: float) -> float:
        return float(np.sqrt(1 / count + overlap))

    def width(count: int) -> float:
        return error(count) * float(stats.t.ppf(0.975, count - 1))

    more = replicates + round(1 + 1 / overlap)
    some, every = 1 - error(more) / error(replicates), 1 - width(more) / width(replicates)
    most = 1 - error(np.inf) / error(replicates)
    return (
        "test rows are in folds, where trainings share most of their rows: a further partition of "
        f"some mixes narrows their intervals by about {some:.0%}, any number of them by at most "
        f"{most:.0%}, but one of all mixes by {every:.0%}. Set `replicates: {more}`"
    )


def _root(covariance: Array) -> Array:
    """A root R of a covariance = R'R that rounding may have made slightly negative."""
    values, vectors = np.linalg.eigh(covariance)
    root: Array = (vectors * np.sqrt(np.maximum(values, 0))).T
    return root
