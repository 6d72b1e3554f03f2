"""What workflow/rules/curate.smk looks up."""

from typing import Any

from mixtura.core.digest import digest
from mixtura.core.sets import replicate_of
from mixtura.curate.settings import READ, SCORES, CurateSettings, JudgeSettings
from mixtura.plan.pipelines import curation_of
from mixtura.plan.sets import Sets
from mixtura.plan.writers import engine_content, judge_model


class CuratePlan:
    """What workflow/rules/curate.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    def shards(self, wildcards: Any) -> list[str]:
        """Shards of one set."""
        pipeline = self.study.source_of(wildcards.pipeline)
        folder = f"generated/{wildcards.generator}/{pipeline}/{wildcards.level}/{wildcards.draw}"
        return [self.paths.path(f"{folder}/{shard}.parquet") for shard in self.sets.shards.planned]

    def embeddings(self, wildcards: Any) -> dict[str, list[str]]:
        """Embeddings that the curation of a set compares: of its pool and of real rows."""
        variant = curation_of(self.study, wildcards.pipeline)
        if not variant.reads_embeddings:
            return {}
        embedder = variant.embedder or self.study.embedders[0]
        folder = f"embeddings/{embedder}"
        pipeline = self.study.source_of(wildcards.pipeline)
        names = (wildcards.generator, pipeline, wildcards.level, wildcards.draw)
        pool = f"{folder}/pool/{'/'.join(names)}.parquet"
        shifted = [f"shifted/{name}" for name in self.study.task.shifted]
        real = [f"examples/{wildcards.draw}", *shifted]
        test = self.paths.embedded(embedder, "test", replicate_of(wildcards.draw))
        return {
            "pool": [self.paths.path(pool)],
            "protected": [test, *(self.paths.path(f"{folder}/{part}.parquet") for part in real)],
        }

    def judged(self, wildcards: Any) -> list[str]:
        """What a language model takes the labels of a pool to be, none without such a judge."""
        judge = curation_of(self.study, wildcards.pipeline).judge
        pipeline = self.study.source_of(wildcards.pipeline)
        names = (wildcards.generator, pipeline, wildcards.level, wildcards.draw)
        return [self.paths.path(f"judged/{judge}/{'/'.join(names)}.parquet")] if judge else []

    def judge_model(self, wildcards: Any) -> list[str]:
        """Model folder of a judge of labels, none where a server has the model."""
        model = self.study.generators[wildcards.judge].model
        return [self.paths.path(f"models/{model}")] if model else []

    def more_shards(self, wildcards: Any) -> list[str]:
        """Folder of the shards that were added to a set, none where none may be."""
        pipeline = self.study.source_of(wildcards.pipeline)
        names = (wildcards.generator, pipeline, wildcards.level, wildcards.draw)
        folder = self.paths.path(f"generated/{'/'.join(names)}/more")
        return [folder] if self.sets.shards.most > len(self.sets.shards.planned) else []

    def settings(self, wildcards: Any) -> str:
        """How many rows of a set stay, and what is removed."""
        return CurateSettings(
            n=self.study.generate.n,
            labels=self.sets.labels,
            curation=curation_of(self.study, wildcards.pipeline),
        ).to_json()

    def judge_settings(self, wildcards: Any) -> str:
        """What a judge is asked, and by which generator."""
        study, kind = self.study, self.study.task.kind
        return JudgeSettings(
            generator=judge_model(study, wildcards.judge),
            kind=kind,
            labels=SCORES if kind in READ else study.task.words,
            noun=study.task.noun,
            seed=study.seed,
        ).to_json()

    def judge_content(self, wildcards: Any) -> str:
        """Digest of the adapter of a judge of labels, empty without one."""
        return engine_content(self.study, wildcards.judge, self.sets.contents)

    def judge_resume(self, wildcards: Any) -> str:
        """Folder that a killed judge goes on from; other settings or texts never find it."""
        keys = ("generator", "pipeline", "level", "draw", "arm", "model", "replicate", "part")
        names = [str(getattr(wildcards, key, "")) for key in keys]
        settings = [self.judge_settings(wildcards), self.judge_content(wildcards)]
        return self.paths.path(f".resume/{digest([*settings, *names], 12)}")
