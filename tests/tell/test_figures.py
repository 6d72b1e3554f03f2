"""Figures: the numbers behind them, and that all are drawn from two levels up."""

import functools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mixtura.tell import figures
from mixtura.tell.captions import CAPTIONS
from mixtura.tell.figures import ranks, sets
from mixtura.tell.settings import FigureSettings
from studies import collapse, curation, flat, generation, power, study, surface

STYLE = FigureSettings()
ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(0)


def scores(levels: int, measures: dict[str, list[float]], **more: float) -> pl.DataFrame:
    """A table of measures, one value a level."""
    rows = [
        {
            "generator": "g",
            "pipeline": "topic",
            "level": f"D{level}",
            "embedder": "e",
            "measure": name,
            "settings": "{}",
            "n": 9,
            "repeats": 2,
            "value": values[level],
            "low": values[level] - 0.1,
            "high": values[level] + 0.1,
            **more,
        }
        for name, values in measures.items()
        for level in range(levels)
    ]
    return pl.DataFrame(rows)


@functools.cache
def tables(levels: int) -> dict[str, pl.DataFrame]:
    """Tables of a study in which `vendi` rises with the level, `falls` falls, `flat` is flat."""
    measures = {
        "vendi": [1.0, 2, 4, 5, 6, 7, 9],
        "falls": [9.0, 8, 7, 5, 4, 3, 1],
        "flat": [1.0] * 7,
    }
    findings = [
        {
            "design": design,
            "pipeline": "topic",
            "generator": "g",
            "level": level,
            "n_real": 0 if design == "level" else 8,
            "n_generated": 0 if level is None else 8,
            "model": "m",
            "metric": "accuracy",
            "test": "test",
            "arm": f"{design}{level}",
            "baseline": None if level is None else "real-onlyNone",
            "verdict": None if level is None else "too small to tell",
            "difference": None if level is None else 0.1,
            "difference_low": None if level is None else 0.0,
            "difference_high": None if level is None else 0.2,
            "value": 0.5,
            "low": 0.4,
            "high": 0.6,
        }
        for design, level in [
            ("real-only", None),
            *((design, f"D{i}") for design in ("level", "mix-add") for i in range(levels)),
        ]
    ]
    vectors = RANDOM.normal(size=(20 * levels, 5)).astype(np.float32)
    generated = pl.DataFrame(
        {
            "id": [f"{i:03}" for i in range(20 * levels)],
            "generator": "g",
            "pipeline": "topic",
            "level": [f"D{i // 20}" for i in range(20 * levels)],
            "embedding": pl.Series(vectors, dtype=pl.Array(pl.Float32, 5)),
        }
    )
    return {
        "findings": pl.DataFrame(findings, infer_schema_length=None),
        "surface": surface(levels),
        "diversity": scores(levels, measures),
        "shift": scores(levels, {"mmd": [0.0, 3, 1, 4, 5, 6, 7]}, floor=0.2, p_value=0.5),
        "reference": pl.DataFrame({"embedding": generated["embedding"].head(10)}),
        "generated": generated,
        "curation": curation(levels, ("topic",)).with_columns(generator=pl.lit("g")),
        "generation": generation(levels, ("topic",)).with_columns(generator=pl.lit("g")),
        "collapse": collapse(),
        "power": power(),
    }


def test_every_figure_is_planned_and_explained() -> None:
    assert tuple(figures.FIGURES) == tuple(CAPTIONS)


@pytest.mark.workflow
@pytest.mark.parametrize("levels", [1, 2, 3, 7])
@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_is_drawn_and_repeats(name: str, levels: int, tmp_path: Any) -> None:
    data_of = tables(levels)
    pages = []
    for place in range(2):
        path = tmp_path / f"{place}.svg"
        figure = figures.draw(name, data_of, STYLE)
        figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]


def test_every_figure_has_a_caption_for_snakemakes_report() -> None:
    folder = ROOT / "workflow/report/captions"
    text = {file.stem: file.read_text().strip() for file in folder.iterdir()}
    assert text == {name: ". ".join(words) for name, words in CAPTIONS.items()}


def test_the_funnel_adds_up_to_what_was_generated() -> None:
    figure = figures.draw("curation-funnel", tables(3), STYLE)
    ends: dict[float, float] = {}
    for bar in figure.axes[0].patches:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0), bar.get_x() + bar.get_width())
    assert list(ends.values()) == [250] * 3
    assert figure.axes[0].patches[0].get_width() == 192


def test_the_map_of_gains_shows_the_mean_gain_of_every_cell() -> None:
    data_of = study(flat, real=(16, 64), ratios=(1, 2), levels=1, pipelines=("topic",), items=80)
    more = pl.col("baseline").replace("real64", "real192")  # a comparison that is not shown
    fixed = (
        data_of["findings"].filter(n_real=64, n_generated=128).with_columns(more, difference=-0.5)
    )
    data_of["findings"] = pl.concat([data_of["findings"], fixed])
    figure = figures.draw("gain-map", data_of, STYLE)
    cells = figure.axes[0].images[0].get_array()
    assert cells.shape == (2, 4)  # 16, 32, 64 and 128 generated rows
    result = data_of["findings"].filter(n_real=64, n_generated=128)["difference"][0]
    assert cells[1, 3] == pytest.approx(result) and cells[0, 3] is np.ma.masked


def test_a_cheap_and_a_dear_set_stand_apart() -> None:
    figure = figures.draw("cost-by-gain", tables(2), STYLE)
    at = sorted(
        float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "o"
    )
    # 8 of 200 rows at 1 and at 2 CPU hours a set, each in two designs
    assert at == pytest.approx([0.04, 0.08])
    assert "CPU hours" in figure.axes[0].get_xlabel()


def test_a_loop_is_drawn_by_its_scores_on_the_test_set_of_the_task() -> None:
    table = collapse()
    other = table.filter(kind="score").with_columns(test=pl.lit("another"))
    alone, both = (
        figures.draw("collapse", tables(2) | {"collapse": frame}, STYLE)
        for frame in (table, pl.concat([table, other]))
    )
    metric = table.filter(kind="score")["measure"][0]
    titles = [axes.get_title() for axes in alone.axes]
    assert (
        sum(title.startswith(metric) for title in titles)
        == table.filter(kind="score")["model"].n_unique()
    )
    lines = [[len(axes.lines) for axes in figure.axes] for figure in (alone, both)]
    assert lines[0] == lines[1] and titles == [axes.get_title() for axes in both.axes]


def test_agreement_with_the_level_by_hand() -> None:
    data_of = tables(7)
    result = ranks.level_agreement(data_of["diversity"], data_of["shift"])
    rho = dict(result.select("name", "rho").iter_rows())
    # mmd: ranks 1 3 2 4 5 6 7, so 1 - 6 * 2 / (7 * 48)
    assert rho == {"falls": -1, "flat": None, "vendi": 1, "mmd": pytest.approx(1 - 12 / 336)}
    row = result.filter(name="mmd").row(0, named=True)
    assert row["n"] == 7 and -1 < row["low"] < row["rho"] < row["high"] < 1


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        (1, "n = 1 level: no ranks"),
        (2, "n = 2 levels: chance alone always gives a perfect"),
        (3, "n = 3 levels: chance alone gives 1 measure in 3 a perfect"),
        (4, "n = 4 levels: chance alone gives 1 measure in 12 a perfect"),
    ],
)
def test_few_levels_are_named_as_few(levels: int, text: str) -> None:
    figure = figures.draw("rank-agreement", tables(levels), STYLE)
    assert figure.axes[0].get_title().startswith(text)
    result = ranks.level_agreement(tables(levels)["diversity"], tables(levels)["shift"])
    assert result["low"].null_count() == result.height if levels < 4 else True


def test_correlation_of_measures_by_hand() -> None:
    data_of = tables(7)
    result = ranks.measure_correlations(data_of["diversity"], data_of["shift"])
    assert result["name"].to_list() == ["vendi", "falls", "flat", "mmd"]
    assert set(result["n"]) == {7}
    vendi = result.filter(name="vendi").row(0, named=True)
    assert (vendi["vendi"], vendi["falls"]) == (pytest.approx(1), pytest.approx(-1))
    assert vendi["mmd"] == pytest.approx(1 - 12 / 336) and math.isnan(vendi["flat"])


def test_main_directions_of_known_rows() -> None:
    flat = RANDOM.normal(size=(200, 2)) * [3, 1]
    rotation = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0][:2]
    mean, directions, shares = sets.principal_axes(flat @ rotation + 5)
    assert np.allclose(mean, (flat @ rotation + 5).mean(0))
    assert shares.sum() == pytest.approx(1) and shares[0] > 0.8
    assert abs(directions[0] @ rotation[0]) > 0.99
    assert directions.max(1) == pytest.approx(np.abs(directions).max(1))


def test_the_map_does_not_depend_on_the_generated_rows() -> None:
    data_of = tables(2)
    drawn = []
    for shift in (0.0, 3.0):
        moved = data_of["generated"]["embedding"].to_numpy() + shift
        kept_rows = data_of["generated"].with_columns(
            embedding=pl.Series(moved, dtype=pl.Array(pl.Float32, 5))
        )
        figure = figures.draw("embedding-map", {**data_of, "generated": kept_rows}, STYLE)
        drawn.append([line.get_xydata() for line in figure.axes[0].lines])
    assert np.array_equal(drawn[0][0], drawn[1][0])
    assert not np.allclose(drawn[0][1], drawn[1][1])
    assert re.match(r"D0$", figure.axes[0].get_title())


def test_panels_of_shares_go_up_in_real_rows_with_their_baseline_each() -> None:
    data_of = study(flat, real=(8, 16), ratios=(1, 2), levels=2, pipelines=("topic",), items=40)
    figure = figures.draw("score-by-share", data_of, STYLE)
    assert [axes.get_title() for axes in figure.axes] == ["mix-add, 8 real", "mix-add, 16 real"]
    baselines = data_of["findings"].filter(design="real-only").sort("n_real")["value"]
    drawn = [
        float(line.get_ydata()[0])
        for axes in figure.axes
        for line in axes.lines
        if line.get_label() == "real rows alone"
    ]
    assert drawn == pytest.approx(baselines.to_list())
