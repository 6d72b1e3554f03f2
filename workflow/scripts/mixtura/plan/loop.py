"""What workflow/rules/loop.smk looks up."""

from typing import Any

from mixtura.core.digest import digest
from mixtura.core.sets import SetKey, replicate_of
from mixtura.core.streams import stream_seed
from mixtura.plan.designs import Arm
from mixtura.plan.sets import Sets
from mixtura.plan.writers import prompted_model
from mixtura.study.designs import LOOP
from mixtura.train.settings import PerplexitySettings, Prompting, TuneSettings


class LoopPlan:
    """Inputs and settings of generators that are trained in a loop."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    def untuned_model(self, wildcards: Any) -> str:
        """Model folder that a loop starts from."""
        return self.paths.path(f"models/{self.study.generators[wildcards.generator].model}")

    def tuned_model(self, wildcards: Any) -> str:
        """Model folder of a round of a loop: in round 0 the untuned one."""
        if wildcards.level == "R0":
            return self.untuned_model(wildcards)
        names = (wildcards.generator, wildcards.pipeline, wildcards.level, wildcards.draw)
        return self.paths.path(f"tuned/{'/'.join(names)}")

    def before(self, wildcards: Any) -> Arm:
        """The mix that the generator of a round is trained on: that of the round before."""
        scheme, number = wildcards.pipeline.removeprefix(LOOP), int(wildcards.level[1:])
        return next(
            turn.arm
            for turn in self.sets.rounds[wildcards.generator]
            if (turn.scheme, turn.number) == (scheme, number - 1)
        )

    def generated(self, wildcards: Any) -> list[str]:
        """Curated sets that the generator of a round is trained on."""
        arm, replicate = self.before(wildcards).name, replicate_of(wildcards.draw)
        names = self.sets.mixed_sets(arm, replicate)
        return [self.paths.path(f"curated/{key.name}.parquet") for key in names]

    def perplexities(self) -> list[str]:
        """Likelihood of real text under the untuned generators and those of every round."""
        untuned = [SetKey(generator, "loop", "R0", "r0") for generator in self.sets.rounds]
        names = [key.name for key in (*untuned, *self.sets.looped)]
        return [self.paths.path(f"perplexity/{name}.parquet") for name in names]

    def tune_settings(self, wildcards: Any) -> str:
        """What the generator of a round is trained on, and how."""
        loop = self.study.designs.loop
        assert loop
        names = (wildcards.generator, wildcards.pipeline, wildcards.level, wildcards.draw)
        return TuneSettings(
            tuning=loop.tune,
            prompting=self._prompting(wildcards.generator),
            mix=self.sets.mix(self.before(wildcards).name),
            seed=stream_seed(self.study.seed, "tune", *names),
        ).to_json()

    def tune_resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        names = [wildcards.generator, wildcards.pipeline, wildcards.level, wildcards.draw]
        return self.paths.path(f".resume/{digest([self.tune_settings(wildcards), *names], 12)}")

    def perplexity_settings(self, wildcards: Any) -> str:
        """After which prompts real text is given to the generator of a loop."""
        loop = self.study.designs.loop
        assert loop
        return PerplexitySettings(
            prompting=self._prompting(wildcards.generator),
            max_length=loop.tune.max_length,
            rows=loop.perplexity_rows,
        ).to_json()

    def _prompting(self, generator: str) -> Prompting:
        """How a row becomes the prompt and the answer of a generator."""
        model, task = prompted_model(self.study, generator), self.study.task
        return Prompting(
            prompt=model.prompt,
            format=model.format,
            task=task.kind,
            noun=task.noun,
            no_label=task.no_label,
        )
