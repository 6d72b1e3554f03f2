"""Rows whose answer a judge finds poor."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.curate.filters.verdict import need_column, verdict
from mixtura.curate.settings import Quality

LEVEL = 0.95


def quality(
    rows: pl.DataFrame, settings: Quality, real: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Pass rows whose score is high enough to a judge that tells good answers from wrong ones.

    The column judged has scores, "" for no answer, which passes; of real rows the column corrupted
    has those of the same rows with the answer of another. Raises ValueError where the judge does
    not rank real rows above these: where the interval of the area under its curve reaches 0.5.
    """
    if real is None:
        raise ValueError("filter quality needs real rows to know how good the judge is")
    need_column(rows, "quality", "judged")
    for name in ("judged", "corrupted"):
        need_column(real, "quality", name)
    area_of_judge(real, settings.judge, "filter quality")
    score = rows.select(_score("judged")).to_series()
    return verdict({"judged to be poor": (score < settings.min_score).fill_null(False)}, score)


def area_of_judge(real: pl.DataFrame, judge: str, key: str) -> tuple[float, float, float]:
    """How well a judge ranks real rows above the same with wrong answers, as `ranked`.

    Columns are judged and corrupted; `key` names the part of the study that asks it. Raises
    ValueError, so that a judge is refused, where the interval reaches 0.5.
    """
    pairs = real.select(_score(name) for name in ("judged", "corrupted")).drop_nulls()
    auc, low, high = ranked(pairs["judged"].to_numpy(), pairs["corrupted"].to_numpy())
    if low <= 0.5:
        raise ValueError(
            f"{key}: the judge {judge!r} ranks {pairs.height} real rows above the same rows with "
            f"wrong answers with an area of {auc:.2f} [{low:.2f}, {high:.2f}], which may be chance "
            "(0.5): it is refused; take a better model or more real rows, or switch it off"
        )
    return auc, low, high


def ranked(good: NDArray[np.floating], bad: NDArray[np.floating]) -> tuple[float, float, float]:
    """Area under the curve of scores of good and of bad rows, and its 95 % interval; ties half.

    The interval is Wilson's for as many rows as the smaller group has: the variance of the area is
    at most that of a share of so many.

    Source: van Dantzig 1951, for the bound.
    """
    from statsmodels.stats.proportion import proportion_confint

    rows = min(len(good), len(bad))
    if not rows:
        return 0.5, 0.0, 1.0
    difference = good[:, None] - bad[None, :]
    auc = float(((difference > 0) + 0.5 * (difference == 0)).mean())
    low, high = proportion_confint(auc * rows, rows, alpha=1 - LEVEL, method="wilson")
    return auc, float(low), float(high)


def _score(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)
