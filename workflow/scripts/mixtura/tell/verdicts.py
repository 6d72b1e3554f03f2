"""Verdicts, and what they rest on, in words."""

import polars as pl

from mixtura.infer.verdicts import GAIN, LOSS

READING = (
    "Intervals are 95 %: the first of a difference is of that comparison alone, the simultaneous "
    "one holds together with those of all comparisons of this metric and test set. *Gain shown* "
    "and *loss shown* are corrected for all of them (p, step-down). *No gain above X*: the "
    "simultaneous interval leaves none above X. *Too small to tell*: neither, which is not the "
    "same as no effect; such a study finds differences of the size in brackets in 80 of 100 cases."
)


def ends(low: float | None, high: float | None) -> str:
    """The ends of an interval of a difference, empty where there is none."""
    return "" if low is None or high is None else f"[{low:+.3f}, {high:+.3f}]"


def verdict_text(verdict: str | None, bound: float | None) -> str:
    """A verdict with its bound, empty where there is none."""
    if verdict is None or bound is None or verdict in (GAIN, LOSS):
        return verdict or ""
    return f"{verdict} {bound:.3f}" if verdict.endswith("above") else f"{verdict} ({bound:.3f})"


def evidence(findings: pl.DataFrame) -> str:
    """The replicates and seeds that findings rest on, in words."""
    replicates = findings["replicates"].fill_null(1)
    words = []
    for number, noun in ((replicates, "replicate"), (findings["seeds"], "seed")):
        low, high = (int(number.to_numpy().min()), int(number.to_numpy().max()))
        count = f"{low} to {high}" if low < high else f"{high}"
        words.append(f"{count} {noun}{'' if high == 1 else 's'}")
    return f"{words[0]} of {words[1]}"


def scope_text(findings: pl.DataFrame, shared: bool = False) -> str:
    """What the findings hold for, in words: the first lines of a text.

    `shared` is whether all replicates have the generated text of one of them.
    """
    if shared:
        sentence = (
            "**All replicates share one generator's text: no interval counts the chance in what "
            "it wrote.** Each has its own real rows and trainings."
        )
    elif (findings["replicates"].fill_null(1) == 1).all():
        sentence = (
            "One replicate: everything here holds for this draw of real rows and generated text; "
            "another draw may differ by more than any interval says."
        )
    else:
        sentence = "Every replicate has its own real rows, generated text and trainings."
    identical = findings.unique(["arm", "model"])["identical"].sum()
    if identical:
        sentence += f" {identical} runs repeat another in every prediction and count once."
    return f"Rests on {evidence(findings)}. {sentence}"
