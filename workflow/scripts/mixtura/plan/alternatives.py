"""What workflow/rules/alternatives.smk looks up."""

from typing import Any

from mixtura.core.digest import digest
from mixtura.curate.settings import (
    ClassifySettings,
    EdaSettings,
    LabelledSettings,
    TranslateSettings,
)
from mixtura.infer.settings import AlternativesSettings
from mixtura.plan.sets import Sets
from mixtura.plan.writers import engine_content, judge_model, token_prices
from mixtura.study.alternatives import ALTERNATIVE, Alternatives, Eda, Labelled

ROWS = {  # alternative -> the rows that it labels, or translates
    **{"few-shot": "test", "labelled": "unlabelled"},
    "back-translation": "real",
}


class AlternativesPlan:
    """Inputs and settings of what could be done in place of generating text."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    @property
    def section(self) -> Alternatives:
        """The section of the configuration; empty where the study has none."""
        return self.study.designs.alternatives or Alternatives()

    def _names(self, pipeline: str) -> list[str]:
        """GENERATOR/DRAW/ROWS of all answers that an alternative needs."""
        rows = ROWS[pipeline]
        return [
            f"{arm.generator}/r{replicate}-{arm.n_real}/{rows}"
            for arm in self.sets.arms.values()
            if (arm.pipeline, arm.level) == (pipeline, ALTERNATIVE)
            for replicate in self.sets.replicates
        ]

    def answers(self, *pipelines: str) -> list[str]:
        """Answers that alternatives need, in every replicate."""
        names = [name for pipeline in pipelines for name in self._names(pipeline)]
        return [self.paths.path(f"answers/{name}.parquet") for name in names]

    def stats(self) -> list[str]:
        """Statistics of the jobs of all answers, in the order of these."""
        names = [name for pipeline in ROWS for name in self._names(pipeline)]
        return [
            self.paths.stats("translate" if name.endswith("/real") else "classify", name)
            for name in names
        ]

    def table(self) -> dict[str, str]:
        """The table of what answers cost, none of a study without alternatives."""
        path = self.paths.path("tables/alternatives.parquet")
        return {"alternatives": path} if self.study.designs.alternatives else {}

    def model(self, wildcards: Any) -> list[str]:
        """Model folder of a generator that labels, none where a server has the model."""
        model = self.study.generators[wildcards.generator].model
        return [self.paths.path(f"models/{model}")] if model else []

    def translating_models(self, wildcards: Any) -> list[str]:
        """Folder of the model that translates, then that of another that translates back."""
        translation = self.section.back_translation
        back = translation.back if translation else None
        more = [self.paths.path(f"models/{self.study.generators[back].model}")] if back else []
        return [*self.model(wildcards), *more]

    def settings(self, wildcards: Any) -> str:
        """What the labels depend on that a generator gives."""
        unlabelled = wildcards.rows == "unlabelled"
        key = self.section.labelled if unlabelled else self.section.few_shot
        assert key
        rows = (key.n or self.study.generate.n) if isinstance(key, Labelled) else None
        return ClassifySettings(
            generator=judge_model(self.study, wildcards.generator),
            labels=self.study.task.words,
            noun=self.study.task.noun,
            seed=self.study.seed,
            shots=key.shots,
            n=rows,
        ).to_json()

    def content(self, wildcards: Any) -> str:
        """Digest of the adapter of a generator, empty without one."""
        return engine_content(self.study, wildcards.generator, self.sets.contents)

    def resume(self, wildcards: Any) -> str:
        """Folder that a killed job goes on from; other settings never find it."""
        return self._resume(self.settings(wildcards), wildcards, wildcards.rows)

    def translate_resume(self, wildcards: Any) -> str:
        """As `resume`, of translations."""
        return self._resume(self.translate_settings(wildcards), wildcards, "real")

    def _resume(self, settings: str, wildcards: Any, rows: str) -> str:
        names = [wildcards.generator, wildcards.draw, rows]
        content = self.content(wildcards)
        return self.paths.path(f".resume/{digest([settings, content, *names], 12)}")

    def translate_settings(self, wildcards: Any) -> str:
        """How real rows are translated there and back."""
        translation = self.section.back_translation
        assert translation
        back = translation.back
        language, pivot = translation.languages(self.study.task.language)
        return TranslateSettings(
            generator=judge_model(self.study, wildcards.generator),
            back=judge_model(self.study, back) if back else None,
            pivot=pivot,
            language=language,
            n=translation.n or self.study.generate.n,
            seed=self.study.seed,
        ).to_json()

    def eda_settings(self, wildcards: Any) -> str:
        """How words of real rows are changed."""
        eda = self.section.eda or Eda()
        rows = eda.n or self.study.generate.n
        return EdaSettings(n=rows, alpha=eda.alpha, seed=self.study.seed).to_json()

    def labelled_settings(self, wildcards: Any) -> str:
        """How many rows of unlabelled text are taken."""
        labelled = self.section.labelled
        rows = labelled.n if labelled else None
        return LabelledSettings(n=rows or self.study.generate.n).to_json()

    def collect_settings(self) -> str:
        """Which arm the answers are for, and what tokens and hours cost."""
        servers = {name: each.openai for name, each in self.study.generators.items() if each.openai}
        prices = self.study.prices
        return AlternativesSettings(
            arms=[
                point.row(self.study.designs.largest)
                for point in self.sets.points
                if point.design == "alternatives"
            ],
            prices={name: token_prices(server) for name, server in servers.items()},
            hours=(prices.gpu_hour, prices.cpu_hour),
        ).to_json()
