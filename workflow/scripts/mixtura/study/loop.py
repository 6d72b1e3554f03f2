"""What a loop of generations needs of the other sections."""

import math
from typing import TYPE_CHECKING

from mixtura.study.base import listed
from mixtura.study.designs import LOOP
from mixtura.study.pipelines import Pipeline

if TYPE_CHECKING:
    from mixtura.study.study import Study


def loop_starts_from_a_set(study: "Study") -> None:
    """Round 0 of a loop is a set that the study generates."""
    loop, generate = study.designs.loop, study.generate
    if not loop:
        return
    writing = [p for p in generate.pipelines if isinstance(study.pipelines[p], Pipeline)]
    for key, value, allowed in (
        ("pipeline", loop.pipeline, writing),
        ("level", loop.level, generate.levels),
    ):
        if value not in allowed:
            raise ValueError(
                f"designs.loop.{key}: {value!r} is not generated; allowed: {listed(allowed)}"
            )


def generators_of_a_loop_can_be_tuned(study: "Study") -> None:
    """A loop tunes its generators: they are run by transformers."""
    for name in study.generate.generators if study.designs.loop else ():
        if (backend := study.generators[name].backend) != "transformers":
            raise ValueError(
                f"designs.loop: generators.{name}.backend is {backend!r}; allowed where a "
                "generator is tuned: transformers"
            )


def verified_rounds_have_a_judge(study: "Study") -> None:
    """Scheme verified names a judge of labels, and rows have labels."""
    loop = study.designs.loop
    if not loop:
        return
    if (loop.judge is not None) != ("verified" in loop.schemes):
        raise ValueError("designs.loop: scheme verified and the key judge need each other")
    if loop.judge and loop.judge not in study.generators:
        raise ValueError(
            f"designs.loop.judge: {loop.judge!r} is not defined; allowed: "
            f"{listed(study.generators)}"
        )
    if loop.judge and study.task.kind != "classification":
        raise ValueError(f"designs.loop.judge: task.kind {study.task.kind} has no labels")


def names_of_a_loop_are_free(study: "Study") -> None:
    """No pipeline or variant of curation has a name by which rules know a round of a loop."""
    for key, names in (("pipelines", study.pipelines), ("curation", study.curation)):
        for name in (name for name in names if name.startswith(LOOP)):
            raise ValueError(
                f"{key}.{name}: names that start with {LOOP!r} are those of designs.loop"
            )


def schemes_of_a_loop_occur_once(study: "Study") -> None:
    """A loop names each scheme once."""
    loop = study.designs.loop
    if loop and len(set(loop.schemes)) < len(loop.schemes):
        raise ValueError(f"designs.loop.schemes: {loop.schemes} names one twice")


def rows_of_a_loop_fit(study: "Study") -> None:
    """The real rows that a loop reads are whole numbers, and no more than there are."""
    loop = study.designs.loop
    if not loop:
        return
    n = study.generate.n
    mixed = loop.real_share * n if "replace+real" in loop.schemes else 1
    real = ("the largest of designs.real", study.designs.largest)
    test = study.task.test.rows  # none: data of its own, or folds, which a job alone counts
    for key, rows, (source, most) in (
        ("real", study.designs.loop_real, real),
        ("real_share", mixed, real),
        ("perplexity_rows", loop.perplexity_rows or 1, ("task.test", test or math.inf)),
    ):
        if abs(rows - round(rows)) > 1e-9 or not 1 <= rows <= most:
            raise ValueError(
                f"designs.loop.{key}: {rows:g} real rows; allowed: whole numbers from 1 up "
                f"to {source} = {most}"
                + (f" (it is a share of generate.n = {n})" if key == "real_share" else "")
            )
