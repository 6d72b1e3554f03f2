"""What could this study have seen?"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.rows import HypothesisRow, not_testable
from mixtura.infer.parts import unique_comparisons

UNIT = ("model", "metric", "test")


def detectable(findings: pl.DataFrame) -> Iterator[HypothesisRow]:
    """The smallest true difference to real data alone that a study like this shows in 80 %."""
    compared = unique_comparisons(findings).filter(pl.col("difference").is_not_null())
    for (model, metric, test), part in compared.group_by(UNIT, maintain_order=True):
        seeds = int(part["seeds"].to_numpy().min())
        scope = {"model": model, "metric": metric, "test": test, "n": part["n"][0], "seeds": seeds}
        scope |= {"hypothesis": "power", "family": "power"}
        least = part["detectable"].drop_nulls()
        if least.is_empty():
            lacking = not_testable("2 replicates or trainings that differ", seeds)
            yield HypothesisRow(**scope, **lacking)
            continue
        yield HypothesisRow(
            **scope,
            method="80 % power",
            x=f"{least.len()} comparisons together, the median of them",
            quantity="smallest difference that is shown",
            estimate=float(np.median(least.to_numpy())),
        )
