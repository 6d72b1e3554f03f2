"""What workflow/rules/derive.smk looks up."""

import re
from typing import Any

from mixtura.curate.settings import (
    CombineSettings,
    ReplaceSettings,
    SelectionOptions,
    SelectSettings,
)
from mixtura.plan.pipelines import derived_pipeline
from mixtura.plan.sets import POOL, Sets
from mixtura.study.derived import (
    ParaphrasePipeline,
    Recuration,
    SelectionPipeline,
    SourcesPipeline,
)
from mixtura.study.pipelines import Pipeline


class DerivePlan:
    """What workflow/rules/derive.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    def pipelines(self, stage: str) -> str:
        """Regular expression of the pipelines whose sets a rule makes."""
        kinds: dict[str, Any] = {
            "curate": (Pipeline, Recuration),
            "replace": ParaphrasePipeline,
            "select_rows": SelectionPipeline,
            "combine": SourcesPipeline,
        }
        names = [n for n, p in self.study.pipelines.items() if isinstance(p, kinds[stage])]
        return "|".join(map(re.escape, names)) or "(?!)"

    def base_set(self, wildcards: Any) -> str:
        """The curated set whose rows paraphrases replace."""
        base = derived_pipeline(self.study, wildcards, ParaphrasePipeline)
        return self.paths.path(
            f"curated/{wildcards.generator}/{base.of}/{base.level}/{wildcards.draw}.parquet"
        )

    def paraphrase_shards(self, wildcards: Any) -> list[str]:
        """Shards of the paraphrases: one pool for all levels, none for a level that needs none."""
        pipeline = derived_pipeline(self.study, wildcards, ParaphrasePipeline)
        if not pipeline.levels[wildcards.level].sources:
            return []
        names = (wildcards.generator, wildcards.pipeline, POOL, wildcards.draw)
        folder = f"generated/{'/'.join(names)}"
        return [
            self.paths.path(f"{folder}/{shard}.parquet")
            for shard in self.sets.shards.of_paraphrases(pipeline)
        ]

    def pool_sets(self, wildcards: Any) -> list[str]:
        """The curated sets that rows are chosen from."""
        pipeline = derived_pipeline(self.study, wildcards, SelectionPipeline)
        return [
            self.paths.path(
                f"curated/{wildcards.generator}/{base}/{level}/{wildcards.draw}.parquet"
            )
            for base, levels in pipeline.pool.items()
            for level in levels
        ]

    def pool_embeddings(self, wildcards: Any) -> list[str]:
        """Their embeddings, of the first embedder."""
        folder = f"embeddings/{self.study.embedders[0]}"
        return [path.replace("/curated/", f"/{folder}/") for path in self.pool_sets(wildcards)]

    def combined_sets(self, wildcards: Any) -> list[str]:
        """The curated sets of several generators that are mixed to one."""
        pipeline = derived_pipeline(self.study, wildcards, SourcesPipeline)
        return [
            self.paths.path(
                f"curated/{generator}/{pipeline.of}/{pipeline.level}/{wildcards.draw}.parquet"
            )
            for generator in pipeline.levels[wildcards.level].generators
        ]

    def replace_settings(self, wildcards: Any) -> str:
        """How many rows of a base set become paraphrases."""
        pipeline = derived_pipeline(self.study, wildcards, ParaphrasePipeline)
        generated = pipeline.source == "generated"
        return ReplaceSettings(
            key=f"pipelines.{wildcards.pipeline}",
            sources=pipeline.levels[wildcards.level].sources,
            reserved=self.sets.shards.most_sources(pipeline) if generated else 0,
            paraphrases=pipeline.paraphrases,
            labels=self.study.task.words,
            seed=self.study.seed,
        ).to_json()

    def select_settings(self, wildcards: Any) -> str:
        """What a selected set should be like."""
        pipeline = derived_pipeline(self.study, wildcards, SelectionPipeline)
        return SelectSettings(
            **pipeline.model_dump(include=set(SelectionOptions.model_fields)),
            target=pipeline.levels[wildcards.level].target,
            n=self.study.generate.n,
            seed=self.study.seed,
        ).to_json()

    def combine_settings(self, wildcards: Any) -> str:
        """How large a set of several generators is."""
        return CombineSettings(n=self.study.generate.n, labels=self.sets.labels).to_json()
