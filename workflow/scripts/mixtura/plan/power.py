"""What a study can see, said before it runs, and the cheapest design that sees a stated gain."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mixtura.infer.detect import MOST, Design, Key, Spreads, least, power
from mixtura.infer.settings import METRICS_OF_KIND
from mixtura.plan.cost import plan_table
from mixtura.plan.designs import Arm
from mixtura.plan.planned import PlannedJob
from mixtura.plan.sets import Sets
from mixtura.study.data import rows_of_sides
from mixtura.study.study import Study
from mixtura.study.task import Task

LARGE = 0.05  # a study that sees no smaller gain is warned of
MOST_SEEDS = 3  # more sharpen only what is inside a replicate
WORDS: dict[Key, str] = {"replicates": "replicates", "seeds": "seeds", "test_rows": "test rows"}


def planned_design(sets: Sets) -> Design | None:
    """How large a study is planned; none where no mix has generated rows."""
    study = sets.study
    groups: Counter[tuple[str, Arm]] = Counter()
    for model in study.downstream:
        arms = set(sets.arms_of(model))
        pairs = {(p.baseline, p.arm) for p in sets.points if p.baseline and p.arm.n_generated}
        groups.update((model, baseline) for baseline, arm in pairs if arm.name in arms)
    if not groups:
        return None
    return Design(
        replicates=study.replicates.count,
        seeds=len(study.seeds),
        test_rows=test_rows(study),
        comparisons=max(groups.values()),
        groups=len(groups),
        folds=study.task.test.folds or 1,
    )


def test_rows(study: Study) -> int:
    """Test rows that are planned; of data that only a job can read, the default number."""
    test = study.task.test
    counts = rows_of_sides(study.task).get("data" if test.folds else "test", {})
    return test.rows or sum(counts.values()) or Task.model_fields["test"].default.rows


def size_text(design: Design) -> str:
    """The size of a study in words."""
    return (
        f"{_counted(design.replicates, 'replicate')} x {_counted(design.seeds, 'seed')} x "
        f"{_counted(design.test_rows, 'test row')}"
    )


def power_lines(study: Study, design: Design, spreads: Spreads, source: str) -> list[str]:
    """What a study can see, and what it would need to see `smallest_gain`; lines for a terminal."""
    metric = METRICS_OF_KIND[study.task.kind][0]
    seen = power(spreads, design).gain()
    mixes = f"{design.comparisons} mixes"
    if design.groups > 1:
        mixes += f" beside each of {design.groups} baselines"
    alone = " of this draw alone" if design.replicates == 1 else ""
    gains = f"gains above {gain_text(seen)}{alone}" if seen < float("inf") else "no gain"
    lines = [f"Shows in 80 of 100 studies ({metric}): {size_text(design)}, {mixes}: {gains}."]
    wanted = study.smallest_gain
    if seen > wanted:
        lines.append(f"{gain_text(wanted)} (smallest_gain) {_needs(spreads, design, wanted)}.")
    lines.append(f"Spreads: {source}.")
    if seen > LARGE:
        lines.append(
            f"WARNING: only gains above {gain_text(LARGE)} would show; raise `replicates` or "
            "`task.test`, or compare fewer mixes. `mixtura plan --target 0.03` proposes a design."
        )
    return lines


def gain_text(gain: float) -> str:
    """A gain in points: hundredths of the metric."""
    return f"{100 * gain:.1f} points"


def _needs(spreads: Spreads, design: Design, gain: float) -> str:
    most = replace(design, replicates=max(design.replicates, 2))
    numbers = {key: least(spreads, most, gain, key) for key in WORDS}
    needed = [f"{number:,} {WORDS[key]}" for key, number in numbers.items() if number]
    if needed:
        return f"need {' or '.join(needed)}"
    return "are beyond any number of replicates, seeds or test rows alone"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


@dataclass(frozen=True)
class Price:
    """What a study costs by its size, in one unit."""

    fixed: float
    replicate: float  # a replicate, without trainings
    training: float  # the trainings of all mixes with one seed in one replicate
    unit: str

    def of(self, design: Design) -> float:
        """The planned cost of a whole study of this size."""
        each = self.replicate + self.training * design.seeds
        return self.fixed + design.replicates * each


def price_of(sets: Sets, jobs: Sequence[PlannedJob], root: Path) -> Price:
    """Prices from all jobs of a plan, done or not: money where prices are known, else hours."""
    study = sets.configured
    parts: dict[str, list[PlannedJob]] = {"fixed": [], "replicate": [], "training": []}
    for job in jobs:
        names = job["wildcards"]
        part = "fixed"
        if "seed" in names:
            part = "training"
        elif "draw" in names and not sets.shared:
            part = "replicate"
        parts[part].append({**job, "why": ["Forced execution"]})
    tables = {part: plan_table(study, of_part, root) for part, of_part in parts.items()}
    units = {"cost": "of your currency", "gpu_hours": "GPU h", "cpu_hours": "CPU h"}
    column = next(
        (name for name in units if any(table[name].sum() for table in tables.values())), "cpu_hours"
    )
    sums = {part: float(table[column].sum()) for part, table in tables.items()}
    replicates = study.replicates.count
    return Price(
        sums["fixed"],
        sums["replicate"] / replicates,
        sums["training"] / replicates / len(study.seeds),
        units[column],
    )


def most_test_rows(study: Study) -> int:
    """Test rows that the data allow beside the other splits; those planned where unknown."""
    task, planned = study.task, test_rows(study)
    counts = rows_of_sides(task).get("data")
    if counts is None or task.test.folds or task.test.data:
        return planned
    equal = min(counts.values()) * len(counts)  # labels are balanced
    others = (task.development.rows or 0) + (0 if task.unlabelled else task.reference)
    return max(planned, equal - others - study.designs.largest)


def proposals(
    design: Design, spreads: Spreads, price: Price, gain: float, most: int
) -> list[Design]:
    """Designs that show a gain in 80 of 100 studies, the cheapest first.

    Of up to 3 seeds and as many test rows as planned, or `most`, each with the fewest replicates
    that do. Test rows cost nothing but labels that the data have.
    """
    enough = []
    for rows in sorted({design.test_rows, most}):
        for seeds in range(1, MOST_SEEDS + 1):
            tried = replace(design, seeds=seeds, test_rows=rows, replicates=2)
            if replicates := least(spreads, tried, gain, "replicates"):
                whole = math.ceil(max(replicates, 2) / design.folds) * design.folds
                enough.append(replace(tried, replicates=whole))
    return sorted(enough, key=lambda each: (price.of(each), each.test_rows))


def target_lines(designs: Sequence[Design], now: Design, price: Price, gain: float) -> list[str]:
    """The proposals for a terminal, with what to write on the command line."""
    if not designs:
        return [
            f"No design shows gains of {gain_text(gain)} with up to {MOST['replicates']} "
            "replicates: compare fewer mixes."
        ]

    def line(design: Design) -> str:
        return f"{size_text(design)}: {price.of(design):,.2f} {price.unit}"

    best, *others = designs
    seeds = ",".join(map(str, range(best.seeds)))
    return [
        f"Cheapest design that shows gains of {gain_text(gain)}: {line(best)} "
        f"(as planned: {price.of(now):,.2f}).",
        f"  --config replicates={best.replicates} 'seeds=[{seeds}]'"
        + (f" 'task={{test: {best.test_rows}}}'" if best.folds == 1 else ""),
        *(f"Also: {line(design)}" for design in others[:3]),
    ]
