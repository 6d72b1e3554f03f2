"""Whether intervals hold for the next person: replicates of the demo against each other.

`python benchmarks/bench_replicates.py [FOLDER]` prints a table of the study `demo-replicates` in
FOLDER (default: this repository): the demo with `REPLICATES` of them, half its generated rows and
the probe alone. What it lacks is made first. Every choice of some replicates is a study of its own,
through the function that the rule `findings` calls; its intervals should hold what the other
replicates measured on average. That mean of a few draws errs too, so that even exact intervals hold
it in less than 95 %. All share the test rows and err together there.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import polars as pl
import yaml
from bench_plan import ROOT, timed
from measuring import Row, Skipped
from scipy import stats

from mixtura.core.tables import read_table
from mixtura.infer.findings import findings
from mixtura.infer.tables import Arms, ItemPredictions

Rows = Callable[[pl.DataFrame, pl.DataFrame], Iterator[Row]]

TITLE = "Intervals of the demo's probe against its other replicates"
STUDY, REPLICATES, ROWS = "demo-replicates", 6, 24  # rows of a generated set
COMPARISON = ("arm", "baseline")
TARGETS = {1: "none: it says that it is for its draw alone", 2: "at least 93 %"}


def demo(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predictions of its probe, and arms; a study of its own, so that the demo stays as it is."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
    config |= {"study": STUDY, "replicates": REPLICATES}
    config["downstream"] = {"probe": config["downstream"]["probe"]}
    config["generate"] |= {"n": ROWS, "shard": 30}
    config["designs"]["grid"] = {"generated": [ROWS // 3, ROWS]}
    tables = f"results/{STUDY}/tables"
    with tempfile.TemporaryDirectory() as name:
        study = Path(name, "config.yaml")
        study.write_text(yaml.safe_dump(config), "utf-8")
        command = ["-m", "snakemake", "--configfile", str(study), "--directory", str(folder)]
        command += ["--profile", "profiles/local", f"{tables}/predictions.parquet"]
        timed([*command, f"{tables}/arms.parquet"])
    predictions = read_table(folder / tables / "predictions.parquet", ItemPredictions)
    return predictions, read_table(folder / tables / "arms.parquet", Arms)


def differences(predictions: pl.DataFrame, arms: pl.DataFrame, chosen: list[int]) -> pl.DataFrame:
    """The comparisons of a study of some of the replicates."""
    some = predictions.filter(pl.col("replicate").is_in(chosen))
    compared = findings(some, arms, ["accuracy"]).filter(pl.col("baseline").is_not_null())
    return compared.sort(COMPARISON)


def exact(count: int, others: int) -> float:
    """How often a 95 % interval of t over so many replicates holds the mean of the others."""
    half = stats.t.ppf(0.975, count - 1) / count**0.5
    return float(2 * stats.t.cdf(half / (1 / count + 1 / others) ** 0.5, count - 1) - 1)


def rows(predictions: pl.DataFrame, arms: pl.DataFrame) -> Iterator[Row]:
    """Of studies of one replicate, of two and so on: how often their intervals hold the others."""
    replicates = predictions["replicate"].unique().sort().to_list()
    for count in range(1, len(replicates)):
        alone: list[bool] = []
        together: list[bool] = []
        widths: list[float] = []
        for chosen in combinations(replicates, count):
            others = [replicate for replicate in replicates if replicate not in chosen]
            study = differences(predictions, arms, list(chosen))
            truth = differences(predictions, arms, others)["difference"]
            alone += truth.is_between(study["difference_low"], study["difference_high"]).to_list()
            held = truth.is_between(study["simultaneous_low"], study["simultaneous_high"])
            together += held.to_list()
            widths += (study["difference_high"] - study["difference_low"]).to_list()
        yield {
            "replicates of the study": count,
            "other replicates": len(others),
            "intervals": len(alone),
            "hold the others' mean": f"{sum(alone) / len(alone):.1%}",
            "exact ones would": f"{exact(count, len(others)):.1%}" if count > 1 else None,
            "simultaneous ones hold it": f"{sum(together) / len(together):.1%}",
            "mean width": sum(widths) / len(widths),
            "target": TARGETS.get(count),
        }


def run(quick: bool = False) -> Iterator[Row]:
    """Yield the rows, the first time after minutes in which 18 sets are generated."""
    yield from of_demo(rows, quick)


def of_demo(rows: Rows, quick: bool) -> Iterator[Row]:
    """Yield rows of the study in this repository."""
    if quick:
        raise Skipped("generates text for minutes")
    yield from rows(*demo(ROOT))


def show(rows: Rows) -> None:
    """Print rows of the study in the folder that the command line names."""
    for row in rows(*demo(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)):
        print(" | ".join(map(str, row.values())), flush=True)


if __name__ == "__main__":
    show(rows)
