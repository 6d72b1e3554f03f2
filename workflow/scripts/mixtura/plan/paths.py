"""Where the files of a study lie, as far as rules do not say it themselves."""

from typing import Any

from mixtura.core.sets import replicate_of
from mixtura.study.study import Study


class Paths:
    """Paths below results/STUDY."""

    def __init__(self, study: Study) -> None:
        self.study, self.root = study, f"results/{study.study}"

    def path(self, template: str) -> str:
        """A path of this study; wildcards in `template` stay."""
        return f"{self.root}/{template}"

    def stats(self, stage: str, name: str) -> str:
        """Path of a job's statistics, which `job.Job.done` writes beside its log."""
        return self.path(f"logs/{stage}/{name}.json")

    @property
    def data(self) -> str:
        """Path of the canonical rows of the task."""
        return self.path(f"data/{self.study.task.name}.parquet")

    def splits(self, wildcards: Any) -> str:
        """Path of the splits of a job: in folds, those of its replicate."""
        return self.splits_of(_replicate(wildcards))

    def splits_of(self, replicate: int) -> str:
        """Path of the splits of a replicate."""
        fold = f"/r{replicate}" if self.study.task.test.folds else ""
        return self.path(f"data/splits{fold}.parquet")

    def embedded(self, embedder: str, split: str, replicate: int) -> str:
        """Path of the embeddings of a split of a replicate."""
        fold = f"r{replicate}/" if self.study.task.test.folds else ""
        return self.path(f"embeddings/{embedder}/{fold}{split}.parquet")

    def reference(self, wildcards: Any) -> str:
        """Path of the embedded reference of a set."""
        return self.embedded(wildcards.embedder, "reference", _replicate(wildcards))

    def shifted(self) -> list[str]:
        """Rows of the other test sets."""
        return [self.path(f"data/shifted/{name}.parquet") for name in self.study.task.shifted]


def _replicate(wildcards: Any) -> int:
    """Number of the replicate of a job: its own, or that of its draw."""
    number = getattr(wildcards, "replicate", None)
    return replicate_of(wildcards.draw) if number is None else int(number)
