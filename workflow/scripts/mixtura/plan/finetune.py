"""What workflow/rules/finetune.smk looks up."""

import re
from pathlib import Path
from typing import Any

from mixtura.core.code import file_digest
from mixtura.core.digest import digest
from mixtura.core.packages import version_in
from mixtura.plan.sets import Sets
from mixtura.study.downstream import FineTuned, ModuleModel
from mixtura.train.settings import EvaluateLmSettings, FinetuneSettings


class FinetunePlan:
    """Inputs, settings and folders of runs of downstream models."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths
        self._settings: dict[tuple[str, str], str] = {}

    def model(self, wildcards: Any) -> str | list[str]:
        """Model folder of a downstream model; one of the user's own need not have one."""
        model = self._downstream(wildcards).model
        return self.paths.path(f"models/{model}") if model else []

    def generated(self, wildcards: Any) -> list[str]:
        """Sets of curated rows that an arm mixes in, none for real data alone."""
        keys = self.sets.mixed_sets(wildcards.arm, int(wildcards.replicate))
        return [self.paths.path(f"curated/{key.name}.parquet") for key in keys]

    def own_tasks(self, wildcards: Any) -> str:
        """Digest of the folder of a person's own tasks for lm-eval, empty without one."""
        return self.sets.contents.digest(self._downstream(wildcards).lm_eval.include)

    def models(self, kind: str) -> str:
        """Regular expression of the downstream models of a kind; it fits nothing without one."""
        names = [name for name, model in self.study.downstream.items() if model.kind == kind]
        return "|".join(map(re.escape, names)) or "(?!)"

    def _downstream(self, wildcards: Any) -> Any:
        return self.study.downstream[wildcards.model]

    def settings(self, wildcards: Any) -> str:
        """What a run draws, and how it is trained."""
        key = (wildcards.arm, wildcards.model)  # replicates and seeds by the dozen share them
        if key not in self._settings:
            self._settings[key] = self._settings_of(wildcards)
        return self._settings[key]

    def _settings_of(self, wildcards: Any) -> str:
        training, task = self.training(wildcards.arm, wildcards.model), self.study.task
        is_module = isinstance(training, ModuleModel)
        return FinetuneSettings(
            training=training,
            task=task.kind,
            labels=task.classes,
            no_label=task.no_label,
            mix=self.sets.mix(wildcards.arm),
            code=file_digest(Path(training.file)) if is_module else None,
        ).to_json()

    def training(self, arm: str, model: str) -> Any:
        """How a downstream model is trained on an arm: as long as its regime says."""
        training = self.study.downstream[model]
        if isinstance(training, FineTuned):
            return training.for_mix(self.sets.arms[arm].rows, self.sets.baseline_rows[arm])
        return training

    def own_model(self, wildcards: Any, input: Any) -> str:
        """File of a downstream model of the user's own; one that moved reruns nothing."""
        return str(self._downstream(wildcards).file)

    def report_to(self, wildcards: Any, input: Any) -> list[str]:
        """Trackers that follow the trainings of a downstream model; another reruns nothing."""
        return list(getattr(self._downstream(wildcards), "report_to", ()))

    def events(self, wildcards: Any, input: Any) -> str:
        """Name of the runs of a mix in trackers, and the folder of their events."""
        return self._of_runs("events", wildcards)

    def seeds(self, wildcards: Any) -> list[int]:
        """Seeds of the runs of a job."""
        parts: list[list[int]] = self._downstream(wildcards).parts(self.study.seeds)
        return parts[int(wildcards.part)]

    def runs(self, wildcards: Any) -> str:
        """Folder of the runs of a job, or of the job that a run is part of."""
        folders = self.sets.run_folders(wildcards.arm, wildcards.model, int(wildcards.replicate))
        if hasattr(wildcards, "part"):
            return folders[int(wildcards.part)]
        parts = self._downstream(wildcards).parts(self.study.seeds)
        return next(
            folder
            for folder, seeds in zip(folders, parts, strict=True)
            if int(wildcards.seed) in seeds
        )

    def resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        names = (wildcards.arm, wildcards.model, wildcards.replicate, wildcards.part)
        return self.paths.path(f".resume/{digest([self.settings(wildcards), *names], 12)}")

    def lm_eval_settings(self, wildcards: Any) -> str:
        """Which tasks of lm-eval a tuned model is evaluated on, and how."""
        model = self._downstream(wildcards)
        return EvaluateLmSettings(
            **model.lm_eval.model_dump(),
            batch_size=model.batch_size,
            version=version_in(model.lm_eval.python, "lm-eval"),
        ).to_json()

    def checkpoints(self, wildcards: Any) -> str | None:
        """Folder that keeps the tuned models of the seeds, if they are kept."""
        if not self._downstream(wildcards).keep_checkpoint:
            return None
        return self._of_runs("checkpoints", wildcards)

    def checkpoint(self, wildcards: Any) -> str:
        """Folder of the tuned model of a run."""
        return f"{self._of_runs('checkpoints', wildcards)}/seed-{wildcards.seed}"

    def _of_runs(self, folder: str, runs: Any) -> str:
        return self.paths.path(f"{folder}/{runs.arm}/{runs.model}/r{runs.replicate}")
