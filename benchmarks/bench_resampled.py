"""The gain that the surface names on some replicates of the demo, against the others.

`python benchmarks/bench_resampled.py [FOLDER]` prints a table of the study of bench_replicates.py
in FOLDER (default: this repository; what it lacks is made first). Every half of the replicates is a
study of its own; the truth that it is judged by is the mean gain over the other half, which errs as
well. "Best of many" is the largest mean gain as it is, which version 0.1 named.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import polars as pl
from bench_replicates import of_demo, show
from measuring import Row

from mixtura.infer.surface.table import surface_table

TITLE = "The gain named by the fitted surface, on halves of the demo's replicates"
NOTE = """\
Real trainings, so the truth is not known: errors are those of a half and of the other half, which
judges it, together. "Floor" is the error of the mean of all mixes against their mean in the other
half, the luck that all mixes share twice over: no fit of one half can be asked to be below it.
The mean of the others errs nearly as much as half an interval is wide, so that even exact ones hold
it in far less than 95 %, and the largest of such means is often not the best mix. "Halves agree"
says how often the gains that both fits name for the mix picked by one differ by no more than both
intervals allow, together. Halves of six replicates are ten pairs of the same trainings, no
independent studies, and share the test rows: all shares are rough."""


def mixes(predictions: pl.DataFrame, arms: pl.DataFrame, chosen: list[int]) -> pl.DataFrame:
    """The mixes of the surface of a study of some of the replicates."""
    some = predictions.filter(pl.col("replicate").is_in(chosen))
    table = surface_table(some, arms, pl.DataFrame())
    return table.filter(kind="mix").sort("n_real", "arm")


def rows(predictions: pl.DataFrame, arms: pl.DataFrame) -> Iterator[Row]:
    """For every number of real rows: errors of what halves name, against the other halves."""
    replicates = predictions["replicate"].unique().sort().to_list()
    named: dict[float, list[tuple[float, float, float, bool, bool, bool]]] = {}
    count = len(replicates) // 2  # of an even number
    halves = [*combinations(replicates, count)]
    surfaces = {half: mixes(predictions, arms, list(half)) for half in halves}
    for chosen, study in surfaces.items():
        others = surfaces[tuple(r for r in replicates if r not in chosen)]
        both = study.with_columns(
            truth=others["observed"],
            moved=study["gain"] - others["gain"],
            # Two errors that are independent, each as wide as its interval.
            apart=((study["high"] - study["low"]) ** 2 + (others["high"] - others["low"]) ** 2)
            ** 0.5
            / 2,
        )
        for (real,), here in both.group_by("n_real"):
            top = here.filter(pl.col("recommended").fill_null(False)).row(0, named=True)
            most = here.sort("observed").row(-1, named=True)
            named.setdefault(float(real), []).append(
                (
                    top["gain"] - top["truth"],
                    most["observed"] - most["truth"],
                    (here["observed"] - here["truth"]).mean(),
                    top["low"] <= top["truth"] <= top["high"],
                    abs(top["moved"]) <= top["apart"],
                    bool(here.sort("truth")["best"][-1]),
                )
            )
    for real, outcomes in sorted(named.items()):
        errors = np.array(outcomes)
        of_surface, best_of_many, floor = (np.square(errors[:, :3]).mean(axis=0) ** 0.5).tolist()
        yield {
            **{"real rows": f"{real:.0f}", "replicates of a study": count},
            **{"studies": len(outcomes), "mixes": both.filter(n_real=real).height},
            "RMSE of the gain named": f"{of_surface:.4f}",
            "of best of many": f"{best_of_many:.4f}",
            "ratio": f"{of_surface / best_of_many:.2f}",
            "floor": f"{floor:.4f}",
            "interval holds the others' mean": f"{errors[:, 3].mean():.1%}",
            "halves agree": f"{errors[:, 4].mean():.1%}",
            "set holds the others' best": f"{errors[:, 5].mean():.1%}",
        }


def run(quick: bool = False) -> Iterator[Row]:
    """Yield the rows, the first time after minutes in which 18 sets are generated."""
    yield from of_demo(rows, quick)


if __name__ == "__main__":
    show(rows)
