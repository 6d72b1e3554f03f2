"""`mixtura fit` on the scores of a sweep of known truth."""

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from mixtura.cli.app import app
from mixtura.core.tables import check
from mixtura.infer.surface.tables import Surface


def run(*arguments):
    return CliRunner().invoke(app, ["fit", *map(str, arguments)])


def sweep(replicates=6, seeds=2):
    """Scores that peak at D2, with 120 of 40 and 120 generated rows; of two numbers of labels."""
    rng = np.random.default_rng(0)
    rows = []
    for replicate in range(replicates):
        for real in (16, 64):
            luck = 0.01 * rng.standard_normal()
            for generated, level in [(0, ""), *((n, f"D{k}") for n in (40, 120) for k in range(5))]:
                peak = 0.2 - 0.03 * (int(level[1:]) - 2) ** 2 if level else 0
                gain = peak * 16 / real * (1 if generated == 120 else 0.6)
                rows += [
                    {
                        **{"Replicate": replicate, "seed": seed, "n_real": real},
                        **{"synthetic": generated, "level": level},
                        "accuracy": 0.6 + luck + gain + 0.01 * rng.standard_normal(),
                    }
                    for seed in range(seeds)
                ]
    return pl.DataFrame(rows)


def test_a_sweep_is_answered_and_written(tmp_path):
    file, output = tmp_path / "scores.csv", tmp_path / "surface.parquet"
    sweep().write_csv(file)
    result = run(file, "--output", output)
    assert result.exit_code == 0, result.output
    assert "all, 16 real rows: use level at D2 with 120 generated rows added" in result.output
    assert "new draws of the data" in result.output and "real 'n_real'" in result.output
    table = pl.read_parquet(output)
    check(table, "surface", Surface)
    best = table.filter(pl.col("recommended")).sort("n_real")
    assert best["n_real"].to_list() == [16, 64] and best["level"][0] == "D2"
    assert best["gain"][0] == pytest.approx(0.2, abs=0.03)
    assert best["low"][0] < 0.2 < best["high"][0]


def test_a_loss_is_better_when_lower_and_seeds_are_units_without_replicates(tmp_path):
    file, output = tmp_path / "scores.csv", tmp_path / "answer.md"
    table = sweep(1, 5).rename({"accuracy": "loss"}).with_columns(loss=1 - pl.col("loss"))
    table.drop("Replicate").write_csv(file)
    result = run(file, "--score", "loss", "--lower", "--output", output)
    assert result.exit_code == 0, result.output
    assert "use level at D2" in output.read_text() and "new seeds of this draw" in result.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop("accuracy"), "no column of score, such as 'score'; name it by --score"),
        (
            lambda t: t.with_columns(level=pl.lit("high")),
            "column 'level', row 3: 'high' is no number",
        ),
        (lambda t: t.filter(pl.col("synthetic") > 0), "rows of real data alone"),
        (
            lambda t: t.filter((pl.col("synthetic") > 0) | (pl.col("n_real") == 16)),
            "no row of real data alone for the mix of 64 real and 40 generated rows",
        ),
        (lambda t: t.filter(Replicate=0), "needs 2 replicates or seeds"),
    ],
)
def test_what_cannot_be_fitted_is_said(tmp_path, change, words):
    file = tmp_path / "scores.csv"
    change(sweep()).write_csv(file)
    result = run(file)
    assert result.exit_code == 1 and words in result.output
