"""What the rule probe of workflow/rules/finetune.smk looks up."""

from typing import Any

from mixtura.plan.confirm import ConfirmPlan
from mixtura.plan.sets import Sets
from mixtura.study.downstream import Probe
from mixtura.train.settings import ProbeSettings


class ProbePlan:
    """What the rule probe of workflow/rules/finetune.smk looks up."""

    def __init__(self, sets: Sets, confirm: ConfirmPlan) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths
        self.confirm = confirm
        self._settings: dict[tuple[str, str], str] = {}

    def real(self, wildcards: Any) -> list[str]:
        """Embeddings of the real rows that a probe is fitted and tested on."""
        model, replicate = self._model(wildcards), int(wildcards.replicate)
        splits = ["test", "development"] if model.search else ["test"]
        draw = self.sets.real_draw(replicate)
        return [
            *(self.paths.embedded(model.embedder, split, replicate) for split in splits),
            self.paths.path(f"embeddings/{model.embedder}/examples/{draw}.parquet"),
        ]

    def generated(self, wildcards: Any) -> list[str]:
        """Embeddings of every set that an arm mixes in."""
        folder = f"embeddings/{self._model(wildcards).embedder}"
        replicate = int(wildcards.replicate)
        arms = self._arms(wildcards)
        keys = (key for arm in arms for key in self.sets.mixed_sets(arm, replicate))
        return [self.paths.path(f"{folder}/{key.name}.parquet") for key in dict.fromkeys(keys)]

    def shifted(self, wildcards: Any) -> list[str]:
        """Embeddings of the other test sets."""
        folder = f"embeddings/{self._model(wildcards).embedder}/shifted"
        return [self.paths.path(f"{folder}/{name}.parquet") for name in self.study.task.shifted]

    def settings(self, wildcards: Any) -> str:
        """What the runs of a seed draw, and how a probe is fitted."""
        key = (wildcards.replicate, wildcards.model)  # seeds by the dozen share them
        if key not in self._settings:
            replicate = int(wildcards.replicate)
            self._settings[key] = ProbeSettings(
                training=self._model(wildcards),
                task=self.study.task.kind,
                labels=self.study.task.classes,
                arms={name: self.sets.mix(name, replicate) for name in self._arms(wildcards)},
            ).to_json()
        return self._settings[key]

    def _arms(self, wildcards: Any) -> list[str]:
        """Arms that a probe is fitted on: in fresh replicates those that `confirm` compares."""
        model, replicate = wildcards.model, int(wildcards.replicate)
        if allocated := self.sets.allocation.get(model, {}).get(replicate):
            return allocated
        fresh = replicate not in self.sets.replicates
        return (self.confirm if fresh else self.sets).arms_of(model)

    def _model(self, wildcards: Any) -> Probe:
        model = self.study.downstream[wildcards.model]
        assert isinstance(model, Probe)
        return model
