"""Surfaces on studies of known truth: the gain named, the region, the set of the best."""

import runpy
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mixtura.core.tables import check
from mixtura.infer import fit_surface
from mixtura.infer.surface.best import may_be_best
from mixtura.infer.surface.fit import FittedSurface
from mixtura.infer.surface.table import (
    NO_SHAPE,
    ONE_LEVEL,
    SHAPE,
    Fit,
    curve,
    surface_rows,
    surface_table,
)
from mixtura.infer.surface.tables import Surface
from mixtura.infer.verdicts import GAIN

BENCH = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/bench_stats.py"))
LEVELS = np.tile(np.arange(7.0), 2)
GENERATED, REAL = np.repeat([48.0, 96.0], 7), np.full(14, 16.0)


def drawn(truth: np.ndarray, rng: np.random.Generator, replicates: int = 6) -> np.ndarray:
    """Gains (replicates, 14) with luck of the baseline and of each mix."""
    luck = 0.02 * rng.standard_normal((replicates, 1))
    return np.asarray(truth + luck + 0.04 * rng.standard_normal((replicates, 14)))


def fitted(truth: np.ndarray, seed: int = 0) -> FittedSurface:
    return fit_surface(drawn(truth, np.random.default_rng(seed)), LEVELS, GENERATED, REAL)


@pytest.mark.workflow
def test_the_gain_named_is_nearer_to_the_truth_than_the_best_of_many() -> None:
    truth = np.full(14, 0.02)
    named, best = [], []
    for seed in range(12):
        surface = fitted(truth, seed)
        top, most = surface.recommended, surface.observed.argmax()
        named.append(surface.gains[top] - truth[top])
        best.append(surface.observed[most] - truth[most])
        assert surface.ends[0, top] < surface.gains[top] < surface.ends[1, top]
    assert np.mean(np.square(named)) < np.mean(np.square(best)) / 2


def test_a_peak_has_a_shape_and_its_region_leaves_the_ends_out() -> None:
    surface = fitted(0.2 - 0.2 * ((LEVELS - 3) / 3) ** 2)
    best, region = surface.best()
    inside = surface.grid[region, 0]
    assert surface.shape
    assert 0 < inside.min() <= 3 <= inside.max() < 6
    assert best[LEVELS == 3].any() and not best[LEVELS == 0].any() and not best[LEVELS == 6].any()


def test_where_nothing_varies_no_shape_is_shown_and_every_mix_may_be_best() -> None:
    surface = fitted(np.full(14, 0.05))
    assert not surface.shape
    assert surface.best()[0].sum() > 10
    assert abs(surface.gains - 0.05).max() < 0.03


def test_one_mix_may_stand_out() -> None:
    truth = 0.3 * ((LEVELS == 3) & (GENERATED == 96))
    surface = fitted(truth)
    best, region = surface.best()
    assert surface.posterior.spike[10] > 0.9 and best.tolist() == (truth > 0).tolist()
    assert not region.any()


def test_mixes_of_one_set_are_no_independent_witnesses() -> None:
    rng = np.random.default_rng(3)
    sets = np.tile(np.arange(7), 2)
    luck = 0.05 * rng.standard_normal((40, 7))[:, sets]
    surface = fit_surface(luck + 0.001 * rng.standard_normal((40, 14)), LEVELS, GENERATED, REAL)
    assert np.diff(surface.ends, axis=0).min() > 0.005  # as 7 sets say, not as 14 mixes


def test_a_missing_replicate_makes_no_mix_surer() -> None:
    gains = drawn(np.zeros(14), np.random.default_rng(1))
    gains[1:, 4] = np.nan
    surface = fit_surface(gains, LEVELS, GENERATED, REAL)
    widths = np.diff(surface.ends, axis=0)[0]
    assert widths[4] >= 0.95 * np.median(widths)


def test_the_best_of_two_equal_values_is_not_known() -> None:
    draws = np.random.default_rng(0).standard_normal((2000, 3)) * 0.01 + [0.1, 0.1, 0.0]
    assert may_be_best(draws, 0.95).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gains": np.zeros(14)}, r"gains must be \(replicates, K\)"),
        ({"gains": np.zeros((1, 14))}, "2 replicates or more, or the influence"),
        ({"gains": np.full((3, 14), np.nan)}, "a gain in one replicate"),
        ({"diversity": np.full(14, np.nan)}, "no missing numbers"),
        ({"generated": np.zeros(14)}, "every mix needs generated rows"),
        ({"real": np.repeat([16.0, 64.0], 7)}, "fit each number by itself"),
    ],
)
def test_bad_input_is_refused(change: dict[str, np.ndarray], words: str) -> None:
    good = {"gains": np.zeros((3, 14)), "diversity": LEVELS, "generated": GENERATED, "real": REAL}
    with pytest.raises(ValueError, match=words):
        fit_surface(**(good | change))


def predictions(truth: str, real: int, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions and arms of a simulated study with so many real rows."""
    gains, control = BENCH["TRUTHS"][truth]
    runs = BENCH["runs"](np.random.default_rng(seed), gains * 16 / real, control, 5)
    frames = [
        pl.DataFrame(
            {
                "arm": f"{arm} {real}",
                **{"model": model, "replicate": replicate, "seed": number, "id": run.ids},
                **{"gold": run.gold, "predicted": run.predicted[place]},
            }
        )
        for (arm, model), run in runs.items()
        for place, (replicate, number) in enumerate(run.places)
    ]
    names = pl.col("arm", "baseline", "control") + f" {real}"
    return pl.concat(frames), BENCH["ARMS"].with_columns(names, n_real=pl.lit(real))


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    studies = [predictions("inverted U", real) for real in (16, 64)]
    return surface_table(*map(pl.concat, zip(*studies, strict=True)), pl.DataFrame())


def test_the_table_is_as_its_schema_and_names_a_mix_at_every_number_of_real_rows(
    table: pl.DataFrame,
) -> None:
    check(table, "surface", Surface)
    counts = dict(table.group_by("kind").len().iter_rows())
    assert counts == {"mix": 28, "peak": 2, "surface": 450, "real rows": 41, "limit": 1}
    named = table.filter(pl.col("recommended")).sort("n_real")
    assert named["n_real"].to_list() == [16, 64]
    assert set(named["level"]) <= {"D2", "D3", "D4"} and named["verdict"][0] == GAIN
    assert named["loss"].to_list() == [0, 0] and named["best"].all()
    assert (named["control_low"] < named["control_gain"]).all()
    peak = table.filter(kind="peak")
    assert set(peak["verdict"]) == {SHAPE} and set(table["form"]) == {"added"}
    assert (peak["diversity_low"] <= 3).all() and (peak["diversity_high"] >= 3).all()
    assert (peak["n_generated_high"] <= 96).all()


def test_the_gain_shrinks_with_real_rows_until_it_is_below_a_size(table: pl.DataFrame) -> None:
    line = table.filter(kind="real rows")
    assert line["n_real"][0] == pytest.approx(16) and line["n_real"][-1] == pytest.approx(64)
    named = table.filter(pl.col("recommended")).sort("n_real")
    for name in ("gain", "low", "high"):
        assert line[name].gather([0, -1]).to_list() == pytest.approx(named[name].to_list())
    assert line["gain"][0] > line["gain"][-1]


def named(real: float, gain: float) -> dict[str, float]:
    of = {"n_real": real, "n_generated": 4 * real, "diversity": 1.0, "replicates": 3}
    return of | {"gain": gain, "low": gain - 0.02, "high": gain + 0.02}


def test_the_limit_is_where_the_curve_and_its_band_go_below_the_size() -> None:
    # Over log2(real) the gain falls by 2 points a step from 6 at 16 real rows.
    rows = [named(real, gain) for real, gain in ((64.0, 0.02), (16.0, 0.06), (32.0, 0.04))]
    *line, limit = curve(rows, 0.03)
    assert [row["n_generated"] for row in line][::20] == pytest.approx([64, 128, 256])
    step = 4 ** (1 / (len(line) - 1))  # the grid
    at = {"n_real_low": 2**0.5, "n_real": 2**1.5}
    for name, ratio in at.items():
        assert 16 * ratio <= limit[name] <= 16 * ratio * step * 1.001
    assert limit["n_real_high"] is None and limit["gain"] == 0.03
    assert [*curve(rows[:1], 0.03)] == []
    *_, never = curve([named(16, 0.09), named(64, 0.08)], 0.03)
    assert [never[n] for n in ("n_real_low", "n_real", "n_real_high")] == [None, None, None]
    *_, always = curve([named(16, -0.05), named(64, -0.08)], 0.03)
    assert always["n_real_low"] is None and always["n_real"] == always["n_real_high"]
    assert always["n_real"] == pytest.approx(16)


def test_a_metric_that_is_better_when_lower_gains_where_it_falls() -> None:
    rows, arms = predictions("inverted U", 16)
    loss = pl.when(pl.col("gold") == pl.col("predicted")).then(0.2).otherwise(1.6)
    table = surface_table(rows.with_columns(log_loss=loss), arms, pl.DataFrame(), "log_loss")
    assert table.filter(pl.col("recommended"))["gain"][0] > 0


def test_measured_diversity_is_the_axis_where_every_set_has_it() -> None:
    rows, arms = predictions("null", 16)
    row = arms.filter(pl.col("level").is_null() | (pl.col("level") == "D0"))
    rows = rows.filter(pl.col("arm").is_in(row["arm"].implode()))
    panel = pl.DataFrame(
        {
            **{"generator": "writer", "pipeline": "topic", "level": "D0", "replicate": [0, 1]},
            **{"embedder": "minilm", "measure": "vendi_score", "settings": '{"q": 1.0}'},
            "value": [7.0, 9.0],
        }
    )
    table = surface_table(rows, row, panel)
    assert set(table["axis"]) == {"log vendi_score (q 1.0)"}
    assert table.filter(kind="mix")["diversity"].to_list() == pytest.approx([np.log(8)] * 2)
    assert table.filter(kind="peak")["verdict"].to_list() == [ONE_LEVEL]


def test_flat_studies_have_no_shape() -> None:
    table = surface_table(*predictions("equal", 16, seed=4), pl.DataFrame())
    assert table.filter(kind="peak")["verdict"].to_list() == [NO_SHAPE]


def test_a_study_without_mixes_has_an_empty_table() -> None:
    rows, arms = predictions("null", 16)
    alone = arms.filter(pl.col("level").is_null())
    rows = rows.filter(pl.col("arm").is_in(alone["arm"].implode()))
    table = surface_table(rows, alone, pl.DataFrame())
    check(table, "surface", Surface)
    assert table.is_empty()


def test_more_rows_than_were_tried_have_a_row_of_their_own() -> None:
    rows = np.repeat([8.0, 16.0, 32.0, 64.0, 128.0], 2)
    level = np.tile([0.0, 1.0], 5)
    gains = (0.05 + 0.05 * level) * (1 - (1 + rows / 16) ** -0.5)
    luck = 1e-4 * np.random.default_rng(0).standard_normal((4, 10))
    mixes = pl.DataFrame({"n_generated": rows, "diversity": level}).with_columns(
        n_real=pl.lit(16.0), alone=pl.lit(16.0), form=pl.lit("added"), arm=pl.lit("arm")
    )
    mixes = mixes.with_columns(level="D" + pl.col("diversity").cast(pl.Int64).cast(pl.String))
    surface = fit_surface(gains + luck, level, rows, np.full(10, 16.0))
    fit = Fit(mixes, surface, np.zeros(10, bool), None, 4)
    (row,) = (row for row in surface_rows(fit) if row["kind"] == "beyond")
    assert (row["n_generated"], row["diversity"], row["n_real"]) == (256, 1, 16)
    assert row["gain"] == pytest.approx(0.1 * (1 - 17**-0.5), abs=1e-3)
    assert row["law"] == "power law in all rows" and abs(row["law_error"]) < 1e-3
    replaced = fit._replace(mixes=mixes.with_columns(form=pl.lit("replaced")))
    assert "beyond" not in {row["kind"] for row in surface_rows(replaced)}


def test_the_intervals_of_few_sets_are_alike_whatever_is_drawn() -> None:
    level, rows = np.tile([0.0, 3.0, 6.0], 2), np.repeat([16.0, 48.0], 3)
    gains = 0.04 + 0.05 * np.random.default_rng(5).standard_normal((4, 6))
    widths = [
        np.diff(fit_surface(gains, level, rows, np.full(6, 8.0), seed=seed).ends, axis=0)
        for seed in range(6)
    ]
    assert np.std(widths, axis=0).max() < 0.05 * np.mean(widths)
