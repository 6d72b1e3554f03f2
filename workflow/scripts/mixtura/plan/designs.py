"""Designs: which mixes a study trains on, and what each is compared to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mixtura.core.digest import digest
from mixtura.core.proportions import missing
from mixtura.infer.settings import ArmRow
from mixtura.study.alternatives import ALTERNATIVE, WORDS
from mixtura.study.designs import LOOP, Designs

Set = tuple[str, str, str]  # generator, pipeline, level


@dataclass(frozen=True)
class Arm:
    """One mix: how many real rows and how many generated rows of which set."""

    n_real: int
    n_generated: int = 0
    generator: str | None = None
    pipeline: str | None = None
    level: str | None = None
    repeat_to: int = 0  # the real rows again and again, until there are so many
    fill: tuple[tuple[str, int], ...] = ()  # rare label -> rows of it that are added
    weighted: bool = False  # classes have weights in the loss
    shown: int = 0  # real rows that the generator saw, where `generate.shown` is own
    shots: int = 0  # of each label in a prompt: the generator labels test rows, nothing is trained

    @property
    def name(self) -> str:
        """Digest of the arm's own settings; defaults are left out, so a new option renames none."""
        defaults = Arm(n_real=-1)
        return digest({k: v for k, v in vars(self).items() if v != getattr(defaults, k)})

    @property
    def rows(self) -> int:
        """Rows of one pass over the mix."""
        return self.repeat_to or self.n_real + self.n_generated


@dataclass(frozen=True)
class DesignPoint:
    """An arm as a design uses it. Designs may share an arm; it is then trained once."""

    design: str
    arm: Arm
    baseline: Arm | None = None  # real rows alone
    control: Arm | None = None  # the arm's real rows, repeated to its size; of a loop, its round 0

    def row(self, largest: int) -> ArmRow:
        """The point as a row of the index of the arms.

        Generators saw the `largest` number of real rows, where the arm does not say another.
        """
        arm = self.arm
        return ArmRow(
            arm=arm.name,
            design=self.design,
            generator=arm.generator,
            pipeline=arm.pipeline,
            level=arm.level,
            shown=(arm.shown or largest) if arm.n_generated else None,
            n_real=arm.n_real,
            n_generated=arm.n_generated,
            share=arm.n_generated / arm.rows if arm.rows else 0.0,
            rows=arm.rows,
            baseline=self.baseline.name if self.baseline else None,
            control=self.control.name if self.control else None,
        )


def design_points(
    designs: Designs, n: int, sets: Sequence[Set], own_rows: bool = False
) -> list[DesignPoint]:
    """Every point of the designs: what is compared after what it is compared to, each once.

    `n` is the size of the generated sets. Real rows alone are a point at every number of real rows
    that occurs. With `own_rows`, a mix has the text of a generator that saw its real rows, or
    those of its baseline where it has none. The control has the same real rows and as many rows, so
    as many optimiser steps, as the mix: what it gains is training, not text.
    """
    repeated = "repeated" in designs.controls
    mixed = []
    for mix in designs.mixes(n):
        for origin in sets:
            shown = (mix.n_real or mix.baseline) if own_rows else 0
            arm = Arm(mix.n_real, round(mix.n_generated), *origin, shown=shown)
            control = Arm(arm.n_real, repeat_to=arm.rows) if arm.n_real and repeated else None
            mixed.append(DesignPoint(mix.design, arm, Arm(mix.baseline), control))
    points = [DesignPoint("zero-shot", Arm(0))] if "zero-shot" in designs.controls else []
    points += [DesignPoint("real-only", Arm(real)) for real in designs.real_sizes(n)]
    points += [DesignPoint("real-repeated", p.control) for p in mixed if p.control]
    return list(dict.fromkeys([*points, *mixed]))


def fill_points(
    designs: Designs, weights: Mapping[str, float], sets: Sequence[Set], own_rows: bool = False
) -> list[DesignPoint]:
    """The mixes that fill rare labels, each with oversampling as its control, and class weights.

    `weights` are the rows of each label in the data.
    """
    assert designs.fill
    points: list[DesignPoint] = []
    for real in designs.real:
        if designs.fill.class_weights:
            points.append(DesignPoint("class-weights", Arm(real, weighted=True)))
        for share in designs.fill.shares:
            added = missing(real, weights, share)
            rows, fill = sum(added.values()), tuple(added.items())
            if not rows:
                continue
            control = Arm(real, repeat_to=real + rows, fill=fill)
            points.append(DesignPoint("oversampled", control))
            for origin in sets:
                arm = Arm(real, rows, *origin, fill=fill, shown=real if own_rows else 0)
                points.append(DesignPoint("fill", arm, Arm(real), control))
    return list(dict.fromkeys(points))


def alternative_points(designs: Designs, n: int) -> list[DesignPoint]:
    """What could be done in place of generating text, beside the same real rows alone."""
    section = designs.alternatives
    assert section
    points: list[DesignPoint] = []
    for real in section.real or designs.real:
        arms = []
        if section.few_shot:
            few = section.few_shot
            arms.append(Arm(real, 0, few.generator, "few-shot", ALTERNATIVE, shots=few.shots))
        if section.eda:
            arms.append(Arm(real, section.eda.n or n, WORDS, "eda", ALTERNATIVE, shown=real))
        if section.back_translation:
            writer, rows = section.back_translation.generator, section.back_translation.n or n
            arms.append(Arm(real, rows, writer, "back-translation", ALTERNATIVE, shown=real))
        if section.labelled:
            writer, rows = section.labelled.generator, section.labelled.n or n
            arms.append(Arm(real, rows, writer, "labelled", ALTERNATIVE, shown=real))
        for arm in arms:
            control = None
            if arm.n_generated and "repeated" in designs.controls:
                control = Arm(real, repeat_to=arm.rows)
                points.append(DesignPoint("real-repeated", control))
            points.append(DesignPoint("alternatives", arm, Arm(real), control))
    return list(dict.fromkeys(points))


def baseline_rows(points: Sequence[DesignPoint]) -> dict[str, int]:
    """Name of an arm -> real rows of what it is compared with; of a control, of its mixes'.

    An arm without a baseline is its own. An arm that is compared with several, as generated rows
    alone are, has the first.
    """
    rows: dict[str, int] = {}
    for point in points:
        for arm in (point.arm, point.control):
            if arm and point.baseline:
                rows.setdefault(arm.name, point.baseline.n_real)
    return {point.arm.name: point.arm.n_real for point in points} | rows


class Round(NamedTuple):
    """A round of a loop: the set that its model wrote, and the mix that the next one trains on."""

    scheme: str
    number: int
    written: Set
    mixed: tuple[Set, ...]  # sets that the generated rows of the mix come from
    arm: Arm


def loop_rounds(
    designs: Designs, n: int, classes: int, generator: str, own_rows: bool = False
) -> list[Round]:
    """Every round of every scheme of the loop of a generator, round 0 first.

    The generator tuned on the mix of round r - 1 writes the set of round r, of `n` rows (in scheme
    grown the untuned one writes it). The mix of round r holds, beside R real rows:

    - replace: the set of round r alone (Shumailov et al. 2024).
    - accumulate: the real rows and the sets of rounds 0 to r (Gerstgrasser et al. 2024).
    - accumulate-subsample: n rows of these, so that the size is held (Kazdan et al. 2024). Real
      rows keep their share, rounded to whole rows of each of the `classes` labels.
    - replace+real: n rows, the share `real_share` of them real.
    - verified: as replace; of each round, the rows whose label a judge confirms (Feng et al. 2024).
    - grown: as accumulate, with sets that the untuned generator wrote: more text, but no text of a
      model that was trained on generated text. (Replace-Multiple of Gerstgrasser et al. 2024 is
      another control of size: there the newest model writes a larger set.)
    """
    loop = designs.loop
    assert loop
    rounds = []
    for scheme in loop.schemes:
        sets: list[Set] = [(generator, loop.pipeline, loop.level)]
        for number in range(loop.rounds + 1):
            if number:
                sets.append((generator, f"{LOOP}{scheme}", f"R{number}"))
            newest = scheme in ("replace", "replace+real", "verified")
            real, mixed = designs.loop_real, sets[-1:] if newest else sets[:]
            generated = len(mixed) * n
            if scheme in ("replace", "verified"):
                real = 0
            elif scheme == "replace+real":
                real = round(loop.real_share * n)
                generated = n - real
            elif scheme == "accumulate-subsample":
                real = classes * round(n * real / (real + generated) / classes)
                generated = n - real
            shown = designs.loop_real if own_rows else 0
            arm = Arm(real, generated, *sets[-1], shown=shown)
            rounds.append(Round(scheme, number, sets[-1], tuple(mixed), arm))
    return rounds


def loop_points(designs: Designs, rounds: Sequence[Round]) -> list[DesignPoint]:
    """The mixes of a loop, each compared with the real rows alone and with round 0 of its scheme.

    Schemes share what is the same: accumulate and grown have one round 0.
    """
    first = {turn.scheme: turn.arm for turn in rounds if not turn.number}
    alone = Arm(designs.loop_real)
    points = [
        DesignPoint("loop", turn.arm, alone, first[turn.scheme] if turn.number else None)
        for turn in rounds
    ]
    return list(dict.fromkeys(points))
