"""The map of regimes: the gains of a study beside optima that others published, as claims.

python docs/regimes.py results/demo docs/demo-regimes.svg
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import polars as pl
from matplotlib.figure import Figure

from mixtura.core.tables import read_table
from mixtura.infer.tables import Findings
from mixtura.tell.matrix import gain_cells

matplotlib.rcParams["svg.hashsalt"] = "mixtura"
matplotlib.rcParams["svg.fonttype"] = "none"


class Claim(NamedTuple):
    """A range of shares of generated rows (percent) or of real rows that a paper names."""

    low: float
    high: float
    words: str


SHARES = (
    Claim(0, 20, "at most 20 %: 2510.05133"),
    Claim(29, 31, "about 30 %: 2510.01631"),
    Claim(37.2, 39.2, "real weighs .618: 2502.18049"),
    Claim(60, 80, "60 to 80 %: FinePhrase"),
)
REAL_ROWS = (
    Claim(10, 40, "5 to 20 seeds a label: 2408.16502"),
    Claim(980, 1070, "gains at 1,024 rows or fewer: 2410.16713"),
)


def measured(findings: pl.DataFrame) -> pl.DataFrame:
    """Real rows, share (percent), mean gain of the levels, and at how many of them it is shown."""
    cells = gain_cells(findings).filter(pl.col("n_real") > 0).drop_nulls("difference")
    cells = cells.filter(model=cells["model"].mode(maintain_order=True)[0], form="added")
    share = 100 * pl.col("n_generated") / (pl.col("n_generated") + pl.col("n_real"))
    return cells.group_by("n_real", share.alias("share"), maintain_order=True).agg(
        pl.col("better").mean(),
        shown=(pl.col("state") == "gain shown").sum(),
        levels=pl.len(),
    )


def draw(points: pl.DataFrame) -> Figure:
    """The map: claims as grey bands, measured gains as coloured points with their numbers."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes: Any = figure.subplots()
    for claim in SHARES:
        axes.axvspan(claim.low, claim.high, color="grey", alpha=0.25, linewidth=0)
        middle = (claim.low + claim.high) / 2
        axes.text(middle, 900, claim.words, rotation=90, ha="center", va="top", fontsize="small")
    for claim in REAL_ROWS:
        axes.axhspan(claim.low, claim.high, facecolor="none", edgecolor="grey", hatch="///", lw=0)
        axes.text(99, claim.high * 1.05, claim.words, ha="right", va="bottom", fontsize="small")
    most = max(points["better"].abs().to_list()) or 1.0
    edges = ["black" if shown else "lightgrey" for shown in points["shown"]]
    image = axes.scatter(
        *(points["share"], points["n_real"]),
        c=points["better"],
        edgecolors=edges,
        cmap="RdBu",
        vmin=-most,
        vmax=most,
        s=420,
        linewidths=1.8,
        zorder=3,
    )
    for row in points.iter_rows(named=True):
        colour = "white" if abs(row["better"]) > 0.6 * most else "black"
        words = f"{row['better']:+.2f}".replace("0.", ".", 1)
        axes.text(
            *(row["share"], row["n_real"], words),
            ha="center",
            va="center",
            fontsize="x-small",
            color=colour,
            zorder=4,
        )
    axes.set_yscale("log")
    axes.set_ylim(3, 2500)
    axes.set_xlim(0, 100)
    ticks = (4, 8, 16, 32, 100, 1000)
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("share of generated rows in the mix, %")
    axes.set_ylabel("real rows")
    figure.colorbar(image, label="mean gain over the same real rows alone", shrink=0.7)
    return figure


if __name__ == "__main__":
    results, output = map(Path, sys.argv[1:])
    points = measured(read_table(results / "tables/findings.parquet", Findings))
    draw(points).savefig(output, bbox_inches="tight", metadata={"Date": None})
    print(points)
