"""Which sets, arms and rounds a study has: what every other part of the plan asks."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice, product

from mixtura.core.contents import Contents
from mixtura.core.proportions import cycle, in_proportion, missing
from mixtura.core.sets import SetKey
from mixtura.curate.settings import LabelConsistency
from mixtura.plan.allocation import allocated_arms
from mixtura.plan.designs import (
    DesignPoint,
    Round,
    Set,
    alternative_points,
    baseline_rows,
    design_points,
    fill_points,
    loop_points,
    loop_rounds,
)
from mixtura.plan.paths import Paths
from mixtura.plan.shards import Shards
from mixtura.study.alternatives import ALTERNATIVE
from mixtura.study.base import ConfigError
from mixtura.study.data import rows_of_sides
from mixtura.study.derived import (
    ParaphrasePipeline,
    Recuration,
    SelectionPipeline,
    SourcesPipeline,
)
from mixtura.study.designs import LOOP
from mixtura.study.downstream import InJobs, Mixes
from mixtura.study.pipelines import Pipeline
from mixtura.study.study import Study
from mixtura.train.settings import Mix

POOL = "paraphrases"  # the level of a pipeline's paraphrases, which all its levels share


class Sets:
    """Which sets, arms and rounds a study has: what every other part of the plan asks."""

    def __init__(self, study: Study) -> None:
        self.configured = study
        self.study = study = with_rounds(study)
        self.paths = Paths(study)
        self.shards = Shards(study)
        self.contents = Contents()
        gen = study.generate
        mixed = [p for p in gen.pipelines if isinstance(study.pipelines[p], SourcesPipeline)]
        designed = [
            (generator, pipeline, level)
            for generator in gen.generators
            for pipeline in gen.pipelines
            if pipeline not in mixed
            for level in gen.levels
        ] + [("mixed", pipeline, level) for pipeline in mixed for level in gen.levels]
        loop, classes, own_rows = study.designs.loop, len(study.task.words), gen.shown == "own"
        self.rounds: dict[str, list[Round]] = {
            generator: loop_rounds(study.designs, gen.n, classes, generator, own_rows)
            for generator in (gen.generators if loop else ())
        }
        rounds = [turn for chain in self.rounds.values() for turn in chain]
        self.unions = {turn.arm.name: turn.mixed for turn in rounds if turn.number}
        points = [
            *design_points(study.designs, gen.n, designed, own_rows),
            *(
                fill_points(study.designs, natural(study), designed, own_rows)
                if study.designs.fill
                else ()
            ),
            *(alternative_points(study.designs, gen.n) if study.designs.alternatives else ()),
            *(
                point
                for chain in self.rounds.values()
                for point in loop_points(study.designs, chain)
            ),
        ]
        self.points = list(dict.fromkeys(points))
        self.labels = labels_in_turn(study)
        self.arms = {point.arm.name: point.arm for point in self.points}
        self.baseline_rows = baseline_rows(self.points)
        self.replicates = range(study.replicates.count)
        self.shared = "generated" in study.replicates.share
        written_by_dials = [arm for arm in self.arms.values() if arm.level != ALTERNATIVE]
        numbers = {arm.shown for arm in written_by_dials if arm.n_generated}
        written = [(turn.written, turn.arm.shown) for turn in rounds if turn.number]
        drawn = self.replicates[:1] if self.shared else self.replicates
        self.designed = [  # sets of the designs other than the loop
            SetKey(*names, self.draw(replicate, shown))
            for replicate in drawn
            for names in designed
            for shown in sorted(numbers or {0})
        ]
        self.looped = [
            SetKey(*names, self.draw(replicate, shown))
            for replicate in drawn
            for names, shown in written
        ]
        self.allocation = allocated_arms(study, self.points, self.paths.root)
        allocated = [
            key
            for of_model in self.allocation.values()
            for replicate, arms in of_model.items()
            for arm in arms
            for key in self.mixed_sets(arm, replicate)
        ]
        self.sets = list(dict.fromkeys([*self.designed, *self.looped, *allocated]))

    def draw(self, replicate: int, shown: int = 0) -> str:
        """The draw that the sets of a replicate have; `shown` as that of an arm."""
        number = f"-{shown}" if shown else ""
        return f"r{0 if self.shared else replicate}{number}"

    def examples(self, draw: str) -> int:
        """How many real rows a draw has."""
        return int(draw.partition("-")[2] or self.study.designs.largest)

    def real_draw(self, replicate: int) -> str:
        """The draw that has all real rows of a replicate that mixes are trained on."""
        most = max(self.study.designs.real_sizes(self.study.generate.n))
        number = f"-{most}" if most != self.study.designs.largest else ""
        return f"r{replicate}{number}"

    @property
    def first(self) -> list[SetKey]:
        """Each set once, that of replicate 0 whose generator saw most: what the report shows."""
        return list({key[:3]: key for key in self.sets if not key.replicate}.values())

    def arm_words(self) -> dict[str, str]:
        """Name of an arm -> what it is in words, for progress and errors."""
        words = {}
        for name, arm in self.arms.items():
            parts = [f"{arm.n_real} real"] if arm.n_real else []
            if arm.n_generated:
                origin = " ".join(filter(None, (arm.generator, arm.pipeline, arm.level)))
                parts.append(f"{arm.n_generated} generated: {origin}")
            repeated = f", repeated to {arm.repeat_to}" if arm.repeat_to else ""
            repeated += ", with class weights" if arm.weighted else ""
            words[name] = (" + ".join(parts) or "untrained") + repeated
        return words

    def arms_of(self, model: str) -> list[str]:
        """Arms that a downstream model is trained on: its mixes, and what they are compared to.

        Those of a loop too, and the alternatives to its mixes.
        """
        mixes = self.study.downstream[model].mixes
        trained = [name for name, arm in self.arms.items() if not arm.shots]
        if mixes == Mixes():
            return trained
        chosen = {
            arm.name
            for point in self.points
            if point.arm.n_generated and (point.design == "loop" or _holds(mixes, point))
            for arm in (point.arm, point.baseline, point.control)
            if arm
        }
        chosen |= {
            arm.name
            for point in self.points
            if point.design == "alternatives" and point.baseline and point.baseline.name in chosen
            for arm in (point.arm, point.control)
            if arm
        }
        return [name for name in trained if name in chosen]

    def trainings(self, model: str) -> list[tuple[str, int]]:
        """Arms of a downstream model, each in every replicate that it is trained in."""
        allocated = {at: set(arms) for at, arms in self.allocation.get(model, {}).items()}
        return [
            (arm, replicate)
            for arm in self.arms_of(model)
            for replicate in (*self.replicates, *(at for at in allocated if arm in allocated[at]))
        ]

    def probed(self, model: str, replicates: Iterable[int]) -> list[str]:
        """Predictions of a probe, each file of all arms in a replicate and seed."""
        return [
            self.paths.path(f"runs/{model}/r{replicate}/seed-{seed}/predictions.parquet")
            for replicate in replicates
            for seed in self.study.seeds
        ]

    def run_folders(self, arm: str, model: str, replicate: int) -> list[str]:
        """Folders of the runs of a mix, one a job, which hold a folder for each seed."""
        settings = self.study.downstream[model]
        assert isinstance(settings, InJobs)
        parts = range(len(settings.parts(self.study.seeds)))
        return [self.paths.path(f"runs/{arm}/{model}/r{replicate}/part-{part}") for part in parts]

    def replicates_of(self, model: str) -> list[int]:
        """Replicates that a downstream model is trained in, those that are allocated last."""
        return [*self.replicates, *self.allocation.get(model, {})]

    def origins(self) -> dict[SetKey, list[tuple[SetKey, int | None]]]:
        """Set -> the sets that its rows come from, and how many rows (None: it needs them all).

        Nothing for a set that is written itself. Sets that others come from stand before them; the
        paraphrases of a pipeline are a set at level POOL.
        """
        origins_of: dict[SetKey, list[tuple[SetKey, int | None]]] = {}

        def add(key: SetKey) -> None:
            if key not in origins_of:
                origins = [
                    (SetKey(*names, key.draw), rows) for names, rows in self._origins(*key[:3])
                ]
                for origin, _ in origins:
                    add(origin)
                origins_of[key] = origins

        for key in self.sets:
            add(key)
        return origins_of

    def _origins(self, generator: str, name: str, level: str) -> list[tuple[Set, int | None]]:
        section, n = self.study.pipelines[name], self.study.generate.n
        if isinstance(section, Recuration):
            return [((generator, section.of, level), None)]
        if isinstance(section, SelectionPipeline):
            return [
                ((generator, base, at), None)
                for base, levels in section.pool.items()
                for at in levels
            ]
        if isinstance(section, SourcesPipeline):
            writers = section.levels[level].generators
            return [((writer, section.of, section.level), n // len(writers)) for writer in writers]
        if isinstance(section, ParaphrasePipeline) and level != POOL:
            new = section.levels[level].sources * section.paraphrases
            parts = [
                ((generator, section.of, section.level), n - new),
                ((generator, name, POOL), new),
            ]
            return [(origin, rows) for origin, rows in parts if rows]
        return []

    def mixed_sets(self, name: str, replicate: int) -> list[SetKey]:
        """Sets that the generated rows of an arm come from: several in a loop that accumulates."""
        arm = self.arms[name]
        if not arm.n_generated:
            return []
        origin = (str(arm.generator), str(arm.pipeline), str(arm.level))
        draw = self.draw(replicate, arm.shown)
        if arm.level == ALTERNATIVE:  # made of the replicate's own rows, whatever is shared
            draw = f"r{replicate}-{arm.shown}"
        return [SetKey(*names, draw) for names in self.unions.get(name, (origin,))]

    def of_sets(self, template: str, sets: Iterable[SetKey] | None = None) -> list[str]:
        """`template` filled in for every generated set, or some."""
        keys = self.sets if sets is None else sets
        return [self.paths.path(template.format(**key._asdict())) for key in keys]

    def mix(self, name: str, replicate: int | None = None) -> Mix:
        """Which rows the models of an arm are trained on, with its sets in a replicate."""
        arm = self.arms[name]
        return Mix(
            n_real=arm.n_real,
            n_generated=arm.n_generated,
            sets=[] if replicate is None else [k.name for k in self.mixed_sets(name, replicate)],
            repeat_to=arm.repeat_to,
            fill=dict(arm.fill),
            weighted=arm.weighted,
            balance=self.study.task.balance.real,
            study_seed=self.study.seed,
        )


def _holds(mixes: Mixes, point: DesignPoint) -> bool:
    arm = point.arm
    return mixes.hold(
        designs=point.design, real=arm.n_real, generated=arm.n_generated, levels=arm.level
    )


def labels_in_turn(study: Study) -> list[str]:
    """The label words that prompts ask for in turn: one that is more frequent, more often.

    Raises ConfigError where only a job can say how frequent they are.
    """
    task = study.task
    if study.designs.fill:
        return fill_labels(study)
    if task.balance.generated == "equal" or len(task.words) == 1:
        return task.words
    return cycle(natural(study))


def natural(study: Study) -> dict[str, int]:
    """Rows of each label in the data. Raises ConfigError where only a job can count them."""
    counts = rows_of_sides(study.task).get("data")
    if counts is None:
        raise ConfigError(
            "task.data: natural proportions of generated rows (task.balance.generated, "
            "designs.fill) need data that are counted before a job runs; allowed: an embedded "
            "package or a file below 200 MB"
        )
    return counts


def fill_labels(study: Study) -> list[str]:
    """The rare labels that prompts ask for, each as often as the largest fill needs rows of it.

    Raises ConfigError where nothing is to fill, or `generate.n` rows are too few.
    """
    assert study.designs.fill
    counts, most = natural(study), Counter[str]()
    for real, share in product(study.designs.real, study.designs.fill.shares):
        most |= Counter(missing(real, counts, share))
    if not most:
        raise ConfigError(
            f"designs.fill.shares: {study.designs.fill.shares}, but no label has so few rows: "
            "there is nothing to fill; allowed: larger shares, data with rare labels"
        )
    if most.total() > study.generate.n:
        wanted = ", ".join(f"{rows} of {label!r}" for label, rows in most.items())
        raise ConfigError(
            f"generate.n: {study.generate.n}; allowed: {most.total()} or more, which designs.fill "
            f"needs ({wanted})"
        )
    return list(islice(in_proportion(most), most.total()))


def with_rounds(study: Study) -> Study:
    """The study with a pipeline for each scheme of its loop, its rounds prompted as round 0."""
    loop = study.designs.loop
    if not loop:
        return study
    base = study.pipelines[loop.pipeline]
    assert isinstance(base, Pipeline)
    rounds = {f"R{number}": base.levels[loop.level] for number in range(1, loop.rounds + 1)}
    schemes = {f"{LOOP}{name}": base.model_copy(update={"levels": rounds}) for name in loop.schemes}
    curation = study.curation
    if loop.judge:
        name, plain = f"{LOOP}verified", curation[base.curation]
        judged = {"label_consistency": LabelConsistency(judge=loop.judge)}
        filters = plain.filters.model_copy(update=judged)
        curation = {**curation, name: plain.model_copy(update={"filters": filters})}
        schemes[name] = schemes[name].model_copy(update={"curation": name})
    pipelines = {**study.pipelines, **schemes}
    return study.model_copy(update={"pipelines": pipelines, "curation": curation})
