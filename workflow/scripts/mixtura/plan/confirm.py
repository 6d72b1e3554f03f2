"""What workflow/rules/confirm.smk looks up."""

from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.tables import read_table
from mixtura.infer.settings import METRICS_OF_KIND, ConfirmSettings
from mixtura.infer.surface.tables import Surface
from mixtura.plan.designs import DesignPoint
from mixtura.plan.sets import Sets
from mixtura.study.base import ConfigError
from mixtura.study.downstream import Probe

SAME = ["model", "n_real"]


class ConfirmPlan:
    """The recommended mixes and what they are compared to, on replicates after the study's own."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    @property
    def replicates(self) -> range:
        """As many fresh replicates as the study has, numbered after its own."""
        count = len(self.sets.replicates)
        return range(count, 2 * count)

    @cached_property
    def _points(self) -> dict[str, list[DesignPoint]]:
        """Downstream model -> the mix that is recommended at each number of real rows.

        Of several pipelines the one with the largest fitted gain. Raises ConfigError where the
        study has not run, or has other mixes now.
        """
        file = Path(self.paths.path("tables/surface.parquet"))
        if not file.exists():
            raise ConfigError(
                f"confirm: {file} is not there: run the study first, then the target confirm"
            )
        named = read_table(file, Surface).filter(pl.col("recommended"))
        named = named.sort("gain", descending=True).unique(SAME, keep="first").sort(SAME)
        points: dict[str, list[DesignPoint]] = {}
        for model, real, arm in named.select("model", "n_real", "arm").iter_rows():
            matches = [
                point
                for point in self.sets.points
                if point.arm.name == arm and point.baseline and point.baseline.n_real == real
            ]
            if model not in self.study.downstream or not matches:
                raise ConfigError(
                    f"confirm: {file} is of another configuration: run the study again first"
                )
            points.setdefault(model, []).append(matches[0])
        if not points:
            raise ConfigError(f"confirm: {file} recommends no mix: the study has none to compare")
        return points

    def arms_of(self, model: str) -> list[str]:
        """Arms that a model is trained on: recommended mixes, their baselines and controls."""
        arms = [
            arm.name
            for point in self._points.get(model, [])
            for arm in (point.arm, point.baseline, point.control)
            if arm
        ]
        return list(dict.fromkeys(arms))

    def predictions(self, wildcards: Any) -> list[str]:
        """As `FindingsPlan.predictions`, of all fresh runs."""
        return [
            path
            for model in self._points
            for path in (
                self.sets.probed(model, self.replicates)
                if isinstance(self.study.downstream[model], Probe)
                else [
                    folder
                    for arm in self.arms_of(model)
                    for replicate in self.replicates
                    for folder in self.sets.run_folders(arm, model, replicate)
                ]
            )
        ]

    def settings(self, wildcards: Any) -> str:
        """The arms, and what they are scored by."""
        points = list(dict.fromkeys(p for of_one in self._points.values() for p in of_one))
        alone = [DesignPoint("real-only", p.baseline) for p in points if p.baseline]
        repeated = [DesignPoint("real-repeated", p.control) for p in points if p.control]
        everything = dict.fromkeys([*alone, *repeated, *points])
        return ConfirmSettings(
            arms=[point.row(self.study.designs.largest) for point in everything],
            labels=list(self.study.task.classes),
            metrics=list(METRICS_OF_KIND[self.study.task.kind][:1]),
            group=self.study.task.group,
            language=self.study.task.language,
            seed=self.study.seed,
            smallest_gain=self.study.smallest_gain,
            shared=self.sets.shared,
        ).to_json()
