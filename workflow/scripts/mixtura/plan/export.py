"""What workflow/rules/export.smk looks up."""

from pathlib import Path
from typing import Any

from mixtura.core.sets import SetKey
from mixtura.infer.settings import METRICS_OF_KIND
from mixtura.plan.pipelines import curation_of, writers
from mixtura.plan.sets import Sets
from mixtura.plan.writers import plain, prompted_model
from mixtura.prepare.sources import DATA_PACKAGES
from mixtura.tell.settings import (
    DataSource,
    ExportBestSettings,
    ExportSettings,
    SetName,
    SetRecipe,
    StudyFacts,
)


class ExportPlan:
    """What workflow/rules/export.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    def models(self, wildcards: Any) -> list[str]:
        """Model folders of the generators whose text a set has, none where a server has them."""
        names = (wildcards.generator, wildcards.pipeline, wildcards.level)
        models = [self.study.generators[name].model for name in writers(self.study, *names)]
        return [self.paths.path(f"models/{model}") for model in dict.fromkeys(models) if model]

    @property
    def first_replicate(self) -> list[SetKey]:
        """The sets of the replicate whose mix is exported, those of a loop left out."""
        return [key for key in self.sets.designed if not key.replicate]

    def settings(self, wildcards: Any) -> str:
        """What the card of a set tells of the configuration."""
        names = (wildcards.generator, wildcards.pipeline, wildcards.level)
        recipe = self._recipe(SetKey(*names, wildcards.draw))
        return ExportSettings(study=self._study_facts(), recipe=recipe).to_json()

    def best_settings(self, wildcards: Any) -> str:
        """What the card of the recommended mix tells, whichever it is, and what it draws.

        A callable, because Snakemake would fill in the fields of the prompts.
        """
        return ExportBestSettings(
            study=self._study_facts(),
            recipes={key.name: self._recipe(key) for key in self.first_replicate},
            mixes={name: self.sets.mix(name, 0) for name in self.sets.arms},
            metric=METRICS_OF_KIND[self.study.task.kind][0],
            first_seed=self.study.seeds[0],
        ).to_json()

    def _study_facts(self) -> StudyFacts:
        study, task = self.study, self.study.task
        data = task.data
        name = data.package or data.hub or Path(str(data.path)).name
        licence = DATA_PACKAGES[data.package].licence if data.package else "unknown"
        return StudyFacts(
            study=study.study,
            seed=study.seed,
            n=study.generate.n,
            kind=task.kind,
            noun=task.noun,
            data=DataSource(name=name, licence=licence),
        )

    def _recipe(self, key: SetKey) -> SetRecipe:
        pipeline = key.pipeline
        bases = self.study.bases_of(pipeline)
        names = [pipeline, *bases, *map(self.study.source_of, bases)]
        return SetRecipe(
            set=SetName.model_validate(key.columns(self.study.designs.largest)),
            generators={
                name: prompted_model(self.study, name).model_dump(mode="json", exclude_none=True)
                for name in writers(self.study, *key[:3])
            },
            pipelines={name: plain(self.study.pipelines[name]) for name in names},
            curation={
                base: curation_of(self.study, base).model_dump(mode="json", exclude_none=True)
                for base in bases
            },
        )
