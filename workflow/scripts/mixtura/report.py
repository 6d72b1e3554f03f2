"""The report: tables, figures and samples in one HTML page that needs nothing else."""

from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mixtura.findings import answers, describe_arm, interval, measure_name

SAMPLES = 12  # rows of a set that the page shows
CAPTIONS = {
    "score-by-level": "Score of every mix against the designed diversity level. The grey line and "
    "band are real data alone.",
    "score-by-share": "Score against the share of generated rows in the mix, one line a level.",
    "diversity-by-level": "Measured diversity against the designed level, at equal n.",
    "shift-by-level": "Distance from real text against the designed level, at equal n. The dashed "
    "line is the noise floor: real against held-out real.",
    "shift-by-score": "Score of generated data alone against its shift from real text. The dashed "
    "line is the noise floor: real against held-out real.",
    "rank-agreement": "Does a measure order the levels as they were designed? +1: just so, -1: the "
    "other way round. Lines are 95 % intervals, from 4 levels up.",
    "measure-correlation": "Do the measures say the same? Rank correlation over all generated "
    "sets.",
    "embedding-map": "Real text (grey) and generated text on the two main directions of the real "
    "reference, which are the same for every level.",
}


def render_report(
    template: str,
    *,
    study: dict[str, Any],
    tables: dict[str, pl.DataFrame],
    figures: dict[str, str],
    samples: dict[str, pl.DataFrame],
    removed: dict[str, pl.DataFrame],
    provenance: dict[str, dict[str, Any]],
) -> str:
    """HTML of the report. All text is escaped; figures are SVG that this package drew.

    `tables` holds findings, diversity, shift and curation; `samples` and `removed` map a set
    ("real", "generator/pipeline/level") to its rows; `provenance` says where models come from.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    metrics = tables["findings"]["metric"].unique(maintain_order=True)
    return environment.from_string(template).render(
        study=study,
        answers=answers(tables["findings"]),
        metrics=list(metrics),
        scores=_scores(tables["findings"]),
        figures=[(name, CAPTIONS[name], Markup(_inline(svg))) for name, svg in figures.items()],
        measures={kind: _measures(tables[kind]) for kind in ("diversity", "shift")},
        curation=tables["curation"].rows(named=True),
        samples={name: _shown(rows).rows(named=True) for name, rows in samples.items()},
        removed={name: _shown(rows).rows(named=True) for name, rows in removed.items()},
        provenance=provenance,
    )


def _scores(findings: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "arm": describe_arm(row),
            "score": interval(row["value"], row["low"], row["high"]),
            "gain": interval(
                row["difference"], row["difference_low"], row["difference_high"], sign=True
            ),
        }
        for row in findings.iter_rows(named=True)
    ]


def _measures(table: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "set": f"{row['generator']} {row['pipeline']} {row['level']}",
            "name": measure_name(row["measure"], row["settings"]),
            "shown": interval(row["value"], row["low"], row["high"]),
            "shown_floor": interval(row["floor"], row["floor_low"], row["floor_high"])
            if "floor" in row
            else "",
        }
        for row in table.iter_rows(named=True)
    ]


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    """The first rows by id, which is a hash: no better than the rest."""
    return rows.sort("id").head(SAMPLES)


def _inline(svg: str) -> str:
    """The <svg> element of a file, without what comes before it."""
    return svg[svg.index("<svg") :]
