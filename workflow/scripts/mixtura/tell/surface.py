"""The fitted surfaces in words: how diverse, how much, what it brings, how sure."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from mixtura.core.wording import interval
from mixtura.infer.surface.table import NO_SHAPE, ONE_LEVEL
from mixtura.infer.verdicts import GAIN

SURFACE = ["model", "generator", "pipeline", "form"]  # the keys of a surface
READING = (
    "Gains are drawn towards a smooth surface, as far as the data bear it out, so that the best of "
    "many is not overrated. In 95 of 100 studies the best mix is among those that may be the best."
)


def surface_text(surface: pl.DataFrame) -> list[str]:
    """Markdown of the table of surfaces: none where a study has no surface."""
    if surface.is_empty():
        return []
    lines = [
        line
        for _, part in surface.group_by(SURFACE, maintain_order=True)
        for line in [*_answers(part), *_limit(part), *_beyond(part)]
    ]
    return ["## How diverse, and how much", READING, "\n".join(f"- {line}" for line in lines)]


def _answers(part: pl.DataFrame) -> Iterator[str]:
    """A sentence for every number of real rows."""
    for row in part.filter(pl.col("recommended")).iter_rows(named=True):
        here = part.filter(pl.col("n_real") == row["n_real"])
        mixes = here.filter(kind="mix")
        peak = here.filter(kind="peak").row(0, named=True)
        words = [_named(row), _control(row), _best(mixes), _beside(mixes, row), _peak(peak)]
        yield " ".join(word for word in words if word)


def _named(row: dict[str, Any]) -> str:
    gain = interval(row["gain"], row["low"], row["high"], sign=True)
    over = "in the place of real ones" if row["form"] == "replaced" else "added"
    shown = row["verdict"] == GAIN
    end = "." if shown else f": {row['verdict']}."
    return (
        f"**{row['model']}, {row['n_real']:.0f} real rows: {'use' if shown else 'best is'} "
        f"{row['pipeline']} at {row['level']} with {row['n_generated']:.0f} generated rows {over}: "
        f"{row['metric']} gain {gain} over real data alone{end}**"
    )


def _control(row: dict[str, Any]) -> str:
    if row["control_gain"] is None:
        return ""
    gain = interval(row["control_gain"], row["control_low"], row["control_high"], sign=True)
    return f"Over its control, the same real rows repeated, it gains {gain}."


def _best(mixes: pl.DataFrame) -> str:
    best = mixes.filter("best").sort("gain", descending=True)
    if mixes.height == 1:
        return (
            "No other mix was tried: the range is that of this one by itself. In the cells it is "
            "one that holds together with those of all others."
        )
    if best.height == mixes.height:
        return f"Any of the {mixes.height} mixes may be the best."
    names = [f"{row['level']} with {row['n_generated']:.0f}" for row in best.to_dicts()]
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return f"{best.height} of {mixes.height} mixes may be the best: {shown}."


def _beside(mixes: pl.DataFrame, top: dict[str, Any]) -> str:
    """What is lost one step of diversity or of amount beside the recommended mix."""
    names = []
    for along, held in (("diversity", "n_generated"), ("n_generated", "level")):
        line = mixes.filter(pl.col(held) == top[held]).sort(along)
        at = line["arm"].to_list().index(top["arm"])
        for place in (at - 1, at + 1):
            if 0 <= place < line.height:
                row = line.row(place, named=True)
                loss = interval(row["loss"], row["loss_low"], row["loss_high"], sign=True)
                what = row["level"] if held == "n_generated" else f"{row['n_generated']:.0f} rows"
                names.append(f"{what} {loss}")
    return f"Loss one step beside it: {'; '.join(names)}." if names else ""


def _peak(peak: dict[str, Any]) -> str:
    if peak["verdict"] == ONE_LEVEL:
        return "One level of diversity was tried."
    if peak["verdict"] == NO_SHAPE:
        return "Diversity has no shape here: the gain is not shown to change with it."
    ends = [
        peak[f"{name}_{end}"] for name in ("diversity", "n_generated") for end in ("low", "high")
    ]
    return (
        f"The surface is highest at {peak['axis']} {peak['diversity']:.2f} and "
        f"{peak['n_generated']:.0f} generated rows; joint 95 % region: {ends[0]:.2f} to "
        f"{ends[1]:.2f} and {ends[2]:.0f} to {ends[3]:.0f} rows."
    )


def _limit(part: pl.DataFrame) -> Iterator[str]:
    """From which number of real rows on the gain is below a size."""
    limits = part.filter(kind="limit").to_dicts()
    tried = part.filter(kind="mix")["n_real"].to_numpy()
    for row in limits:
        few, many = float(tried.min()), float(tried.max())
        name = f"{row['model']}, {row['pipeline']}: the gain "
        size = f"{row['gain']:.3f}"
        low = f"{row['n_real_low']:.0f}" if row["n_real_low"] else f"{few:.0f} or fewer"
        high = f"{row['n_real_high']:.0f}" if row["n_real_high"] else f"more than {many:.0f}"
        if row["n_real"] is None:
            text = f"{name}is not below {size} at up to {many:.0f} real rows"
        else:
            text = f"{name}is below {size} from {row['n_real']:.0f} real rows on"
        yield f"{text} (95 %: {low} to {high})."


def _beyond(part: pl.DataFrame) -> Iterator[str]:
    """What more rows than were tried would gain, and how far the law erred where it can be seen."""
    for row in part.filter(kind="beyond").iter_rows(named=True):
        mixes = part.filter(kind="mix", n_real=row["n_real"])
        tried = mixes["n_generated"].to_numpy().max()
        yield (
            f"{row['model']}, {row['pipeline']}, {row['n_real']:.0f} real rows, **beyond what was "
            f"tried**: {row['n_generated']:.0f} generated rows would gain "
            f"{interval(row['gain'], row['low'], row['high'], sign=True)} by a {row['law']}, which "
            f"erred by {row['law_error']:+.3f} on the {tried:.0f} rows that it had not seen."
        )
