"""What workflow/rules/report.smk looks up."""

from typing import Any

from mixtura.plan.pipelines import curations
from mixtura.plan.sets import Sets
from mixtura.study.derived import SourcesPipeline
from mixtura.study.designs import LOOP
from mixtura.study.downstream import Probe
from mixtura.tell.captions import CAPTIONS
from mixtura.tell.settings import FigureSettings, ReportSettings

COMPARED = (  # sets, by a measure
    "score-by-diversity",
    "shift-by-score",
    "diversity-by-level",
    "shift-by-level",
    "rank-agreement",
    "measure-correlation",
)


class ReportPlan:
    """What workflow/rules/report.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study, self.paths = sets, sets.study, sets.paths

    @property
    def figures(self) -> list[str]:
        """Figures that this study can have."""
        absent = {*self.absent_figures, *([] if self.sets.rounds else ["collapse"])}
        return [name for name in CAPTIONS if name not in absent]

    @property
    def absent_figures(self) -> dict[str, str]:
        """Figure that this study cannot have -> why, in words."""
        points = [p for p in self.sets.points if p.design not in ("loop", "alternatives")]
        arms = [point.arm for point in points]
        mixed = [arm for arm in arms if arm.n_real and arm.n_generated]
        absent = {}
        if len({key[:3] for key in self.sets.designed}) < 2:
            absent = dict.fromkeys(COMPARED, "measures are compared over several generated sets")
        if not any(arm.n_generated for arm in arms):
            names = ("score-by-level", "score-by-diversity", "shift-by-score", "cost-by-gain")
            absent |= dict.fromkeys(names, "scores by level need a design other than a loop")
        sizes = {
            point.baseline.n_real for point in points if point.baseline and point.arm.n_generated
        }
        if not sizes:
            fitted = ("surface", "best-mixes")
            absent |= dict.fromkeys(fitted, "a surface needs mixes that are no rounds of a loop")
        if not sizes or len(self.sets.replicates) < 2 or self.study.task.test.folds:
            absent["power-curve"] = "a power curve needs mixes and replicates with one test set"
        if len(sizes) < 2:
            absent["gain-by-real"] = "a curve over real rows needs several numbers of real rows"
        if not mixed:
            absent["score-by-share"] = "mix curves need mixes of real and generated rows"
        if len({arm.n_real for arm in mixed}) < 2 or len({arm.n_generated for arm in mixed}) < 2:
            absent["gain-map"] = "a map of gains needs several numbers of real and generated rows"
        if len(self.study.downstream) < 2 or "score-by-level" in absent:
            absent["size-interaction"] = "gain by level and model needs several downstream models"
        return absent

    def spread(self) -> dict[str, str]:
        """Tables that the power curve takes the spreads of the study from."""
        if "power-curve" not in self.figures:
            return {}
        names = ("predictions", "arms")
        return {name: self.paths.path(f"tables/{name}.parquet") for name in names}

    def model_folders(self) -> list[str]:
        """Folders of the models that the study uses."""
        study = self.study
        writers = dict.fromkeys(study.generate.generators)
        for pipeline in (study.pipelines[name] for name in study.generate.pipelines):
            if isinstance(pipeline, SourcesPipeline):
                levels = [pipeline.levels[level] for level in study.generate.levels]
                writers |= dict.fromkeys(name for level in levels for name in level.generators)
        models = [study.generators[name].model for name in writers]
        used = curations(study)
        models += [v.embedder for v in used if v.reads_embeddings and v.embedder]
        models += [study.generators[v.judge].model for v in used if v.judge]
        if study.evaluation.judge:
            models.append(study.generators[study.evaluation.judge].model)
        models += study.embedders
        models += [m.model for m in study.downstream.values() if not isinstance(m, Probe)]
        return [self.paths.path(f"models/{name}") for name in dict.fromkeys(models) if name]

    def map_embeddings(self) -> dict[str, Any]:
        """Embeddings that the map shows: of the first embedder, the reference and every set."""
        folder = f"embeddings/{self.study.embedders[0]}"
        return {
            "reference": self.paths.embedded(self.study.embedders[0], "reference", 0),
            "generated": self.sets.of_sets(
                folder + "/{generator}/{pipeline}/{level}/{draw}.parquet",
                [key for key in self.sets.first if not key.pipeline.startswith(LOOP)],
            ),
        }

    def texts(self) -> dict[str, list[str]]:
        """What the browser of the text reads: every set, what was removed, and the examples.

        Embeddings are those of the first embedder; by them the nearest example of a row is found.
        """
        sets, embedder = self.sets, self.study.embedders[0]
        name = "{generator}/{pipeline}/{level}/{draw}.parquet"
        draws = list(dict.fromkeys(key.draw for key in sets.sets))
        folders = {"examples": "data", "embedded_examples": f"embeddings/{embedder}"}
        return {
            "curated": sets.of_sets(f"curated/{name}"),
            "removed": sets.of_sets(f"removed/{name}"),
            "embedded": sets.of_sets(f"embeddings/{embedder}/{name}"),
            **{
                key: [self.paths.path(f"{folder}/examples/{draw}.parquet") for draw in draws]
                for key, folder in folders.items()
            },
        }

    def figure_settings(self) -> str:
        """How the figures look."""
        return FigureSettings(**self.study.plots.model_dump()).to_json()

    def settings(self) -> str:
        """What the report prints of the configuration: how jobs run is no part of it."""
        return ReportSettings(
            study=self.sets.configured.model_dump(mode="json", by_alias=True),
            absent=list(dict.fromkeys(self.absent_figures.values())),
        ).to_json()
