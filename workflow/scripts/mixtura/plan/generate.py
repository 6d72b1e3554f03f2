"""What workflow/rules/generate.smk looks up."""

from pathlib import Path
from typing import Any

from mixtura.core.code import file_digest
from mixtura.core.digest import digest
from mixtura.core.sets import SetKey
from mixtura.curate.settings import TopUpSettings
from mixtura.generate.settings import (
    CollectGenerationSettings,
    DialSettings,
    GenerateRunning,
    GenerateSettings,
    TopicsSettings,
)
from mixtura.plan.curate import CuratePlan
from mixtura.plan.derive import DerivePlan
from mixtura.plan.loop import LoopPlan
from mixtura.plan.pipelines import curation_of
from mixtura.plan.sets import POOL, Sets
from mixtura.plan.writers import engine_content, engine_options, plain, prompted_model, token_prices
from mixtura.prepare.settings import Kind
from mixtura.study.derived import ParaphrasePipeline, Recuration
from mixtura.study.designs import LOOP
from mixtura.study.pipelines import ModulePipeline, PersonaPipeline, Pipeline, TopicPipeline


class GeneratePlan:
    """What workflow/rules/generate.smk looks up."""

    def __init__(self, sets: Sets, curate: CuratePlan, derive: DerivePlan, loop: LoopPlan) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths
        self.curate = curate
        self.derive = derive
        self.loop = loop
        self._settings: dict[SetKey, GenerateSettings] = {}

    def model(self, wildcards: Any) -> list[str]:
        """Model folder of a generator, none where a server has the model.

        In a loop it is the tuned model of the round, but in scheme grown.
        """
        pipeline = wildcards.pipeline
        if pipeline.startswith(LOOP) and pipeline != f"{LOOP}grown":
            return [self.loop.tuned_model(wildcards)]
        model = self.study.generators[wildcards.generator].model
        return [self.paths.path(f"models/{model}")] if model else []

    def lines(self, wildcards: Any) -> list[str]:
        """File of what a pipeline draws from, one a line, none where it needs none."""
        pipeline = self.study.pipelines[wildcards.pipeline]
        if isinstance(pipeline, TopicPipeline) and pipeline.topics == "written":
            name = self._prompted(wildcards.pipeline)
            return [
                self.paths.path(f"data/topics/{wildcards.generator}/{name}/{wildcards.draw}.txt")
            ]
        file = pipeline.file if isinstance(pipeline, PersonaPipeline | TopicPipeline) else None
        return [file] if file else []

    def _prompted(self, pipeline: str) -> str:
        """The pipeline whose prompts a pipeline has: of a round of a loop, that of round 0."""
        loop = self.study.designs.loop
        return loop.pipeline if loop and pipeline.startswith(LOOP) else pipeline

    def examples(self, wildcards: Any) -> str:
        """Rows that prompts show: the examples, or the texts that are to be paraphrased."""
        pipeline = self.study.pipelines[wildcards.pipeline]
        if isinstance(pipeline, ParaphrasePipeline) and pipeline.source == "generated":
            return self.derive.base_set(wildcards)
        return self.paths.path(f"data/examples/{wildcards.draw}.parquet")

    def stats(self) -> dict[str, list[str]]:
        """Statistics of every shard that the sets come from, of what was added, of curation."""
        origins = self.sets.origins()
        written = [key for key, parts in origins.items() if not parts]
        topped = [key for key in written if key.level != POOL]
        shards = {key: self.sets.shards.planned for key in topped}
        for key in written:
            pipeline = self.study.pipelines[key.pipeline]
            if isinstance(pipeline, ParaphrasePipeline):
                shards[key] = self.sets.shards.of_paraphrases(pipeline)
        shared = {origin for parts in origins.values() for origin, rows in parts if rows}
        counted = {*self.sets.sets, *shared}
        curated = [key for key in origins if key in counted and key.level != POOL]
        if self.sets.shards.most == len(self.sets.shards.planned):
            topped = []  # none may be added
        return {
            "shards": [
                self.paths.stats("generate", f"{key.name}/{shard}")
                for key, numbers in shards.items()
                for shard in numbers
            ],
            "added": [self.paths.stats("top_up", key.name) for key in topped],
            "counts": [self.paths.path(f"removed/counts/{key.name}.parquet") for key in curated],
        }

    def content(self, wildcards: Any) -> str:
        """Digest of what a person owns of a set's pipeline and generator: lines, an adapter."""
        pipeline = self.study.pipelines[wildcards.pipeline]
        file = pipeline.file if isinstance(pipeline, PersonaPipeline | TopicPipeline) else None
        engine = engine_content(self.study, wildcards.generator, self.sets.contents)
        return " ".join(filter(None, [engine, self.sets.contents.digest(file)]))

    def dial(self, wildcards: Any) -> str:
        """The dial that a set is written with."""
        name = self.study.pipelines[wildcards.pipeline].dial
        return "mixtura.core.modules" if name == "module" else f"mixtura.generate.dials.{name}"

    def resume(self, wildcards: Any) -> str:
        """Folder that a killed shard goes on from; other settings never find it."""
        settings = [self.settings(wildcards), self.content(wildcards)]
        settings += self._loop_settings(wildcards)
        return self.paths.path(f".resume/{digest(settings, 12)}")

    def _loop_settings(self, wildcards: Any) -> list[str]:
        """What the model that writes a round depends on, beside the settings of the round."""
        if not wildcards.pipeline.startswith(LOOP):
            return []
        return [self.loop.tune_settings(wildcards), self.curate.settings(wildcards)]

    def settings(self, wildcards: Any) -> str:
        """What one shard of generated rows depends on."""
        return self._first_shard(wildcards).shard(int(wildcards.shard)).to_json()

    def _first_shard(self, wildcards: Any) -> GenerateSettings:
        key = SetKey(wildcards.generator, wildcards.pipeline, wildcards.level, wildcards.draw)
        if key not in self._settings:  # shards by the dozen share them
            self._settings[key] = self._settings_of(wildcards)
        return self._settings[key]

    def _settings_of(self, wildcards: Any) -> GenerateSettings:
        study, task = self.study, self.study.task
        pipeline, name = study.pipelines[wildcards.pipeline], wildcards.generator
        level: dict[str, Any]
        if isinstance(pipeline, ParaphrasePipeline):
            template = study.generators[name].template("paraphrase", pipeline.prompt)
            generator = prompted_model(study, name, template, pipeline.sampling)
            kind: Kind = "classification"  # one line of text, whatever the task
            level = {"attempts": self.sets.shards.attempts(pipeline)}
        else:
            assert isinstance(pipeline, Pipeline)
            generator, kind = prompted_model(study, name), task.kind
            level = plain(pipeline.levels[wildcards.level])
        return GenerateSettings(
            generator=generator,
            dial=_dial_settings(pipeline),
            level=level,
            kind=kind,
            labels=self.sets.labels,
            no_label=task.no_label,
            noun=task.noun,
            language=task.language,
            first=0,
            prompts=study.generate.shard,
            stream=(study.seed, name, wildcards.pipeline, wildcards.level, wildcards.draw),
        )

    def top_up_settings(self, wildcards: Any) -> str:
        """What the shards that are added to a level depend on, beside the rows that it has."""
        pipeline = self.study.pipelines[wildcards.pipeline]
        assert isinstance(pipeline, Pipeline)
        return TopUpSettings(
            generate=self._first_shard(wildcards),
            n=self.study.generate.n,
            planned=len(self.sets.shards.planned),
            most=self.sets.shards.most,
            key=f"curation.{pipeline.curation}",
            cap=self.study.generate.cap,
            curation=curation_of(self.study, wildcards.pipeline).by_text(),
        ).to_json()

    def top_up_resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        settings = [self.top_up_settings(wildcards), self.content(wildcards)]
        settings += self._loop_settings(wildcards)
        return self.paths.path(f".resume/{digest(settings, 12)}")

    def running(self, wildcards: Any, input: Any) -> str:
        """How the engine of a generator is run, and what its answers must reach.

        Other values rerun nothing: Snakemake compares no params of a function that takes `input`.
        """
        options = engine_options(self.study, wildcards.generator)
        return GenerateRunning(
            **dict(options),
            least_parsed=self.study.generate.least_parsed,
            leaks=self._leaks(wildcards.pipeline),
        ).to_json()

    def _leaks(self, pipeline: str) -> dict[str, list[str]]:
        """Key of each filter label_leak that reads the rows of a pipeline -> the words it removes.

        Pipelines are read by their own variant of curation and by those that are `of` them.
        """
        leaks = {}
        for name, section in self.study.pipelines.items():
            if not isinstance(section, Pipeline | Recuration):
                continue
            leak = self.study.curation[section.curation].filters.label_leak
            if leak and self.study.source_of(name) == pipeline:
                key = f"curation.{section.curation}.filters.label_leak"
                leaks[key] = leak.words or self.study.task.words
        return leaks

    def collect_settings(self) -> str:
        """Where the rows of each set come from, and what tokens and hours cost."""
        servers = {
            name: generator.openai
            for name, generator in self.study.generators.items()
            if generator.openai
        }
        origins = self.sets.origins()
        pools = {
            key: self.sets.shards.most_sources(pipeline) * pipeline.paraphrases
            for key in origins
            if key.level == POOL
            and isinstance(pipeline := self.study.pipelines[key.pipeline], ParaphrasePipeline)
        }
        return CollectGenerationSettings(
            prices={name: token_prices(server) for name, server in servers.items()},
            hours=(self.study.prices.gpu_hour, self.study.prices.cpu_hour),
            origins=[(key, parts) for key, parts in origins.items() if parts],
            paraphrases=list(pools.items()),
            largest=self.study.designs.largest,
        ).to_json()

    def topics_settings(self, wildcards: Any) -> str:
        """What the topics that a generator writes depend on."""
        study, pipeline = self.study, self.study.pipelines[wildcards.pipeline]
        assert isinstance(pipeline, TopicPipeline)
        name = wildcards.generator
        template = study.generators[name].template("topics", pipeline.prompt)
        return TopicsSettings(
            generator=prompted_model(study, name, template),
            topics=max(level.topics for level in pipeline.levels.values()),
            noun=study.task.noun,
            language=study.task.language,
            stream=(study.seed, name, wildcards.pipeline, "topics", wildcards.draw),
        ).to_json()

    def topics_resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        settings = [self.topics_settings(wildcards), self.content(wildcards)]
        return self.paths.path(f".resume/{digest(settings, 12)}")


def _dial_settings(pipeline: Pipeline | ParaphrasePipeline) -> DialSettings:
    """What the prompts of a pipeline depend on, whatever the level; topics are an input."""
    if isinstance(pipeline, PersonaPipeline):
        return DialSettings(name="persona", personas=pipeline.personas, file=pipeline.file)
    if isinstance(pipeline, ModulePipeline):
        code = file_digest(Path(pipeline.file))
        return DialSettings(name="module", file=pipeline.file, code=code)
    return DialSettings(name=pipeline.dial)
