"""The answer in five lines: what to do, what it brings, and what the study cannot see.

The terminal, the first lines of findings.md and the first screen of the report are these lines.
Each says what the tables say; where they say nothing, the line says that.
"""

from typing import Any

import polars as pl

from mixtura.core.wording import interval, listed_words
from mixtura.infer.hypotheses.rows import NOT_TESTABLE
from mixtura.infer.parts import mixes_alone
from mixtura.infer.verdicts import GAIN
from mixtura.tell.alternatives import alternatives_line
from mixtura.tell.verdicts import evidence

SHOWN = ("supported", "opposite")  # verdicts of a test that passes
QUESTIONS = ("What to do", "What it brings", "More diversity", "Where it stops", "Not seen")
INSTEAD = "In its place"


def answer_lines(
    findings: pl.DataFrame,
    hypotheses: pl.DataFrame,
    surface: pl.DataFrame,
    alternatives: pl.DataFrame | None = None,
) -> list[tuple[str, str]]:
    """(question, answer) of each of QUESTIONS, on the model with most mixes.

    The frames are the tables `Findings`, `Hypotheses` and `Surface`; the first metric and test set
    count. surface may be empty: then there is no mix whose gain could be named. A study with
    alternatives to generated text has a line about them too, after `alternatives`, their costs.
    """
    if surface.is_empty():
        unknown = "the study has no mix of real and generated rows to compare."
        return [(QUESTIONS[0], f"Nothing follows: {unknown}")]
    mixes = surface.filter(kind="mix")
    model = mixes["model"].mode(maintain_order=True)[0]
    top = _recommended(mixes.filter(model=model))
    of_model = surface.filter(model=model)
    tests = hypotheses.filter(
        pl.col("model") == model, metric=surface["metric"][0], test=surface["test"][0]
    )
    answers = (
        _what_to_do(top, model, sorted(mixes.filter(model=model)["level"].unique())),
        _what_it_brings(top, mixes.filter(pl.col("model") != model)),
        _diversity(of_model.filter(kind="peak"), tests.filter(hypothesis="trend")),
        _limit(of_model.filter(kind="limit"), top, tests.filter(hypothesis="H4")),
        _not_seen(findings.filter(model=model), tests.filter(hypothesis="power")),
    )
    lines = list(zip(QUESTIONS, answers, strict=True))
    instead = alternatives_line(findings.filter(model=model), top, alternatives)
    return [*lines[:2], (INSTEAD, instead), *lines[2:]] if instead else lines


def answered(surface: pl.DataFrame) -> dict[str, str]:
    """Model, form and source of the text (columns of `Surface`) that the first line speaks of.

    Empty where the surface is.
    """
    mixes = surface.filter(kind="mix")
    if mixes.is_empty():
        return {}
    model = mixes["model"].mode(maintain_order=True)[0]
    rows = _recommended(mixes.filter(model=model)) or mixes.filter(model=model).to_dicts()
    return {name: rows[0][name] for name in ("model", "form", "generator", "pipeline")}


def _recommended(mixes: pl.DataFrame) -> list[dict[str, Any]]:
    """The recommended mix at each number of real rows: of several sources, the surest."""
    shown = mixes.filter(recommended=True).sort("n_real", "low", descending=[False, True])
    return shown.unique("n_real", keep="first", maintain_order=True).rows(named=True)


def _rows(row: dict[str, Any]) -> str:
    return f"{row['n_real']:.0f}"


def _mix(row: dict[str, Any], levels: list[str]) -> str:
    """What is mixed in; levels are those of the study, low to high."""
    text = f"{row['n_generated']:.0f} generated rows of {row['pipeline']} {row['level']}"
    if len(levels) == 1:
        return text
    ends = {levels[0]: "the lowest", levels[-1]: "the highest"}
    place = ends.get(row["level"], f"number {levels.index(row['level']) + 1}")
    return f"{text}, {place} of {len(levels)} levels of diversity"


def _what_to_do(top: list[dict[str, Any]], model: str, levels: list[str]) -> str:
    """The mixes that are shown to gain, numbers of real rows with the same mix together."""
    use: dict[str, list[str]] = {}
    for row in top:
        if row["verdict"] == GAIN:
            verb = "beside" if row["form"] == "added" else "in place of some of"
            use.setdefault(f"{verb} {{}} real rows train on {_mix(row, levels)}", []).append(
                _rows(row)
            )
    parts = [mix.format(listed_words(numbers)) for mix, numbers in use.items()]
    rest = [_rows(row) for row in top if row["verdict"] != GAIN]
    if rest:
        nothing = "no mix is shown to gain: stay with real rows or make the study larger"
        parts.append(f"with {listed_words(rest)} real rows {nothing}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]} (model {model})."


def _what_it_brings(top: list[dict[str, Any]], others: pl.DataFrame) -> str:
    """The gain of the recommended mix at each number of real rows, and that of other models."""
    if not top:
        return "No mix has real rows alone beside it."
    gains = [f"{_gain(row)} with {_rows(row)}" for row in top]
    text = f"Gain in {top[0]['metric']}: {listed_words(gains)} real rows, best mix of each"
    for model in others["model"].unique(maintain_order=True):
        row = max(_recommended(others.filter(model=model)), key=lambda row: row["low"])
        text += f"; {model}: {_gain(row)} with {_rows(row)}"
    return f"{text}. A range holds the true gain in 95 of 100 studies."


def _gain(row: dict[str, Any]) -> str:
    return interval(row["gain"], row["low"], row["high"], sign=True)


def _diversity(peaks: pl.DataFrame, trends: pl.DataFrame) -> str:
    """Whether the gain has a shape over diversity, and its slope on the designed level."""
    shapes = peaks["verdict"].unique(maintain_order=True).to_list()
    shape = {
        "shape shown": "The gain differs between levels of diversity",
        "no shape": "No difference in gain between levels of diversity is shown",
        "one level": "The study has one level of diversity",
    }
    parts = [shape[word] for word in shapes if word in shape]
    slopes = trends.filter(pl.col("verdict").is_not_null(), x="level").drop_nulls("estimate")
    passed = slopes.filter(pl.col("verdict") == "supported")
    rows = (passed if passed.height else slopes).sort("p_holm", nulls_last=True)
    if rows.height:
        row = rows.row(0, named=True)
        change, where = _estimate(row), f"at {row['rows']} rows"
        parts.append(
            f"one level up changes it by {change} {where}, shown"
            if passed.height
            else f"a steady change from level to level is not shown ({change} a level {where})"
        )
    return f"{'; '.join(parts) or 'Nothing to say'}."


def _estimate(row: dict[str, Any]) -> str:
    return interval(row["estimate"], row["low"], row["high"], sign=True)


def _limit(limits: pl.DataFrame, top: list[dict[str, Any]], slopes: pl.DataFrame) -> str:
    """From which number of real rows on the gain is below the smallest of interest."""
    tried = [row["n_real"] for row in top]
    parts = []
    for row in limits.head(1).iter_rows(named=True):
        size = f"less than {row['gain']:g}"
        if row["n_real"] is None:
            most = f"{max(tried):.0f} real rows"
            parts.append(f"It does not up to {most}: the fitted gain is nowhere {size}")
        else:
            low = "fewer" if row["n_real_low"] is None else f"{row['n_real_low']:.0f}"
            high = "more than tried" if row["n_real_high"] is None else f"{row['n_real_high']:.0f}"
            parts.append(
                f"From about {row['n_real']:.0f} real rows on it gains {size} ({low} to {high})"
            )
    tested = slopes.filter(pl.col("verdict") != NOT_TESTABLE).drop_nulls("estimate")
    for row in tested.head(1).iter_rows(named=True):
        sure = "shown" if row["verdict"] in SHOWN else "which may be chance"
        parts.append(f"with ten times the real rows it changes by {_estimate(row)}, {sure}")
    return f"{'; '.join(parts) or 'One number of real rows cannot say'}."


def _not_seen(findings: pl.DataFrame, powers: pl.DataFrame) -> str:
    """The smallest gain that the study shows, and what no interval of it counts."""
    least = powers.drop_nulls("estimate")["estimate"]
    smallest = (
        f"Gains of a single mix below {least[0]:.3f} are missed in 20 of 100 such studies or more"
        if len(least)
        else "How small a gain it could show is not known"
    )
    mixes = mixes_alone(findings).drop_nulls("generator")
    sources = listed_words(mixes["generator"].unique(maintain_order=True))
    return (
        f"{smallest} ({evidence(findings)}, {findings['n'][0]} test rows); nothing here speaks of "
        f"another generator than {sources}, another task or other prompts."
    )
