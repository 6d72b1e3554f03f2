"""What the study was made to find out: its hypotheses, tested on its own tables.

docs/statistics.md says what each hypothesis is and how it is tested. The statistic is computed in
each replicate, and replicates are what it is tested over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import polars as pl

from mixtura.infer.corrections import holm
from mixtura.infer.hypotheses.gains import gains, without_copies
from mixtura.infer.hypotheses.labels import gains_by_labels
from mixtura.infer.hypotheses.lengths import gains_by_regime
from mixtura.infer.hypotheses.levels import bends
from mixtura.infer.hypotheses.measures import orders
from mixtura.infer.hypotheses.power import detectable
from mixtura.infer.hypotheses.rows import NOT_TESTABLE, ONE_REPLICATE, HypothesisRow
from mixtura.infer.hypotheses.shares import best_shares
from mixtura.infer.hypotheses.shifts import gains_by_shift
from mixtura.infer.hypotheses.sizes import slopes_by_size
from mixtura.infer.hypotheses.trends import trends
from mixtura.infer.parts import mixes_alone, of_all_mixes
from mixtura.infer.runs import test_sets
from mixtura.infer.settings import TrainingLength
from mixtura.infer.tables import Hypotheses

__all__ = ["NOT_TESTABLE", "ONE_REPLICATE", "hypotheses"]


def hypotheses(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    diversity: pl.DataFrame,
    shift: pl.DataFrame,
    findings: pl.DataFrame,
    metrics: Sequence[str] = ("accuracy",),
    sizes: Mapping[str, int] | None = None,
    lengths: Mapping[str, TrainingLength] | None = None,
    resamples: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """Test every hypothesis on every model, metric, test set and design.

    The columns are those of `mixtura.infer.tables.Hypotheses`. predictions and arms are those of
    `mixtura.infer.findings.findings`, whose result is findings; diversity and shift are the tables
    of the panels; sizes has each model's parameters, lengths its regime of training. A question
    that the study cannot ask gets one row that says what it lacks. p_holm corrects over a
    family; verdict is "supported", "opposite", "no evidence", NOT_TESTABLE or ONE_REPLICATE, and
    null for what is not tested. A metric that is better when lower enters with its sign turned.
    Mixes of a loop are left out: their levels are rounds. So are replicates that an allocation gave
    to some mixes alone.
    """
    predictions = of_all_mixes(predictions)
    if "test" not in predictions.columns:
        predictions = predictions.with_columns(test=pl.lit("test"))
    mixes = mixes_alone(arms)
    used = pl.concat([mixes["arm"], mixes["baseline"]]).drop_nulls().unique()
    predictions = predictions.filter(pl.col("arm").is_in(used.implode()))
    rows: list[HypothesisRow] = []

    def add(tests: Iterable[HypothesisRow], **scope: Any) -> None:
        rows.extend(replace(row, **scope) for row in tests)

    compared = mixes["level"].is_not_null().any()
    for test in test_sets(predictions) if compared else ():
        for metric in metrics:
            of_all = gains(predictions.filter(test=test), mixes, metric, resamples, seed)
            of_all = without_copies(of_all, [diversity, shift])
            scope = {"metric": metric, "test": test}
            for keys, part in of_all.parts(["model", "design", "rows"]):
                keys = keys | scope
                add(trends(part, diversity), **keys)
                add(bends(part, diversity), **keys)
                add(gains_by_shift(part, shift), **keys)
                add(orders(part, diversity, shift), **keys)
            for keys, part in of_all.parts(["design", "rows"]):
                add(slopes_by_size(part, diversity, sizes or {}), **keys, **scope)
            for keys, part in of_all.parts(["model"]):
                add(gains_by_labels(part), **keys, **scope)
            add(gains_by_regime(of_all, lengths or {}), **scope)
            mixed = of_all.only((pl.col("n_real") > 0) | (pl.col("design") == "mix-fixed"))
            for keys, part in mixed.parts(["model", "design", "rows"]):
                add(best_shares(part, diversity), **keys, **scope)
    add(detectable(findings))
    return _judged(pl.DataFrame([asdict(row) for row in rows], Hypotheses.types()), 1 - level)


def _judged(frame: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Correct each family, and keep the verdict of what passes."""
    tested = frame["p_value"].is_not_null() & frame["verdict"].is_not_null()
    p = frame["p_value"].fill_null(np.nan).to_numpy()
    corrected = np.full(frame.height, np.nan)
    families = frame.with_row_index("place").filter(tested)
    for places in families.group_by("family", "metric", "test").agg("place")["place"]:
        corrected[places] = holm(p[places])
    return frame.with_columns(p_holm=pl.Series(corrected).fill_nan(None)).with_columns(
        verdict=pl.when(~tested | (pl.col("p_holm") < alpha))
        .then("verdict")
        .otherwise(pl.lit("no evidence"))
    )
