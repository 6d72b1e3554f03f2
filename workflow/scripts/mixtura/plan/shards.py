"""How many prompts and shards a set has."""

import math

from mixtura.study.derived import ParaphrasePipeline
from mixtura.study.study import Study


class Shards:
    """Shards of a level, the unit of generation."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @property
    def prompts(self) -> int:
        """Prompts per level: what is needed, and more for what curation removes."""
        return math.ceil(self.study.generate.n * self.study.generate.overgenerate)

    @property
    def planned(self) -> range:
        """Numbers of a level's shards. All are full: a larger n adds some and changes none."""
        return range(math.ceil(self.prompts / self.study.generate.shard))

    @property
    def most(self) -> int:
        """Most shards of a level that `generate.cap` allows, the planned ones included."""
        gen = self.study.generate
        return max(len(self.planned), math.ceil(gen.n * gen.cap / gen.shard))

    def of_paraphrases(self, pipeline: ParaphrasePipeline) -> range:
        """Numbers of the shards of the paraphrases of a pipeline."""
        needed = self.most_sources(pipeline) * self.attempts(pipeline)
        return range(math.ceil(needed / self.study.generate.shard))

    def most_sources(self, pipeline: ParaphrasePipeline) -> int:
        """Texts that are paraphrased at the level with most of them."""
        return max(pipeline.levels[level].sources for level in self.study.generate.levels)

    def attempts(self, pipeline: ParaphrasePipeline) -> int:
        """Prompts for each text that is paraphrased."""
        return math.ceil(pipeline.paraphrases * pipeline.overgenerate)
