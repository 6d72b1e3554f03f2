"""The smooth part of the surface: its columns at any diversity and amount of generated rows."""

from dataclasses import dataclass

import numpy as np

from mixtura.infer.metrics import Array

HEIGHT, DIVERSITY, AMOUNT = range(3)  # the effects
APART = 0.1  # of the range: values nearer than this say nothing of a bend between the others


def amount_of(generated: Array, real: Array, added: bool) -> Array:
    """How much is generated: of rows that are added log(generated / real), else their share."""
    if added:
        return np.asarray(np.log(generated / real))
    return np.asarray(generated / (generated + real))


def rows_of(amount: Array, real: Array, alone: Array, added: bool) -> Array:
    """Generated rows at an amount: `alone` is the real rows of what the gain is over."""
    return np.asarray(np.exp(amount) * real if added else amount * alone)


@dataclass(frozen=True)
class Column:
    """A column of the smooth part: a polynomial of a covariate, of mean 0 and mean square 1."""

    effect: int
    covariate: int  # place among diversity, amount
    polynomial: np.polynomial.Polynomial


@dataclass(frozen=True)
class Basis:
    """The columns of the smooth part, chosen by what varied; the first is the height."""

    columns: tuple[Column, ...]
    low: Array  # (2,) of what was tried: diversity, amount
    high: Array

    @property
    def effects(self) -> Array:
        """The effect of every column, that of the height first: (columns,)."""
        return np.array([HEIGHT, *(column.effect for column in self.columns)])

    def at(self, covariates: Array) -> Array:
        """The columns at covariates (points, 2): (points, columns)."""
        values = [column.polynomial(covariates[:, column.covariate]) for column in self.columns]
        return np.column_stack([np.ones(len(covariates)), *values])


def basis_of(covariates: Array) -> Basis:
    """A line for every covariate (K, 2) that varied, and a bend where three values are apart."""
    columns = []
    for place, effect in enumerate((DIVERSITY, AMOUNT)):
        x = covariates[:, place]
        distinct = _apart(x)
        if distinct < 2:
            continue
        line = np.polynomial.Polynomial([-x.mean(), 1.0]) / x.std()
        columns.append(Column(effect, place, line))
        if distinct > 2:
            z = line(x)
            bend = line**2 - 1 - (z**3).mean() * line
            size = np.sqrt((bend(x) ** 2).mean())
            if size > 1e-9:
                columns.append(Column(effect, place, bend / size))
    return Basis(tuple(columns), covariates.min(axis=0), covariates.max(axis=0))


def _apart(x: Array) -> int:
    """How many values there are, of which none is near another."""
    values = np.unique(x.round(9))
    kept = [values[0]]
    for value in values[1:]:
        if value - kept[-1] >= APART * (values[-1] - values[0]):
            kept.append(value)
    return len(kept)
