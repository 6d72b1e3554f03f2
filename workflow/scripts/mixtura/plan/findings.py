"""What workflow/rules/findings.smk looks up."""

from typing import Any

from mixtura.infer.settings import (
    METRICS_OF_ANSWERS,
    METRICS_OF_JUDGE,
    METRICS_OF_KIND,
    METRICS_OF_RANKS,
    ArmRow,
    EvaluateSettings,
    FindingsSettings,
    TrainingLength,
)
from mixtura.infer.settings import Round as RoundSettings
from mixtura.plan.sets import Sets
from mixtura.study.downstream import CausalLM, FineTuned, Probe
from mixtura.study.task import LABELLED

LABELS = 40  # labels up to which gains of each are told


class FindingsPlan:
    """What workflow/rules/findings.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    def arm_rows(self) -> list[ArmRow]:
        """The readable index of the arms: one row for each arm in each design."""
        return [point.row(self.study.designs.largest) for point in self.sets.points]

    @property
    def sized(self) -> dict[str, str]:
        """Downstream model -> key of its weights, for models whose size means something."""
        keys = {name: getattr(d, "model", None) for name, d in self.study.downstream.items()}
        return {name: key for name, key in keys.items() if key}

    @property
    def lengths(self) -> dict[str, TrainingLength]:
        """Downstream models that are fine-tuned -> how long."""
        return {
            name: TrainingLength(weights=model.model, regime=model.regime)
            for name, model in self.study.downstream.items()
            if isinstance(model, FineTuned)
        }

    def sized_folders(self) -> list[str]:
        """Folders whose parameters are counted."""
        return [self.paths.path(f"models/{key}") for key in self.sized.values()]

    def collapse(self) -> dict[str, str]:
        """The table of a loop, if the study has one."""
        return {"collapse": self.paths.path("tables/collapse.parquet")} if self.sets.rounds else {}

    def predictions(self) -> list[str]:
        """Predictions of all runs of a probe in a seed, folders of the runs of any other model."""
        return [
            path
            for model, settings in self.study.downstream.items()
            for path in (
                self.sets.probed(model, self.sets.replicates_of(model))
                if isinstance(settings, Probe)
                else [
                    folder
                    for arm, replicate in self.sets.trainings(model)
                    for folder in self.sets.run_folders(arm, model, replicate)
                ]
            )
        ]

    def judged(self) -> dict[str, Any]:
        """What a judge says of the answers of all runs, and of real ones; none without a judge."""
        judge = self.study.evaluation.judge
        if not judge:
            return {}
        runs, folder = self.paths.path("runs"), self.paths.path(f"judged/{judge}")
        answers = [f"{folder}{path.removeprefix(runs)}.parquet" for path in self.predictions()]
        return {"judged": answers, "judge": f"{folder}/test.parquet"}

    def lm_evaluated(self, table: str = "lm_eval") -> list[str]:
        """Tables of lm-eval of every run whose model asks for it: results, or scores of items."""
        return [
            self.paths.path(f"runs/{arm}/{name}/r{replicate}/seed-{seed}/{table}.parquet")
            for name, model in self.study.downstream.items()
            if isinstance(model, CausalLM) and model.lm_eval
            for arm, replicate in self.sets.trainings(name)
            for seed in self.study.seeds
        ]

    def lm_eval_tables(self) -> dict[str, str]:
        """The tables of these results and of their comparisons, none where no model asks."""
        names = ("lm_eval", "lm_eval_findings") if self.lm_evaluated() else ()
        return {name: self.paths.path(f"tables/{name}.parquet") for name in names}

    def code(self) -> list[str]:
        """What the findings of a loop and those on tasks of lm-eval need."""
        loop = ["mixtura.infer.loop", "mixtura.tell.loop"] if self.sets.rounds else []
        return [*loop, *(["mixtura.infer.lm_eval"] if self.lm_evaluated() else [])]

    def searched(self) -> dict[str, str]:
        """Path of the table of what was tried, none where nothing is."""
        searched = any(model.search for model in self.study.downstream.values())
        return {"search": self.paths.path("tables/search.parquet")} if searched else {}

    @property
    def metrics(self) -> list[str]:
        """Metrics of the kind of task; findings answer on the first."""
        task = self.study.task
        more = METRICS_OF_RANKS if task.ranks else METRICS_OF_ANSWERS if task.unanswerable else ()
        judged = METRICS_OF_JUDGE if self.study.evaluation.judge else ()
        return [*METRICS_OF_KIND[task.kind], *more, *judged]

    def grouped_rows(self) -> list[str]:
        """Rows of all test sets of a task whose rows come in groups, such as of a passage."""
        return [self.paths.data, *self.paths.shifted()] if self.study.task.group else []

    def evaluate_settings(self) -> str:
        """The index of the arms, and what they are scored by."""
        labels = list(self.study.task.classes)
        return EvaluateSettings(
            arms=self.arm_rows(),
            labels=labels,
            ranks=self.study.task.ranks,
            metrics=self.metrics,
            language=self.study.task.language,
            group=self.study.task.group,
        ).to_json()

    def settings(self) -> str:
        """What is compared."""
        rounds = [
            RoundSettings(
                scheme=each.scheme, round=each.number, written=each.written, arm=each.arm.name
            )
            for chain in self.sets.rounds.values()
            for each in chain
        ]
        labels, labelled = self.study.task.classes, self.study.task.kind in LABELLED
        return FindingsSettings(
            metrics=self.metrics,
            models=list(self.sized),
            lengths=self.lengths,
            rounds=rounds,
            labels=labels if labelled and len(labels) <= LABELS else [],
            seed=self.study.seed,
            smallest_gain=self.study.smallest_gain,
            shared="generated" in self.study.replicates.share,
        ).to_json()
