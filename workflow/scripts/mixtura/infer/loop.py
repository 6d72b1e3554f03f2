"""The table of a loop: scores, perplexity and measures of every round, beside round 0.

Round r has a model (the generator tuned on the mix of round r - 1), the set that it wrote, and the
mix that the downstream models and the next round train on. Round 0 is the untuned generator.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from mixtura.infer.influence import run_scores
from mixtura.infer.intervals import Interval, row_interval
from mixtura.infer.metrics import METRICS
from mixtura.infer.settings import Round
from mixtura.infer.tables import Collapse

Set = tuple[str, str, str]  # generator, pipeline, level
SET = ("generator", "pipeline", "level")
MEASURED = ("measure", "settings", "value", "low", "high", "n", "floor")
Row = dict[str, Any]


def collapse_table(
    rounds: Sequence[Round],
    findings: pl.DataFrame,
    diversity: pl.DataFrame,
    shift: pl.DataFrame,
    perplexity: Mapping[Set, pl.DataFrame],
) -> pl.DataFrame:
    """One row for each value of each round of each scheme, as `mixtura.infer.tables.Collapse`.

    `findings`, `diversity` and `shift` are the tables of the study; `perplexity` has for each set
    (of level R0 and pipeline loop: for the untuned generator) nll (nats) and tokens of every real
    test text.

    A score is that of a downstream model trained on the mix: its interval covers seeds and test
    items, its difference is from round 0 and paired, with the simultaneous interval, the p-value
    and the verdict of `mixtura.infer.findings.findings` against a control. The others are of one
    model and one set: their intervals cover texts, and their differences have none, for the chance
    in one chain of rounds cannot be told from an effect.
    """
    mixes = findings.filter(design="loop")
    intervals = {name: _perplexity(texts) for name, texts in perplexity.items()}
    rows: list[Row] = []
    for current in rounds:
        generator, _, _ = current.written
        mix = mixes.filter(arm=current.arm)
        likely = current.written if current.round else (generator, "loop", "R0")
        parts = [
            *_scores(mix),
            _likelihood(intervals[likely], perplexity[likely].height),
            *_measures("diversity", diversity, current.written),
            *_measures("shift", shift, current.written),
        ]
        scope = {"generator": generator, "scheme": current.scheme, "round": current.round}
        scope |= mix.select("n_real", "n_generated").row(0, named=True)
        rows += [scope | part for part in parts]
    types = Collapse.types()
    frame = pl.DataFrame([{name: row.get(name) for name in types} for row in rows], types)
    same = ["generator", "scheme", "kind", "measure", "settings", "model", "test"]
    first = pl.col("value").sort_by("round").first().over(same)
    from_first = pl.when(pl.col("round") > 0).then(pl.col("value") - first)
    return frame.with_columns(difference=pl.coalesce("difference", from_first))


def _scores(mix: pl.DataFrame) -> Iterator[Row]:
    """Scores of the downstream models on the mix, a row each model, metric and test set."""
    columns = {
        "measure": "metric",
        "difference": "control_difference",
        "difference_low": "control_simultaneous_low",
        "difference_high": "control_simultaneous_high",
        "p_simultaneous": "control_p_simultaneous",
        "verdict": "control_verdict",
        "bound": "control_bound",
    }
    table = mix.select("value", "low", "high", "n", "model", "test", **columns)
    return table.with_columns(kind=pl.lit("score")).iter_rows(named=True)


def _perplexity(texts: pl.DataFrame) -> Interval:
    metric = METRICS["perplexity"]
    numbers = texts["nll", "tokens"].to_numpy()[None]
    gold, rows = np.zeros(texts.height), np.arange(texts.height)
    return row_interval(run_scores(gold, numbers, metric, rows), metric)


def _likelihood(interval: Interval, n: int) -> Row:
    names = {"kind": "perplexity", "measure": "perplexity", "test": "test", "n": n}
    return {**names, **interval._asdict()}


def _measures(kind: str, panel: pl.DataFrame, written: Set) -> Iterator[Row]:
    """The measures of the set of a round; "model" is the embedder."""
    rows = panel.filter(**dict(zip(SET, written, strict=True)))
    names = [name for name in MEASURED if name in rows.columns]
    table = rows.select(*names, kind=pl.lit(kind), model="embedder")
    return table.iter_rows(named=True)
