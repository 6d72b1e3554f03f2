"""What a study of other size would see."""

from matplotlib.figure import Figure

from mixtura.tell.figures.style import Tables, first_metric, grid_of, legend
from mixtura.tell.settings import FigureSettings


def power_curve_figure(figure: Figure, tables: Tables, style: FigureSettings) -> None:
    """The smallest gain that is shown in 80 of 100 studies, against replicates."""
    curve = tables["power"].sort("replicates")
    findings = first_metric(tables["findings"])
    (axes,) = grid_of(figure, 1, style)
    axes.plot(
        curve["replicates"], curve["gain"], "o-", color="black", label="spreads of this study"
    )
    here = curve.filter("planned")
    axes.plot(
        here["replicates"], here["gain"], "*", markersize=12, markerfacecolor="gold",
        markeredgecolor="black", label="its replicates", zorder=3,
    )  # fmt: skip
    axes.set_xticks(curve["replicates"])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("replicates")
    axes.set_ylabel(f"smallest visible gain in {findings['metric'][0]}")
    legend(figure, axes)
