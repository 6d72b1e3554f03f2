"""The plan of a study: arms, runs, settings, paths and resources, from the configuration alone.

Rules look things up here, so the whole graph is known before anything runs. Settings are sorted
JSON: what a stage's output depends on, and nothing else.
"""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from mixtura.code import file_digest
from mixtura.config import (
    LOOP,
    CausalLM,
    ConfigError,
    Curation,
    Derived,
    ParaphrasePipeline,
    PersonaPipeline,
    Pipeline,
    Probe,
    Recuration,
    Resources,
    SelectionPipeline,
    SourcesPipeline,
    Study,
    Task,
    TopicPipeline,
    check_supply,
    lm_eval_version,
    load_study,
)
from mixtura.designs import Arm, Round, Set, design_points, loop_points, loop_rounds
from mixtura.digest import canonical_json, digest
from mixtura.own import own_files
from mixtura.sources import DATA_PACKAGES
from mixtura.streams import stream_seed
from mixtura.templates import template_text

D = TypeVar("D", bound=Derived)
POOL = "paraphrases"  # the level of a pipeline's paraphrases, which all its levels share
METRICS = {  # task.kind -> metrics; findings answer on the first
    "classification": ("accuracy", "macro_f1", "log_loss", "calibration_error"),
    "qa": ("token_f1", "exact_match"),  # F1 first: it tells more answers apart
    "instruction": ("rouge_l", "perplexity"),
    "text": ("perplexity",),
}
FIGURES = (
    "collapse",
    "score-by-level",
    "score-by-share",
    "score-by-diversity",
    "gain-map",
    "size-interaction",
    "cost-by-gain",
    "shift-by-score",
    "diversity-by-level",
    "shift-by-level",
    "rank-agreement",
    "measure-correlation",
    "embedding-map",
    "curation-funnel",
)
COMPARED = (  # sets, by a measure
    "score-by-diversity",
    "shift-by-score",
    "diversity-by-level",
    "shift-by-level",
    "rank-agreement",
    "measure-correlation",
)
DEFAULT_RESOURCES = {
    "generate": Resources(threads=2, mem_mb=4000, runtime=120),
    "finetune": Resources(threads=1, mem_mb=3000, runtime=60),
    "tune": Resources(threads=1, mem_mb=4000, runtime=120),
}
# Seconds of a job of a rule until one was measured.
TYPICAL = {
    "generate": 90,
    "finetune": 30,
    "finetune_causal": 120,
    "evaluate_lm": 120,
    "tune": 15,
    "perplexity": 30,
    "model": 30,
    "embed": 15,
    "embed_real": 15,
    "task": 15,
}
SHORT = 4  # of any other rule
DECIDE_RESOURCES = ("model", "generator", "judge")  # wildcards that `Plan.resources` reads

KINDS = {  # task.kind -> keys of task.data that name its columns
    "classification": ("text", "label"),
    "qa": ("context", "question", "answer"),
    "instruction": ("prompt", "response"),
    "text": ("text",),
}
COLUMNS = dict.fromkeys(key for keys in KINDS.values() for key in keys)
TOPICAL = ("topic_count", "topic_entropy")
# Options of engines that change no answer.
RUNNING = {
    "vllm": ("python", "tensor_parallel", "gpu_memory_utilization", "enforce_eager"),
    "openai": (
        *("base_url", "key_env", "concurrent", "requests_per_minute", "attempts", "timeout"),
        *("prompt_price", "completion_price"),
    ),
}
COUNTED_BYTES = 50_000_000  # a larger file is counted when it is read, not at every parse


def read_plan(config: dict[str, Any]) -> "Plan":
    """The plan of a configuration. Raises ConfigError for one that cannot be used."""
    study = load_study(config)
    data = study.task.data
    if data.path and Path(data.path).is_file() and Path(data.path).stat().st_size < COUNTED_BYTES:
        check_supply(study, _count_labels(data.path, data.label if study.task.labels else None))
    return Plan(study)


def _count_labels(path: str, label: str | None) -> dict[str, int]:
    from mixtura.data import read_rows

    try:
        rows = read_rows(path)
        if not label:
            return {"": rows.height}
        counts = rows[label].cast(str).value_counts()
    except Exception as error:
        raise ConfigError(f"task.data: {path!r} cannot be counted: {error}") from None
    return dict(counts.drop_nulls().iter_rows())


class Plan:
    """Everything that the rules of a study ask for."""

    def __init__(self, study: Study) -> None:
        self.given = study
        self.study = study = _with_rounds(study)
        self.root = f"results/{study.study}"
        gen = study.generate
        mixed = [p for p in gen.pipelines if isinstance(study.pipelines[p], SourcesPipeline)]
        designed = [
            (generator, pipeline, level)
            for generator in gen.generators
            for pipeline in gen.pipelines
            if pipeline not in mixed
            for level in gen.levels
        ] + [("mixed", pipeline, level) for pipeline in mixed for level in gen.levels]
        loop, classes = study.designs.loop, len(study.task.words)
        self.rounds: dict[str, list[Round]] = {
            generator: loop_rounds(study.designs, gen.n, classes, generator)
            for generator in (gen.generators if loop else ())
        }
        rounds = [one for found in self.rounds.values() for one in found]
        self.designed = designed  # sets of the designs other than the loop
        self.sets = [*designed, *(one.written for one in rounds if one.number)]
        self.unions = {one.arm.name: one.mixed for one in rounds if one.number}
        self.points = [
            *design_points(study.designs, gen.n, designed),
            *(
                point
                for found in self.rounds.values()
                for point in loop_points(study.designs, found)
            ),
        ]
        self.arms = {point.arm.name: point.arm for point in self.points}

    # --- what there is -------------------------------------------------------------------

    @property
    def prompts(self) -> int:
        """Prompts per level: what is needed, and more for what curation removes."""
        return math.ceil(self.study.generate.n * self.study.generate.overgenerate)

    @property
    def shards(self) -> range:
        """Numbers of a level's shards. All are full: a larger n adds some and changes none."""
        return range(math.ceil(self.prompts / self.study.generate.shard))

    @property
    def figures(self) -> list[str]:
        """Figures that this study can have."""
        absent = {*self.absent_figures, *([] if self.rounds else ["collapse"])}
        return [name for name in FIGURES if name not in absent]

    @property
    def absent_figures(self) -> dict[str, str]:
        """Figure that this study cannot have -> why, in words."""
        arms = [point.arm for point in self.points if point.design != "loop"]
        mixed = [arm for arm in arms if arm.n_real and arm.n_generated]
        absent = {}
        if sum(not pipeline.startswith(LOOP) for _, pipeline, _ in self.sets) < 2:
            absent = dict.fromkeys(COMPARED, "measures are compared over several generated sets")
        if not any(arm.n_generated for arm in arms):
            names = ("score-by-level", "score-by-diversity", "shift-by-score", "cost-by-gain")
            absent |= dict.fromkeys(names, "scores by level need a design other than a loop")
        if not mixed:
            absent["score-by-share"] = "mix curves need mixes of real and generated rows"
        if len({arm.n_real for arm in mixed}) < 2 or len({arm.n_generated for arm in mixed}) < 2:
            absent["gain-map"] = "a map of gains needs several numbers of real and generated rows"
        if len(self.study.downstream) < 2 or "score-by-level" in absent:
            absent["size-interaction"] = "gain by level and model needs several downstream models"
        return absent

    def arm_rows(self) -> list[dict[str, Any]]:
        """The readable index of the arms: one row for each arm in each design."""
        return [point.row() for point in self.points]

    def arm_words(self) -> dict[str, str]:
        """Name of an arm -> what it is in words, for progress and errors."""
        words = {}
        for name, arm in self.arms.items():
            parts = [f"{arm.n_real} real"] if arm.n_real else []
            if arm.n_generated:
                made = " ".join(filter(None, (arm.generator, arm.pipeline, arm.level)))
                parts.append(f"{arm.n_generated} generated: {made}")
            repeated = f", repeated to {arm.repeat_to}" if arm.repeat_to else ""
            words[name] = (" + ".join(parts) or "untrained") + repeated
        return words

    # --- paths ---------------------------------------------------------------------------

    def path(self, template: str) -> str:
        """A path of this study; wildcards in `template` stay."""
        return f"{self.root}/{template}"

    def log(self, stage: str, name: str) -> str:
        """Path of a job's log."""
        return self.path(f"logs/{stage}/{name}.log")

    def stats(self, stage: str, name: str) -> str:
        """Path of a job's statistics, which `header.Job.done` writes beside its log."""
        return self.path(f"logs/{stage}/{name}.json")

    def benchmark(self, stage: str, name: str) -> str:
        """Path of a job's benchmark."""
        return self.path(f"benchmarks/{stage}/{name}.jsonl")

    @property
    def data(self) -> str:
        """Path of the canonical rows of the task."""
        return self.path(f"data/{self.study.task.name}.parquet")

    def shifted(self) -> list[str]:
        """Rows of the other test sets."""
        return [self.path(f"data/shifted/{name}.parquet") for name in self.study.task.shifted]

    def shifted_embeddings(self, wildcards: Any) -> list[str]:
        """Embeddings of the other test sets."""
        folder = f"embeddings/{self._trained(wildcards).embedder}/shifted"
        return [self.path(f"{folder}/{name}.parquet") for name in self.study.task.shifted]

    def generator_model(self, wildcards: Any) -> list[str]:
        """Model folder of a generator, none where a server has the model.

        In a loop it is the tuned model of the round, but in scheme grown.
        """
        pipeline = wildcards.pipeline
        if pipeline.startswith(LOOP) and pipeline != f"{LOOP}grown":
            return [self.tuned_model(wildcards)]
        model = self.study.generators[wildcards.generator].model
        return [self.path(f"models/{model}")] if model else []

    def untuned_model(self, wildcards: Any) -> str:
        """Model folder that a loop starts from."""
        return self.path(f"models/{self.study.generators[wildcards.generator].model}")

    def tuned_model(self, wildcards: Any) -> str:
        """Model folder of a round of a loop: in round 0 the untuned one."""
        if wildcards.level == "R0":
            return self.untuned_model(wildcards)
        made = (wildcards.generator, wildcards.pipeline, wildcards.level)
        return self.path(f"tuned/{'/'.join(made)}")

    def writer_models(self, wildcards: Any) -> list[str]:
        """Model folders of the generators whose text a set has, none where a server has them."""
        made = (wildcards.generator, wildcards.pipeline, wildcards.level)
        models = [self.study.generators[name].model for name in self._writers(*made)]
        return [self.path(f"models/{model}") for model in dict.fromkeys(models) if model]

    def downstream_model(self, wildcards: Any) -> str | list[str]:
        """Model folder of a downstream model; one of the user's own need not have one."""
        model = self._trained(wildcards).model
        return self.path(f"models/{model}") if model else []

    def model_folders(self) -> list[str]:
        """Folders of the models that the study uses."""
        study = self.study
        writers = dict.fromkeys(study.generate.generators)
        for made in (study.pipelines[name] for name in study.generate.pipelines):
            if isinstance(made, SourcesPipeline):
                levels = [made.levels[level] for level in study.generate.levels]
                writers |= dict.fromkeys(name for level in levels for name in level.generators)
        used = [study.generators[name].model for name in writers]
        used += [v.embedder for v in self._variants() if v.reads_embeddings and v.embedder]
        used += [study.generators[v.judge].model for v in self._variants() if v.judge]
        used += study.embedders
        used += [it.model for it in study.downstream.values() if not isinstance(it, Probe)]
        return [self.path(f"models/{name}") for name in dict.fromkeys(used) if name]

    def lines(self, wildcards: Any) -> list[str]:
        """File of what a pipeline draws from, one a line, none where it needs none."""
        pipeline = self.study.pipelines[wildcards.pipeline]
        if isinstance(pipeline, TopicPipeline) and pipeline.topics == "written":
            name = self._prompted(wildcards.pipeline)
            return [self.path(f"data/topics/{wildcards.generator}/{name}.txt")]
        file = pipeline.file if isinstance(pipeline, PersonaPipeline | TopicPipeline) else None
        return [file] if file else []

    def _prompted(self, pipeline: str) -> str:
        """The pipeline whose prompts a pipeline has: of a round of a loop, that of round 0."""
        loop = self.study.designs.loop
        return loop.pipeline if loop and pipeline.startswith(LOOP) else pipeline

    def pipelines_of(self, stage: str) -> str:
        """Regular expression of the pipelines whose sets a rule makes."""
        kinds: dict[str, Any] = {
            "curate": (Pipeline, Recuration),
            "replace": ParaphrasePipeline,
            "select": SelectionPipeline,
            "combine": SourcesPipeline,
        }
        found = [n for n, p in self.study.pipelines.items() if isinstance(p, kinds[stage])]
        return "|".join(map(re.escape, found)) or "(?!)"

    def shown(self, wildcards: Any) -> str:
        """Rows that prompts show: the examples, or the texts that are to be paraphrased."""
        pipeline = self.study.pipelines[wildcards.pipeline]
        if isinstance(pipeline, ParaphrasePipeline) and pipeline.source == "generated":
            return self.base_set(wildcards)
        return self.path("data/examples.parquet")

    def base_set(self, wildcards: Any) -> str:
        """The curated set whose rows paraphrases replace."""
        base = self._derived(wildcards, ParaphrasePipeline)
        return self.path(f"curated/{wildcards.generator}/{base.of}/{base.level}.parquet")

    def paraphrase_shards(self, wildcards: Any) -> list[str]:
        """Shards of the paraphrases: one pool for all levels, none for a level that needs none."""
        pipeline = self._derived(wildcards, ParaphrasePipeline)
        if not pipeline.levels[wildcards.level].sources:
            return []
        folder = f"generated/{wildcards.generator}/{wildcards.pipeline}/{POOL}"
        return [self.path(f"{folder}/{shard}.parquet") for shard in self._pool_shards(pipeline)]

    def _pool_shards(self, pipeline: ParaphrasePipeline) -> range:
        needed = self._most_sources(pipeline) * self._attempts(pipeline)
        return range(math.ceil(needed / self.study.generate.shard))

    def pool_sets(self, wildcards: Any) -> list[str]:
        """The curated sets that rows are chosen from."""
        pipeline = self._derived(wildcards, SelectionPipeline)
        return [
            self.path(f"curated/{wildcards.generator}/{base}/{level}.parquet")
            for base, levels in pipeline.pool.items()
            for level in levels
        ]

    def pool_set_embeddings(self, wildcards: Any) -> list[str]:
        """Their embeddings, of the first embedder."""
        folder = f"embeddings/{self.study.embedders[0]}"
        return [path.replace("/curated/", f"/{folder}/") for path in self.pool_sets(wildcards)]

    def combined_sets(self, wildcards: Any) -> list[str]:
        """The curated sets of several generators that are mixed to one."""
        pipeline = self._derived(wildcards, SourcesPipeline)
        return [
            self.path(f"curated/{generator}/{pipeline.of}/{pipeline.level}.parquet")
            for generator in pipeline.levels[wildcards.level].generators
        ]

    def _derived(self, wildcards: Any, kind: type[D]) -> D:
        pipeline = self.study.pipelines[wildcards.pipeline]
        assert isinstance(pipeline, kind)
        return pipeline

    def _most_sources(self, pipeline: ParaphrasePipeline) -> int:
        return max(pipeline.levels[level].sources for level in self.study.generate.levels)

    def _attempts(self, pipeline: ParaphrasePipeline) -> int:
        return math.ceil(pipeline.paraphrases * pipeline.overgenerate)

    @property
    def sized(self) -> dict[str, str]:
        """Downstream model -> key of its weights, for models whose size means something."""
        found = {name: getattr(d, "model", None) for name, d in self.study.downstream.items()}
        return {name: key for name, key in found.items() if key}

    def sized_folders(self) -> list[str]:
        """Folders whose parameters are counted."""
        return [self.path(f"models/{key}") for key in self.sized.values()]

    def generated_shards(self, wildcards: Any) -> list[str]:
        """Shards of one set."""
        pipeline = self.study.source_of(wildcards.pipeline)
        folder = f"generated/{wildcards.generator}/{pipeline}/{wildcards.level}"
        return [self.path(f"{folder}/{shard}.parquet") for shard in self.shards]

    def variant(self, pipeline: str) -> Curation:
        """How the text of a pipeline is curated."""
        found = self.study.pipelines[pipeline]
        assert isinstance(found, Pipeline | Recuration)
        return self.study.curation[found.curation]

    def pool_embeddings(self, wildcards: Any) -> dict[str, list[str]]:
        """Embeddings that the curation of a set compares: of its pool and of real rows."""
        variant = self.variant(wildcards.pipeline)
        if not variant.reads_embeddings:
            return {}
        folder = f"embeddings/{variant.embedder or self.study.embedders[0]}"
        pipeline = self.study.source_of(wildcards.pipeline)
        pool = f"{folder}/pool/{wildcards.generator}/{pipeline}/{wildcards.level}.parquet"
        real = ["protected", *(f"shifted/{name}" for name in self.study.task.shifted)]
        return {
            "pool": [self.path(pool)],
            "protected": [self.path(f"{folder}/{part}.parquet") for part in real],
        }

    def judged(self, wildcards: Any) -> list[str]:
        """What a language model takes the labels of a pool to be, none without such a judge."""
        judge = self.variant(wildcards.pipeline).judge
        pipeline = self.study.source_of(wildcards.pipeline)
        name = f"judged/{judge}/{wildcards.generator}/{pipeline}/{wildcards.level}.parquet"
        return [self.path(name)] if judge else []

    def judge_folder(self, wildcards: Any) -> list[str]:
        """Model folder of a judge of labels, none where a server has the model."""
        model = self.study.generators[wildcards.judge].model
        return [self.path(f"models/{model}")] if model else []

    def more_shards(self, wildcards: Any) -> list[str]:
        """Folder of the shards that were added to a set, none where none may be."""
        pipeline = self.study.source_of(wildcards.pipeline)
        folder = self.path(f"generated/{wildcards.generator}/{pipeline}/{wildcards.level}/more")
        return [folder] if self._most_shards > len(self.shards) else []

    def origins(self) -> dict[Set, list[tuple[Set, int | None]]]:
        """Set -> the sets that its rows come from, and how many rows (None: it needs them all).

        Nothing for a set that is written itself. Sets that others come from stand before them; the
        paraphrases of a pipeline are a set at level POOL.
        """
        found: dict[Set, list[tuple[Set, int | None]]] = {}

        def add(made: Set) -> None:
            if made not in found:
                origins = self._origins(*made)
                for origin, _ in origins:
                    add(origin)
                found[made] = origins

        for made in self.sets:
            add(made)
        return found

    def _origins(self, generator: str, name: str, level: str) -> list[tuple[Set, int | None]]:
        made, n = self.study.pipelines[name], self.study.generate.n
        if isinstance(made, Recuration):
            return [((generator, made.of, level), None)]
        if isinstance(made, SelectionPipeline):
            return [
                ((generator, base, at), None) for base, levels in made.pool.items() for at in levels
            ]
        if isinstance(made, SourcesPipeline):
            writers = made.levels[level].generators
            return [((writer, made.of, made.level), n // len(writers)) for writer in writers]
        if isinstance(made, ParaphrasePipeline) and level != POOL:
            new = made.levels[level].sources * made.paraphrases
            parts = [((generator, made.of, made.level), n - new), ((generator, name, POOL), new)]
            return [(origin, rows) for origin, rows in parts if rows]
        return []

    def generation_stats(self) -> dict[str, list[str]]:
        """Statistics of every shard that the sets come from, of what was added, of curation."""
        origins = self.origins()
        written = [made for made, parts in origins.items() if not parts]
        topped = [made for made in written if made[2] != POOL]
        shards = {made: self.shards for made in topped}
        for generator, name, level in written:
            pipeline = self.study.pipelines[name]
            if isinstance(pipeline, ParaphrasePipeline):
                shards[generator, name, level] = self._pool_shards(pipeline)
        shared = {origin for parts in origins.values() for origin, rows in parts if rows}
        counted = {*self.sets, *shared}
        curated = [made for made in origins if made in counted and made[2] != POOL]
        more = self._most_shards > len(self.shards)
        return {
            "shards": [
                self.stats("generate", f"{'/'.join(made)}/{shard}")
                for made, numbers in shards.items()
                for shard in numbers
            ],
            "added": [self.stats("top_up", "/".join(made)) for made in topped] if more else [],
            "counts": [self.path(f"removed/counts/{'/'.join(made)}.parquet") for made in curated],
        }

    def generated_set(self, wildcards: Any) -> list[str]:
        """Sets of curated rows that an arm mixes in, none for real data alone."""
        return [self.path(f"curated/{made}.parquet") for made in self._mixed_sets(wildcards.arm)]

    def _mixed_sets(self, name: str) -> list[str]:
        """Sets that the generated rows of an arm come from: several in a loop that accumulates."""
        arm = self.arms[name]
        if not arm.n_generated:
            return []
        own = (str(arm.generator), str(arm.pipeline), str(arm.level))
        return ["/".join(made) for made in self.unions.get(name, (own,))]

    def before(self, wildcards: Any) -> Arm:
        """The mix that the generator of a round is trained on: that of the round before."""
        scheme, number = wildcards.pipeline.removeprefix(LOOP), int(wildcards.level[1:])
        return next(
            one.arm
            for one in self.rounds[wildcards.generator]
            if (one.scheme, one.number) == (scheme, number - 1)
        )

    def tuned_on(self, wildcards: Any) -> list[str]:
        """Curated sets that the generator of a round is trained on."""
        mixed = self._mixed_sets(self.before(wildcards).name)
        return [self.path(f"curated/{made}.parquet") for made in mixed]

    def loop_perplexities(self) -> list[str]:
        """Likelihood of real text under the untuned generators and those of every round."""
        return [
            self.path(f"perplexity/{generator}/{made}.parquet")
            for generator, rounds in self.rounds.items()
            for made in ["loop/R0", *("/".join(one.written[1:]) for one in rounds if one.number)]
        ]

    def collapse(self) -> dict[str, str]:
        """The table of a loop, if the study has one."""
        return {"collapse": self.path("tables/collapse.parquet")} if self.rounds else {}

    def of_sets(self, template: str, loop: bool = True) -> list[str]:
        """`template` filled in for every generated set; those of a loop may be left out."""
        return [
            self.path(template.format(generator=generator, pipeline=pipeline, level=level))
            for generator, pipeline, level in (self.sets if loop else self.designed)
        ]

    def scores_of(self, kind: str) -> list[str]:
        """Parts of a table of measures: every embedder, every set."""
        made = "{generator}/{pipeline}/{level}"
        return [
            path
            for embedder in self.study.embedders
            for path in self.of_sets(f"scores/{kind}/{embedder}/{made}.parquet")
        ]

    def judge_model(self) -> list[str]:
        """Model folder of the generator that groups texts for a measure, none without a judge."""
        judge = self.study.diversity.judge
        model = self.study.generators[judge].model if judge else None
        return [self.path(f"models/{model}")] if model else []

    def mapped(self) -> dict[str, Any]:
        """Embeddings that the map shows: of the first embedder, the reference and every set."""
        folder = f"embeddings/{self.study.embedders[0]}"
        return {
            "reference": self.path(f"{folder}/reference.parquet"),
            "generated": self.of_sets(folder + "/{generator}/{pipeline}/{level}.parquet", False),
        }

    def predictions(self) -> list[str]:
        """Predictions of every run; those of a probe lie together, all arms of a seed."""
        return [
            self.path(f"runs/{folder}{model}/seed-{seed}/predictions.parquet")
            for model, settings in self.study.downstream.items()
            for folder in (
                [""] if isinstance(settings, Probe) else [f"{arm}/" for arm in self.arms]
            )
            for seed in self.study.seeds
        ]

    def lm_evaluated(self) -> list[str]:
        """Results of lm-eval of every run whose model asks for them."""
        return [
            self.path(f"runs/{arm}/{name}/seed-{seed}/lm_eval.parquet")
            for name, model in self.study.downstream.items()
            if isinstance(model, CausalLM) and model.lm_eval
            for arm in self.arms
            for seed in self.study.seeds
        ]

    def lm_eval_table(self) -> dict[str, str]:
        """The table of these results, none where no model asks for them."""
        return {"lm_eval": self.path("tables/lm_eval.parquet")} if self.lm_evaluated() else {}

    def own_tasks(self, wildcards: Any) -> list[str]:
        """Files of the user's own tasks for lm-eval."""
        folder = self._trained(wildcards).lm_eval.include
        return [str(file) for file in own_files(folder)] if folder else []

    def models_of(self, kind: str) -> str:
        """Regular expression of the downstream models of a kind; it fits nothing without one."""
        names = [name for name, it in self.study.downstream.items() if it.kind == kind]
        return "|".join(map(re.escape, names)) or "(?!)"

    def _trained(self, wildcards: Any) -> Any:
        return self.study.downstream[wildcards.model]

    def probe_embeddings(self, wildcards: Any) -> str:
        """Embeddings of the real rows that a probe is fitted and tested on."""
        return self.path(f"embeddings/{self._trained(wildcards).embedder}/task.parquet")

    def probe_sets(self, wildcards: Any) -> list[str]:
        """Embeddings of every set that an arm mixes in."""
        folder = f"embeddings/{self._trained(wildcards).embedder}"
        sets = dict.fromkeys(made for name in self.arms for made in self._mixed_sets(name))
        return [self.path(f"{folder}/{made}.parquet") for made in sets]

    # --- code: modules that jobs import by name, for `mixtura.code.code_digest` -----------

    def dial(self, wildcards: Any) -> str:
        """The dial that a set is written with."""
        name = self.study.pipelines[wildcards.pipeline].dial
        return "mixtura.own" if name == "module" else f"mixtura.dials.{name}"

    def backend(self, wildcards: Any) -> str:
        """The backend of the generator (or judge) of a job."""
        name = getattr(wildcards, "judge", None) or wildcards.generator
        return f"mixtura.backends.{self.study.generators[name].backend}"

    def measuring(self, kind: str) -> list[str]:
        """What measures of one kind need: the user's own measures, a judge."""
        own = ["mixtura.own"] if getattr(self.study, kind).own else []
        if kind == "shift" or not self.study.diversity.judge:
            return own
        backend = self.backend(SimpleNamespace(judge=self.study.diversity.judge))
        return [*own, "mixtura.judge", "mixtura.backends", backend]

    def looping(self) -> list[str]:
        """What the findings of a loop need."""
        return ["mixtura.loop"] if self.rounds else []

    # --- settings: sorted JSON, one function for each rule -------------------------------

    def model_settings(self, wildcards: Any) -> str:
        """Source of a model."""
        return _settings(self.study.models[wildcards.source])

    def data_settings(self) -> str:
        """Source of the task data and its labels."""
        return canonical_json(self._source(self.study.task))

    def _source(self, task: Task) -> dict[str, Any]:
        data = _plain(task.data)
        named = {key: data.pop(key) for key in COLUMNS}
        columns = {key: named[key] for key in KINDS[task.kind]}
        return {"data": data, "kind": task.kind, "columns": columns, "labels": task.labels}

    def shifted_settings(self, wildcards: Any) -> str:
        """Source of another test set, and how many of its rows are taken."""
        task = self.study.task.model_copy(
            update={"data": self.study.task.shifted[wildcards.shifted]}
        )
        taken = {"rows": task.shifted_rows, "seed": self.study.seed}
        return canonical_json({**self._source(task), **taken})

    def split_settings(self) -> str:
        """Sizes of the splits."""
        task = self.study.task
        sizes = {key: getattr(task, key) for key in ("test", "reference", "examples")}
        if task.development:
            sizes["development"] = task.development
        group = {"group": "context"} if task.kind == "qa" else {}
        return canonical_json({**sizes, **group, "seed": self.study.seed})

    def generate_resume(self, wildcards: Any) -> str:
        """Folder that a killed shard goes on from; other settings never find it."""
        named = [self.generate_settings(wildcards), *self._loop_settings(wildcards)]
        return self.path(f".resume/{digest(named, 12)}")

    def _loop_settings(self, wildcards: Any) -> list[str]:
        """What the model that writes a round depends on, beside the settings of the round."""
        if not wildcards.pipeline.startswith(LOOP):
            return []
        return [self.tune_settings(wildcards), self.curate_settings(wildcards)]

    def generate_settings(self, wildcards: Any) -> str:
        """What one shard of generated rows depends on."""
        study, size = self.study, self.study.generate.shard
        pipeline = study.pipelines[wildcards.pipeline]
        generator, dial = self._writer(wildcards.generator), {"dial": pipeline.dial}
        kind = study.task.kind
        if isinstance(pipeline, ParaphrasePipeline):
            asked = study.generators[wildcards.generator].template("paraphrase", pipeline.prompt)
            generator["prompt"] = template_text(asked)
            kind = "classification"  # one line of text, whatever the task
            if pipeline.sampling:
                generator["sampling"] = _plain(pipeline.sampling)
            level = {"attempts": self._attempts(pipeline)}
        else:
            assert isinstance(pipeline, Pipeline)
            dial, level = self._dial(pipeline), _plain(pipeline.levels[wildcards.level])
        return canonical_json(
            {
                "generator": generator,
                "pipeline": dial,
                "level": level,
                "kind": kind,
                "labels": study.task.words,
                "noun": study.task.noun,
                "first": int(wildcards.shard) * size,
                "prompts": size,
                "stream": [
                    study.seed,
                    wildcards.generator,
                    wildcards.pipeline,
                    wildcards.level,
                ],
            }
        )

    def top_up_settings(self, wildcards: Any) -> str:
        """What the shards depend on that are added to a level, beside what was made of it."""
        first = {key: getattr(wildcards, key) for key in ("generator", "pipeline", "level")}
        shard = json.loads(self.generate_settings(SimpleNamespace(**first, shard=0)))
        pipeline = self.study.pipelines[wildcards.pipeline]
        assert isinstance(pipeline, Pipeline)
        return canonical_json(
            {
                "generate": shard,
                "curate": {
                    "n": self.study.generate.n,
                    "labels": self.study.task.words,
                    **_by_text(self.variant(wildcards.pipeline)),
                },
                "planned": len(self.shards),
                "most": self._most_shards,
                "key": f"curation.{pipeline.curation}",
                "cap": self.study.generate.cap,
            }
        )

    def top_up_resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        named = [self.top_up_settings(wildcards), *self._loop_settings(wildcards)]
        return self.path(f".resume/{digest(named, 12)}")

    @property
    def _most_shards(self) -> int:
        gen = self.study.generate
        return max(len(self.shards), math.ceil(gen.n * gen.cap / gen.shard))

    def _writer(self, name: str) -> dict[str, Any]:
        """What the answers of a generator depend on: not how its engine is run."""
        generator = self.study.generators[name]
        plain = {key: value for key, value in _plain(generator).items() if value is not None}
        for backend, options in RUNNING.items():
            if backend in plain:
                plain[backend] = {k: v for k, v in plain[backend].items() if k not in options}
        template = generator.template(self.study.task.kind, generator.prompt)
        return {**plain, "prompt": template_text(template)}

    def _judge(self, name: str) -> dict[str, Any]:
        """What the answers of a judge depend on: what it is asked is its own."""
        writer = self._writer(name)
        return {key: value for key, value in writer.items() if key not in ("prompt", "shots")}

    def running(self, wildcards: Any, input: Any) -> str:
        """How the engine of a generator (or judge) is run, and what its answers must reach.

        Other values rerun nothing: Snakemake compares no params of a function that takes `input`.
        """
        name = getattr(wildcards, "judge", None) or wildcards.generator
        return self._running(name)

    def judge_running(self, wildcards: Any, input: Any) -> str:
        """The same of the judge of diversity, nothing without one."""
        judge = self.study.diversity.judge
        return self._running(judge) if judge else canonical_json({})

    def _running(self, name: str) -> str:
        generator = _plain(self.study.generators[name])
        chosen = {
            backend: {key: generator[backend][key] for key in options}
            for backend, options in RUNNING.items()
            if generator[backend]
        }
        return canonical_json({**chosen, "least_parsed": self.study.generate.least_parsed})

    def generation_settings(self) -> str:
        """Where the rows of each set come from, and what tokens and hours cost.

        Prices of a server are per million prompt and new tokens; hours are of a GPU and of a core.
        """
        servers = {
            name: generator.openai
            for name, generator in self.study.generators.items()
            if generator.openai
        }
        origins = self.origins()
        pools = {
            (generator, name, level): self._most_sources(pipeline) * pipeline.paraphrases
            for generator, name, level in origins
            if level == POOL
            and isinstance(pipeline := self.study.pipelines[name], ParaphrasePipeline)
        }
        return canonical_json(
            {
                "prices": {
                    n: [one.prompt_price, one.completion_price] for n, one in servers.items()
                },
                "hours": [self.study.prices.gpu_hour, self.study.prices.cpu_hour],
                "origins": [[made, parts] for made, parts in origins.items() if parts],
                "paraphrases": [[made, rows] for made, rows in pools.items()],
            }
        )

    def curate_settings(self, wildcards: Any) -> str:
        """How many rows of a set stay, and what is removed."""
        study = self.study
        variant = self.variant(wildcards.pipeline).model_dump(mode="json", exclude_none=True)
        labels = study.task.words
        return canonical_json({"n": study.generate.n, "labels": labels, **variant})

    def topics_settings(self, wildcards: Any) -> str:
        """What the topics that a generator writes depend on."""
        study, pipeline = self.study, self.study.pipelines[wildcards.pipeline]
        assert isinstance(pipeline, TopicPipeline)
        asked = study.generators[wildcards.generator].template("topics", pipeline.prompt)
        generator = {**self._writer(wildcards.generator), "prompt": template_text(asked)}
        return canonical_json(
            {
                "generator": generator,
                "topics": max(level.topics for level in pipeline.levels.values()),
                "noun": study.task.noun,
                "stream": [study.seed, wildcards.generator, wildcards.pipeline, "topics"],
            }
        )

    def topics_resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        return self.path(f".resume/{digest(self.topics_settings(wildcards), 12)}")

    def replace_settings(self, wildcards: Any) -> str:
        """How many rows of a base set become paraphrases."""
        pipeline = self._derived(wildcards, ParaphrasePipeline)
        return canonical_json(
            {
                "key": f"pipelines.{wildcards.pipeline}",
                "sources": pipeline.levels[wildcards.level].sources,
                "reserved": self._most_sources(pipeline) * (pipeline.source == "generated"),
                "paraphrases": pipeline.paraphrases,
                "labels": self.study.task.words,
                "seed": self.study.seed,
            }
        )

    def select_settings(self, wildcards: Any) -> str:
        """What a selected set should be like."""
        pipeline = self._derived(wildcards, SelectionPipeline)
        plain = {k: v for k, v in _plain(pipeline).items() if k not in ("dial", "pool", "levels")}
        level, n = _plain(pipeline.levels[wildcards.level]), self.study.generate.n
        return canonical_json({**plain, **level, "n": n, "seed": self.study.seed})

    def combine_settings(self, wildcards: Any) -> str:
        """How large a set of several generators is."""
        return canonical_json({"n": self.study.generate.n, "labels": self.study.task.words})

    def _dial(self, pipeline: Pipeline) -> dict[str, Any]:
        """What a pipeline's prompts depend on, whatever the level."""
        plain = _plain(pipeline)
        plain = {k: v for k, v in plain.items() if k not in ("levels", "curation")}
        if plain["dial"] == "topic":  # the topics are an input of the rule
            plain = {"dial": "topic"}
        if plain["dial"] == "module":
            plain["code"] = file_digest(Path(plain["file"]))
        return plain

    def tune_settings(self, wildcards: Any) -> str:
        """What the generator of a round is trained on, and how."""
        study, loop = self.study, self.study.designs.loop
        assert loop
        model = str(study.generators[wildcards.generator].model)
        chosen = loop.tune.model_dump()
        chosen.pop("steps" if loop.tune.epochs else "epochs")
        made = (wildcards.generator, wildcards.pipeline, wildcards.level)
        return canonical_json(
            {
                **_plain(CausalLM(kind="causal-lm", model=model, **chosen)),
                **self._prompting(wildcards.generator),
                # The real rows are the examples: those that a person has, whatever the seeds draw.
                "mix": {**self._mix_settings(self.before(wildcards)), "draw": "fixed"},
                "seed": stream_seed(study.seed, "tune", *made),
            }
        )

    def tune_resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        named = [self.tune_settings(wildcards), wildcards.pipeline, wildcards.level]
        return self.path(f".resume/{digest([*named, wildcards.generator], 12)}")

    def perplexity_settings(self, wildcards: Any) -> str:
        """After which prompts real text is given to the generator of a loop."""
        study, loop = self.study, self.study.designs.loop
        assert loop
        loaded = {"max_length": loop.tune.max_length, "lora": None, "gradient_checkpointing": False}
        rows = loop.perplexity_rows or study.task.test
        return canonical_json({**self._prompting(wildcards.generator), **loaded, "rows": rows})

    def _prompting(self, generator: str) -> dict[str, Any]:
        """How a row becomes the prompt and the answer of a generator."""
        writer, task = self._writer(generator), self.study.task
        told = {key: writer[key] for key in ("prompt", "format")}
        return {**told, "task": task.kind, "noun": task.noun, "labels": task.words}

    def judge_settings(self, wildcards: Any) -> str:
        """What a judge of labels is asked, and by which generator."""
        study = self.study
        return canonical_json(
            {
                "generator": self._judge(wildcards.judge),
                "labels": study.task.words,
                "noun": study.task.noun,
                "seed": study.seed,
            }
        )

    def judge_resume(self, wildcards: Any) -> str:
        """Folder that a killed judge goes on from; other settings or texts never find it."""
        names = [str(wildcards[key]) for key in ("generator", "pipeline", "level")]
        return self.path(f".resume/{digest([self.judge_settings(wildcards), *names], 12)}")

    def embed_settings(self) -> str:
        """Embeddings depend on text and model, and on how they are kept."""
        return _settings(self.study.embeddings)

    def real_splits(self, wildcards: Any) -> list[str]:
        """Splits that are embedded: the reference, or what a probe is fitted and tested on."""
        if wildcards.real == "reference":
            return ["reference"]
        more = {"pool": self.study.task.draw == "per-seed", "development": self._searched()}
        return ["test", "examples", *(name for name, wanted in more.items() if wanted)]

    def _searched(self) -> bool:
        """Whether a downstream model chooses its settings on the development split."""
        return any(model.search for model in self.study.downstream.values())

    def searched(self) -> dict[str, str]:
        """Path of the table of what was tried, none where nothing is."""
        return {"search": self.path("tables/search.parquet")} if self._searched() else {}

    def own_measures(self, kind: str) -> Callable[[Any, Any], dict[str, str]]:
        """Files of the user's own measures; one that moved reruns nothing, see `running`."""
        return lambda wildcards, input: getattr(self.study, kind).own

    def measure_settings(self, kind: str) -> Callable[[Any], str]:
        """Measures of one kind, for one embedder."""

        def settings(wildcards: Any) -> str:
            measure = _plain(getattr(self.study, kind))
            n, seed = self.study.generate.n, self.study.seed
            if kind == "shift" and self.rounds:
                measure["measures"] = list(dict.fromkeys([*measure["measures"], "tail_loss"]))
            own = measure.pop("own")
            measure["measures"] += own
            measure["code"] = {name: file_digest(Path(file)) for name, file in own.items()}
            if kind == "diversity":
                measure["token_budget"] = self.token_budget
                if not self.has_topics(wildcards.pipeline):
                    measure["measures"] = [m for m in measure["measures"] if m not in TOPICAL]
                if judge := measure["judge"]:
                    measure["judge"] = self._judge(judge)
                    measure["measures"] = list(
                        dict.fromkeys([*measure["measures"], "llm_cluster_score"])
                    )
            return canonical_json({**measure, "embedder": wildcards.embedder, "n": n, "seed": seed})

        return settings

    def has_topics(self, pipeline: str) -> bool:
        """Whether the rows of a pipeline have topics: only then are topics measured."""
        found = self.study.pipelines[pipeline]
        if isinstance(found, ParaphrasePipeline) and found.source == "real":
            return False
        sources = [self.study.source_of(base) for base in self.study.bases_of(pipeline)]
        return all(self.study.pipelines[source].dial == "topic" for source in sources)

    @property
    def token_budget(self) -> int:
        """Words that n-gram measures read of every set: the same, and no set has fewer."""
        study = self.study
        lengths = [variant.filters.length for variant in self._variants()]
        least = min(max(length.min_words, 1) if length else 1 for length in lengths)
        return study.diversity.token_budget or int(study.generate.n * least)

    def _variants(self) -> list[Curation]:
        used = [self.study.bases_of(pipeline) for pipeline in self.study.generate.pipelines]
        return [self.variant(base) for bases in used for base in bases]

    def _mix_settings(self, arm: Arm) -> dict[str, Any]:
        return {**vars(arm), "draw": self.study.task.draw, "study_seed": self.study.seed}

    def _training(self, wildcards: Any) -> dict[str, Any]:
        told = _plain(self._trained(wildcards))
        return {key: value for key, value in told.items() if key != "search" or value}

    def finetune_settings(self, wildcards: Any) -> str:
        """What a run draws, and how it is trained."""
        mix = self._mix_settings(self.arms[wildcards.arm])
        told = {**self._training(wildcards), "labels": self.study.task.words, "mix": mix}
        if told["kind"] == "causal-lm":
            told["task"] = self.study.task.kind
        if told["kind"] == "module":
            told["code"] = file_digest(Path(told.pop("file")))
        return canonical_json(told)

    def own_model(self, wildcards: Any, input: Any) -> str:
        """File of a downstream model of the user's own; one that moved reruns nothing."""
        return str(self._trained(wildcards).file)

    def probe_settings(self, wildcards: Any) -> str:
        """What the runs of a seed draw, and how a probe is fitted."""
        labels = self.study.task.words
        arms = {name: self._mix_settings(arm) for name, arm in self.arms.items()}
        for name in self.unions:
            arms[name]["sets"] = self._mixed_sets(name)
        draw = {"draw": self.study.task.draw, "study_seed": self.study.seed}
        told = {**self._training(wildcards), **draw, "labels": labels, "arms": arms}
        return canonical_json(told)

    def collect_settings(self) -> str:
        """Tables are their parts, one below the other."""
        return canonical_json({})

    def evaluate_settings(self) -> str:
        """The index of the arms."""
        task = self.study.task
        told = {"metrics": METRICS[task.kind], "labels": task.words}
        return canonical_json({"arms": self.arm_rows(), **told})

    def findings_settings(self) -> str:
        """What is compared."""
        told = {"metrics": METRICS[self.study.task.kind], "models": list(self.sized)}
        rounds = [
            {"scheme": one.scheme, "round": one.number, "written": one.written, "arm": one.arm.name}
            for found in self.rounds.values()
            for one in found
        ]
        looped = {"rounds": rounds} if rounds else {}
        return canonical_json({**told, **looped, "seed": self.study.seed})

    def figure_settings(self) -> str:
        """How the figures look."""
        return _settings(self.study.plots)

    def report_settings(self) -> str:
        """What the report prints of the configuration: how jobs run is no part of it."""
        told = {
            "study": _plain(self.given),
            "absent": list(dict.fromkeys(self.absent_figures.values())),
        }
        return canonical_json(told)

    def export_settings(self, wildcards: Any) -> str:
        """What the card of a set tells of the configuration."""
        made = (wildcards.generator, wildcards.pipeline, wildcards.level)
        return canonical_json({"study": self._told_study(), "made": self._told_set(*made)})

    def export_best_settings(self, wildcards: Any) -> str:
        """What the card of the recommended mix tells, whichever it is, and what it draws.

        A callable, because Snakemake would fill in the fields of the prompts.
        """
        return canonical_json(
            {
                "study": self._told_study(),
                "sets": {"/".join(made): self._told_set(*made) for made in self.designed},
                "arms": {name: self._mix_settings(arm) for name, arm in self.arms.items()},
                "metric": METRICS[self.study.task.kind][0],
                "first_seed": self.study.seeds[0],
            }
        )

    def _told_study(self) -> dict[str, Any]:
        study, task = self.study, self.study.task
        data = task.data
        name = data.package or data.hub or Path(str(data.path)).name
        licence = DATA_PACKAGES[data.package].licence if data.package else "unknown"
        return {
            **{"study": study.study, "seed": study.seed, "n": study.generate.n},
            **{"kind": task.kind, "noun": task.noun, "data": {"name": name, "licence": licence}},
        }

    def _told_set(self, generator: str, pipeline: str, level: str) -> dict[str, Any]:
        bases = self.study.bases_of(pipeline)
        names = [pipeline, *bases, *map(self.study.source_of, bases)]
        return {
            "set": {"generator": generator, "pipeline": pipeline, "level": level},
            "generators": {
                name: self._writer(name) for name in self._writers(generator, pipeline, level)
            },
            "pipelines": {name: _plain(self.study.pipelines[name]) for name in names},
            "curation": {
                base: self.variant(base).model_dump(mode="json", exclude_none=True)
                for base in bases
            },
        }

    def _writers(self, generator: str, pipeline: str, level: str) -> list[str]:
        """The generators whose text a set has."""
        made = self.study.pipelines[pipeline]
        return made.levels[level].generators if isinstance(made, SourcesPipeline) else [generator]

    def finetune_resume(self, wildcards: Any) -> str:
        """Folder that a killed run goes on from; other settings never find it."""
        named = [self.finetune_settings(wildcards), wildcards.arm, wildcards.model, wildcards.seed]
        return self.path(f".resume/{digest(named, 12)}")

    def lm_eval_settings(self, wildcards: Any) -> str:
        """Which tasks of lm-eval a tuned model is evaluated on, and how."""
        model = self._trained(wildcards)
        told = {"batch_size": model.batch_size, "version": lm_eval_version(model.lm_eval.python)}
        return canonical_json({**_plain(model.lm_eval), **told})

    def kept_model(self, wildcards: Any) -> str | None:
        """Folder that keeps the tuned model, if one is kept."""
        if not self._trained(wildcards).keep_checkpoint:
            return None
        return self.path(f"checkpoints/{wildcards.arm}/{wildcards.model}/seed-{wildcards.seed}")

    # --- resources -----------------------------------------------------------------------

    # Callables that Snakemake gives the wildcards: a stage's own, or those of the job's model.

    def threads(self, stage: str) -> Callable[[Any], int]:
        """Cores of a stage's job."""
        return lambda wildcards: self.resources(stage, wildcards).threads

    def gpu(self, stage: str) -> Callable[[Any], int]:
        """GPUs of a stage's job."""
        return lambda wildcards: self.resources(stage, wildcards).gpu

    def checkpoint_minutes(self, stage: str) -> Callable[[Any], int]:
        """Minutes between the checkpoints of a stage's job."""
        return lambda wildcards: self.resources(stage, wildcards).checkpoint_minutes

    def mem_mb(self, stage: str) -> Callable[[Any, int], int]:
        """Memory of a stage's job, MB: grows with the attempt."""
        return lambda wildcards, attempt: attempt * self.resources(stage, wildcards).mem_mb

    def runtime(self, stage: str) -> Callable[[Any, int], int]:
        """Time limit of a stage's job, minutes: grows with the attempt."""
        return lambda wildcards, attempt: attempt * self.resources(stage, wildcards).runtime

    def resources(self, stage: str, wildcards: Any) -> Resources:
        """What the first attempt asks for: of the model, else of the stage, else the default."""
        found = DEFAULT_RESOURCES.get(stage, Resources())
        owner: Any = None
        if stage == "generate":
            owner = self.study.generators[getattr(wildcards, "judge", wildcards.generator)]
        elif stage in ("finetune", "probe"):
            owner = self.study.downstream[wildcards.model]
        for given in (self.study.resources.get(stage), owner and owner.resources):
            if given:
                found = found.model_copy(update=given.model_dump(exclude_unset=True))
        return found


def _with_rounds(study: Study) -> Study:
    """The study with a pipeline for each scheme of its loop, its rounds prompted as round 0."""
    loop = study.designs.loop
    if not loop:
        return study
    base = study.pipelines[loop.pipeline]
    assert isinstance(base, Pipeline)
    rounds = {f"R{number}": base.levels[loop.level] for number in range(1, loop.rounds + 1)}
    made = {f"{LOOP}{name}": base.model_copy(update={"levels": rounds}) for name in loop.schemes}
    return study.model_copy(update={"pipelines": {**study.pipelines, **made}})


def _plain(section: Any) -> dict[str, Any]:
    if isinstance(section, dict):
        return section
    plain: dict[str, Any] = section.model_dump(mode="json", by_alias=True)
    return plain


def _by_text(variant: Curation) -> dict[str, Any]:
    """The steps of a variant that read the text alone: what is quick enough to do twice."""
    filters = variant.filters.model_copy(update={"label_consistency": None})
    guard = variant.decontaminate
    steps = {
        "semantic": None,
        "embedder": None,
        "filters": filters,
        "decontaminate": guard and guard.model_copy(update={"similarity": None}),
    }
    return variant.model_copy(update=steps).model_dump(mode="json", exclude_none=True)


def _settings(section: Any) -> str:
    return canonical_json(_plain(section))
