"""What workflow/rules/score.smk looks up."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mixtura.core.code import file_digest
from mixtura.generate.settings import Running
from mixtura.measure.settings import CollectScoresSettings, DiversitySettings, ShiftSettings
from mixtura.plan.engines import Engines
from mixtura.plan.pipelines import curations, has_topics
from mixtura.plan.sets import Sets
from mixtura.plan.writers import engine_content, engine_options, judge_model
from mixtura.study.measures import Measure

TOPICAL = ("topic_count", "topic_entropy")


class ScorePlan:
    """What workflow/rules/score.smk looks up."""

    def __init__(self, sets: Sets, engines: Engines) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths
        self.engines = engines

    def parts(self, kind: str) -> list[str]:
        """Parts of a table of measures: every embedder, every set."""
        set_path = "{generator}/{pipeline}/{level}/{draw}"
        return [
            path
            for embedder in self.study.embedders
            for path in self.sets.of_sets(f"scores/{kind}/{embedder}/{set_path}.parquet")
        ]

    def compared(self) -> list[str]:
        """Embeddings of the sets that several generators wrote, none where one wrote all."""
        if len(self.study.generate.generators) < 2:
            return []
        return [
            path
            for embedder in self.study.embedders
            for path in self.sets.of_sets(
                f"embeddings/{embedder}/{{generator}}/{{pipeline}}/{{level}}/{{draw}}.parquet",
                [key for key in self.sets.designed if key.generator != "mixed"],
            )
        ]

    def similarity(self) -> dict[str, str]:
        """The table of their similarity, none where one generator wrote all."""
        path = self.paths.path("tables/similarity.parquet")
        return {"similarity": path} if self.compared() else {}

    def judge_model(self) -> list[str]:
        """Model folder of the generator that groups texts for a measure, none without a judge."""
        judge = self.study.diversity.judge
        model = self.study.generators[judge].model if judge else None
        return [self.paths.path(f"models/{model}")] if model else []

    def code(self, kind: str) -> list[str]:
        """What measures of one kind need: a person's own measures, a judge."""
        modules = ["mixtura.core.modules"] if getattr(self.study, kind).own else []
        if kind == "shift" or not self.study.diversity.judge:
            return modules
        backend = self.engines.backend(SimpleNamespace(judge=self.study.diversity.judge))
        return [*modules, "mixtura.measure.grouping_judge", backend]

    def judge_content(self) -> str:
        """Digest of the adapter of the judge of diversity, empty without one."""
        judge = self.study.diversity.judge
        return engine_content(self.study, judge, self.sets.contents) if judge else ""

    def judge_running(self, wildcards: Any, input: Any) -> str:
        """How the engine of the judge of diversity is run: other values rerun nothing."""
        judge = self.study.diversity.judge
        return (engine_options(self.study, judge) if judge else Running()).to_json()

    def own_measures(self, kind: str) -> Callable[[Any, Any], dict[str, str]]:
        """Files of a person's own measures; one that moved reruns nothing, see `running`."""
        return lambda wildcards, input: getattr(self.study, kind).own

    def diversity_settings(self, wildcards: Any) -> str:
        """Measures of the diversity of one set, for one embedder."""
        section = self.study.diversity
        measures = [*section.measures, *section.own]
        if not has_topics(self.study, wildcards.pipeline):
            measures = [measure for measure in measures if measure not in TOPICAL]
        judge = None
        if section.judge:
            judge = judge_model(self.study, section.judge)
            measures = list(dict.fromkeys([*measures, "llm_cluster_score"]))
        return DiversitySettings(
            **self._panel(section, wildcards),
            measures=measures,
            token_budget=self.token_budget,
            judge=judge,
        ).to_json()

    def shift_settings(self, wildcards: Any) -> str:
        """Measures of the shift of one set, for one embedder."""
        section = self.study.shift
        measures = list(section.measures)
        if self.study.task.unlabelled:
            measures = [measure for measure in measures if measure != "label_shift"]
        if self.sets.rounds:
            measures = list(dict.fromkeys([*measures, "tail_loss"]))
        panel = self._panel(section, wildcards)
        return ShiftSettings(**panel, measures=[*measures, *section.own]).to_json()

    def _panel(self, section: Measure, wildcards: Any) -> dict[str, Any]:
        """What both kinds of measures depend on."""
        return {
            "repeats": section.repeats,
            "options": section.options,
            "code": {name: file_digest(Path(file)) for name, file in section.own.items()},
            "embedder": wildcards.embedder,
            "shown": self.sets.examples(wildcards.draw),
            "n": self.rows,
            "seed": self.study.seed,
        }

    @property
    def rows(self) -> int:
        """Rows that are measured: of every set as many, and of real text twice as many.

        One half of the reference is compared with, the other is held out for the noise floor.
        """
        task = self.study.task
        most = min(self.study.generate.n, task.reference // 2)
        return most - most % len(task.words) if task.balance.generated == "equal" else most

    @property
    def token_budget(self) -> int:
        """Words that n-gram measures read of every set: the same, and no set has fewer."""
        study = self.study
        lengths = [variant.filters.length for variant in curations(study)]
        least = min(max(length.min_words, 1) if length else 1 for length in lengths)
        return study.diversity.token_budget or int(self.rows * least)

    def collect_settings(self) -> str:
        """Tables are their parts, one below the other."""
        return CollectScoresSettings(largest=self.study.designs.largest).to_json()
