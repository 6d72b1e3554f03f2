"""Figures: frames in, matplotlib figures out."""

from collections.abc import Callable

from matplotlib.figure import Figure

from mixtura.infer.parts import mixes_alone
from mixtura.tell.figures.gain_map import gain_map
from mixtura.tell.figures.measures import (
    collapse_curves,
    diversity_by_level,
    score_by_diversity,
    shift_by_level,
    shift_by_score,
)
from mixtura.tell.figures.power import power_curve_figure
from mixtura.tell.figures.ranks import measure_correlation, rank_agreement_figure
from mixtura.tell.figures.scores import (
    cost_by_gain,
    score_by_level,
    score_by_share,
    size_interaction,
)
from mixtura.tell.figures.sets import curation_funnel, embedding_map
from mixtura.tell.figures.style import Tables
from mixtura.tell.figures.surface import best_mixes, gain_by_real, gain_surface
from mixtura.tell.settings import FigureSettings

FIGURES: dict[str, Callable[[Figure, Tables, FigureSettings], None]] = {
    "surface": gain_surface,
    "gain-by-real": gain_by_real,
    "best-mixes": best_mixes,
    "power-curve": power_curve_figure,
    "collapse": collapse_curves,
    "score-by-level": score_by_level,
    "score-by-share": score_by_share,
    "score-by-diversity": score_by_diversity,
    "gain-map": gain_map,
    "size-interaction": size_interaction,
    "cost-by-gain": cost_by_gain,
    "shift-by-score": shift_by_score,
    "diversity-by-level": diversity_by_level,
    "shift-by-level": shift_by_level,
    "rank-agreement": rank_agreement_figure,
    "measure-correlation": measure_correlation,
    "embedding-map": embedding_map,
    "curation-funnel": curation_funnel,
}


def draw(name: str, tables: Tables, style: FigureSettings) -> Figure:
    """The figure `name` (a key of FIGURES).

    Tables: findings, surface, diversity, shift, curation and generation; for the embedding map
    reference and generated, with a column embedding, generated also with id, generator, pipeline
    and level; for the curves of a loop collapse; for that of power the table of
    `mixtura.infer.detect.power_table`. What a loop made is in its curves and in no other figure.
    """
    plain = {key: mixes_alone(tables[key]) for key in ("findings", "diversity", "shift")}
    tables = {**tables, **plain}
    figure = Figure(figsize=(style.width, style.height), layout="constrained")
    FIGURES[name](figure, tables, style)
    return figure
