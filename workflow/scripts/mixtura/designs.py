"""Designs: which mixes a study trains on, and what each is compared to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mixtura.config import Designs
from mixtura.digest import digest

Set = tuple[str, str, str]  # generator, pipeline, level

# Columns of the readable index of the arms.
ARMS = {
    "arm": pl.String,
    "design": pl.String,
    "generator": pl.String,
    "pipeline": pl.String,
    "level": pl.String,
    "n_real": pl.Int64,
    "n_generated": pl.Int64,
    "share": pl.Float64,  # generated rows of all rows
    "rows": pl.Int64,  # what is trained on, repeated rows counted each time
    "baseline": pl.String,
    "control": pl.String,
}


@dataclass(frozen=True)
class Arm:
    """One mix: how many real rows and how many generated rows of which set."""

    n_real: int
    n_generated: int = 0
    generator: str | None = None
    pipeline: str | None = None
    level: str | None = None
    repeat_to: int = 0  # the real rows again and again, until there are so many

    @property
    def name(self) -> str:
        """Digest of the arm's own settings; defaults are left out, so a new option renames none."""
        defaults = Arm(n_real=-1)
        return digest({k: v for k, v in vars(self).items() if v != getattr(defaults, k)})

    @property
    def rows(self) -> int:
        """Rows of one pass over the mix."""
        return self.repeat_to or self.n_real + self.n_generated


@dataclass(frozen=True)
class DesignPoint:
    """An arm as a design uses it. Designs may share an arm; it is then trained once."""

    design: str
    arm: Arm
    baseline: Arm | None = None  # real rows alone
    control: Arm | None = None  # the arm's real rows, repeated to its size

    def row(self) -> dict[str, Any]:
        """The point as a row of ARMS."""
        arm = self.arm
        return {
            "arm": arm.name,
            "design": self.design,
            "generator": arm.generator,
            "pipeline": arm.pipeline,
            "level": arm.level,
            "n_real": arm.n_real,
            "n_generated": arm.n_generated,
            "share": arm.n_generated / arm.rows if arm.rows else 0.0,
            "rows": arm.rows,
            "baseline": self.baseline.name if self.baseline else None,
            "control": self.control.name if self.control else None,
        }


def design_points(designs: Designs, n: int, sets: Sequence[Set]) -> list[DesignPoint]:
    """Every point of the designs: what is compared after what it is compared to, each once.

    `n` is the size of the generated sets. Real rows alone are a point at every number of real rows
    that occurs. The control has the same real rows and as many rows, so as many optimiser steps,
    as the mix: what it gains is training, not text.
    """
    repeated = "repeated" in designs.controls
    mixed = []
    for mix in designs.mixes(n):
        for made in sets:
            arm = Arm(mix.n_real, round(mix.n_generated), *made)
            control = Arm(arm.n_real, repeat_to=arm.rows) if arm.n_real and repeated else None
            mixed.append(DesignPoint(mix.design, arm, Arm(mix.baseline), control))
    points = [DesignPoint("zero-shot", Arm(0))] if "zero-shot" in designs.controls else []
    points += [DesignPoint("real-only", Arm(real)) for real in designs.real_sizes(n)]
    points += [DesignPoint("real-repeated", p.control) for p in mixed if p.control]
    return list(dict.fromkeys([*points, *mixed]))
