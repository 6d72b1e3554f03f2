"""Charts of the report: Vega-Lite by altair, drawn in the page, without a network."""

import json
from typing import Any

import altair as alt
import polars as pl
import vl_convert

from mixtura.core.wording import measure_name
from mixtura.infer.verdicts import GAIN, LOSS
from mixtura.tell.matrix import SIGNS, panels
from mixtura.tell.verdicts import ends

Spec = dict[str, Any]
CELL = 56  # pixels
# Blue gains, orange loses: apart for every kind of colour vision, on light and on dark.
SCHEME = "blueorange"
SHOWN = (GAIN, LOSS)  # cells with a frame


def vega() -> str:
    """JavaScript of Vega, Vega-Lite and vega-embed, which needs no network: it sets `vegaEmbed`."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def gain_charts(cells: pl.DataFrame) -> list[tuple[str, Spec]]:
    """(title, spec) of a chart of each panel of the cells (`gain_cells`), all on one scale."""
    most = max(cells["difference"].abs().drop_nulls().to_list(), default=0.0) or 1.0
    return [(title, _gain_chart(part, most)) for title, part in panels(cells)]


def _gain_chart(cells: pl.DataFrame, most: float) -> Spec:
    rows = [
        {
            "generated": row["n_generated"],
            "real": row["alone"],
            "gain": row["difference"],
            "better": row["better"],
            "interval": ends(row["simultaneous_low"], row["simultaneous_high"]),
            "state": row["state"],
            "sign": SIGNS[row["state"]],
        }
        for row in cells.iter_rows(named=True)
    ]
    across, down = cells["n_generated"].n_unique(), cells["alone"].n_unique()
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("generated:O", title="generated rows", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("real:O", title="real rows"),
        tooltip=[
            alt.Tooltip("real:O", title="real rows"),
            alt.Tooltip("generated:O", title="generated rows"),
            alt.Tooltip("gain:Q", title="gain", format="+.3f"),
            alt.Tooltip("interval:N", title="all hold together"),
            alt.Tooltip("state:N", title="says"),
        ],
    )
    colour = alt.Scale(scheme=SCHEME, domain=[-most, most], reverse=True)
    squares = base.mark_rect(stroke="#999", strokeWidth=0.5).encode(
        color=alt.Color("better:Q", scale=colour, legend=None)
    )
    shown = alt.FieldOneOfPredicate(field="state", oneOf=list(SHOWN))
    frames = base.mark_rect(filled=False, stroke="#111", strokeWidth=2.5).transform_filter(shown)
    strong = f"abs(datum.gain) > {0.6 * most}"
    ink = alt.condition(strong, alt.value("#fff"), alt.value("#111"))
    words = base.mark_text(baseline="bottom", fontSize=11).encode(
        text=alt.Text("gain:Q", format="+.2f"), color=ink
    )
    signs = base.mark_text(baseline="top", dy=2, fontSize=12, fontWeight="bold").encode(
        text="sign:N", color=ink
    )
    chart = (squares + frames + words + signs).properties(
        width=CELL * across, height=CELL * 0.7 * down
    )
    return _spec(chart)


def pools_chart(table: pl.DataFrame) -> Spec | None:
    """Values of a panel by level, a point for each pool; the measure is chosen. None without any.

    `table` is `Diversity` or `Shift`; of a shift z is drawn, 0 being the noise floor.
    """
    value = "z" if "z" in table.columns else "value"
    known = table.drop_nulls(value)
    if known.is_empty():
        return None
    rows = [
        {
            "measure": measure_name(row["measure"], row["settings"]),
            "level": row["level"],
            "source": f"{row['generator']}, {row['pipeline']}",
            "pool": f"replicate {row['replicate']}, generator saw {row['shown']}",
            "value": row[value],
        }
        for row in known.iter_rows(named=True)
    ]
    names = list(dict.fromkeys(row["measure"] for row in rows))
    first = next((name for name in names if name.startswith("vendi_score")), names[0])
    choice = alt.param(
        name="measure", value=first, bind=alt.binding_select(options=names, name="measure ")
    )
    title = "standard deviations above the noise floor" if value == "z" else "value at equal n"
    base = alt.Chart(alt.Data(values=rows)).transform_filter("datum.measure == measure")
    points = base.mark_point(filled=True, size=60, opacity=0.75).encode(
        x=alt.X("level:N", title="designed level", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=value == "z")),
        color=alt.Color("source:N", title=None, legend=alt.Legend(orient="bottom", columns=1)),
        shape=alt.Shape("source:N"),
        xOffset=alt.XOffset("source:N"),
        tooltip=["source:N", "level:N", "pool:N", alt.Tooltip("value:Q", format=".3f")],
    )
    return _spec(points.add_params(choice).properties(width=260, height=200))


def _spec(chart: Any) -> Spec:
    """A spec of plain data."""
    spec: Spec = json.loads(chart.to_json(validate=True))
    return spec
