"""What workflow/rules/prepare.smk looks up."""

from typing import Any

from mixtura.core.sets import replicate_of
from mixtura.plan.sets import Sets
from mixtura.prepare.settings import ExamplesSettings, ModelSettings, Sample, SplitSettings
from mixtura.prepare.sources import MODEL_FILES


class PreparePlan:
    """What workflow/rules/prepare.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths
        self.contents = sets.contents

    def model_settings(self, wildcards: Any) -> str:
        """Source of a model."""
        return ModelSettings(**self.study.models[wildcards.source].model_dump()).to_json()

    def model_content(self, wildcards: Any) -> str:
        """Digest of a person's model folder, empty for a model from elsewhere."""
        return self.contents.digest(self.study.models[wildcards.source].path, MODEL_FILES)

    def task_settings(self) -> str:
        """Sources of the real rows and their labels."""
        task = self.study.task
        sides = {side: task.reading_of(side) for side in task.sides}
        return task.reading(task.data).model_copy(update={"sides": sides}).to_json()

    def task_content(self) -> dict[str, str]:
        """Digests of a person's files or saved data sets, empty for rows from elsewhere."""
        files = self.study.task.files.items()
        return {name: self.contents.digest(data.path) for name, data in files}

    def shifted_settings(self, wildcards: Any) -> str:
        """Source of another test set, and how many of its rows are drawn."""
        task = self.study.task
        sample = Sample(rows=task.shifted_rows, balance=task.balance.test, seed=self.study.seed)
        return task.reading(task.shifted[wildcards.shifted], sample).to_json()

    def shifted_content(self, wildcards: Any) -> dict[str, str]:
        """As `task_content`, of another test set."""
        return {"data": self.contents.digest(self.study.task.shifted[wildcards.shifted].path)}

    def split_settings(self, wildcards: Any) -> str:
        """Sizes of the splits; each replicate of a study in folds has its own."""
        task = self.study.task
        return SplitSettings(
            test=task.test.rows,
            reference=task.reference,
            development=task.development.rows,
            sides=list(task.sides),
            folds=task.test.folds,
            replicate=int(getattr(wildcards, "replicate", 0)),
            group=task.group,
            balance=task.balance.test,
            reference_balance=task.balance.generated,
            seed=self.study.seed,
        ).to_json()

    def examples_settings(self, wildcards: Any) -> str:
        """Which real rows a generator sees."""
        return ExamplesSettings(
            rows=self.sets.examples(wildcards.draw),
            balance=self.study.task.balance.real,
            replicate=replicate_of(wildcards.draw),
            seed=self.study.seed,
        ).to_json()
