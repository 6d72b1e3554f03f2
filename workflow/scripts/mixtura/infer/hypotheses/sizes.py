"""H2: does the effect of diversity depend on the size of the model?"""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from mixtura.infer.hypotheses.axes import LEVEL, axes, widest
from mixtura.infer.hypotheses.cells import cells_of, over_replicates, slope
from mixtura.infer.hypotheses.gains import SET, Gains
from mixtura.infer.hypotheses.rows import (
    NOT_TESTABLE,
    HypothesisRow,
    estimated,
    not_testable,
    row_of,
)


def slopes_by_size(
    gains: Gains, diversity: pl.DataFrame, sizes: Mapping[str, int]
) -> Iterator[HypothesisRow]:
    """The slope of each model's gain, against the logarithm of its parameters."""
    cells = cells_of(
        gains.only(pl.col("model").is_in(list(sizes))), ["model", *SET, "step", "source"]
    )
    counts = {sizes[name] for name in cells.at["model"]}
    if len(counts) < 2:
        lacking = not_testable("2 sizes of model or more", len(counts))
        yield row_of("H2", cells, x=f"{LEVEL} x size", **lacking)
        return
    if (most := widest(cells.strata("model", "source"))) < 2:
        yield row_of("H2", cells, x=f"{LEVEL} x size", **not_testable("2 levels or more", most))
        return
    for name, x, some in axes(cells, diversity):
        models = some.at["model"].unique(maintain_order=True).to_list()
        size = np.log10([sizes[model] for model in models])
        weights = (size - size.mean()) / ((size - size.mean()) ** 2).sum()
        y, strata = some.y, some.strata("source")
        try:
            slopes = [
                slope(x[:, here], y[:, here], strata[here])
                for model in models
                for here in [(some.at["model"] == model).to_numpy()]
            ]
        except ValueError as error:
            yield row_of("H2", some, x=f"{name} x size", verdict=NOT_TESTABLE, detail=str(error))
            continue
        result = over_replicates(np.tensordot(weights, np.array(slopes), 1), some)
        quantity = f"change of the gain per unit of {name}, for ten times the parameters"
        columns = estimated(result, quantity)
        yield row_of("H2", some, x=f"{name} x size", method="slope of slopes", **columns)
