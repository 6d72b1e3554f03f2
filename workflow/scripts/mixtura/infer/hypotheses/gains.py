"""Gains of mixes over real data alone: of every replicate, on the test rows and on resamples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mixtura.core.wording import measure_name
from mixtura.infer.metrics import Array, Metric, metric_of
from mixtura.infer.runs import Key, Run, runs_of

SOURCE = ("generator", "pipeline")
SET = (*SOURCE, "level")
PARTS = 3  # all test rows, and two halves of them
GROUPS = 4  # of test rows, the least that can be halved and resampled


@dataclass(frozen=True)
class Gains:
    """Gains of comparisons, a row each in `at`: the columns of the arms, model, step and share.

    y is (replicates, comparisons, PARTS, 1 + resamples), the gain on the test rows first; it is
    positive where the mix is better.
    """

    at: pl.DataFrame
    y: Array
    replicates: list[int]
    seeds: int  # the most that a run has
    groups: int  # of test rows, resampled whole
    overlap: float = 0.0  # of folds, see `mixtura.infer.runs.Run.overlap`

    def only(self, rows: pl.Expr) -> "Gains":
        """Some of the comparisons."""
        places = self.at.with_row_index("_place").filter(rows)
        at = places.drop("_place")
        return replace(self, at=at, y=self.y[:, places["_place"]])

    def parts(self, keys: list[str]) -> Iterator[tuple[dict[str, object], "Gains"]]:
        """The parts of the comparisons with equal keys, and these keys."""
        for row in self.at.select(keys).unique(maintain_order=True).iter_rows(named=True):
            yield row, self.only(pl.all_horizontal(pl.col(k).eq_missing(v) for k, v in row.items()))

    def measured(self, measure: pl.DataFrame) -> Array:
        """A measure of the text of every comparison, (replicates, comparisons); nan: none.

        measure has a row for each set and replicate. Replicates that share their text have the
        values of the one that is measured.
        """
        shown = {"shown"} & set(measure.columns) & set(self.at.columns)
        keys = [*SET, *sorted(shown)]
        several = "replicate" in measure.columns and measure["replicate"].n_unique() > 1
        columns = []
        for replicate in self.replicates:
            table = measure.filter(replicate=replicate) if several else measure
            table = table.select(*keys, pl.col("value").cast(pl.Float64))
            joined = self.at.select(keys).join(
                table, on=keys, how="left", validate="m:1", nulls_equal=True, maintain_order="left"
            )
            columns.append(joined["value"].fill_null(np.nan).to_numpy())
        return np.array(columns)


def gains(
    predictions: pl.DataFrame,
    arms: pl.DataFrame,
    metric: str,
    resamples: int = 400,
    seed: int = 0,
) -> Gains:
    """The gains of all mixes with generated text, on the predictions of one test set.

    predictions and arms are those of `mixtura.infer.findings.findings`; predictions may have
    replicate (without it there is one) and group: test rows of one group, such as the questions
    of a passage, are resampled together. Seeds are averaged inside a replicate. The gain of a
    comparison that a replicate lacks is nan. Resamples of each half of n groups spread as much as
    other test rows would: n / (n - 1) times the variance of a bootstrap. Raises ValueError where
    arms have other test rows.

    Source: rescaling bootstrap in strata, Rao and Wu 1988.
    """
    if "replicate" not in predictions.columns:
        predictions = predictions.with_columns(replicate=pl.lit(0))
    kind = metric_of(metric)
    scores = {}
    counts: Array | None = None
    overlap = next(iter(runs_of(predictions, set(kind.columns)).values())).overlap
    for replicate in predictions["replicate"].unique().sort():
        part = predictions.filter(replicate=replicate)
        runs = runs_of(part, set(kind.columns))
        if counts is None or overlap:
            ids = next(iter(runs.values())).ids
            groups = _groups(part, ids)
            counts = _row_counts(int(groups.max()) + 1, resamples, seed)
        if unequal := [key for key, run in runs.items() if run.ids != ids]:
            raise ValueError(f"arm {unequal[0][0]} has other test rows than the rest")
        scores[replicate] = _scores(runs, kind, groups, counts)
    models = predictions.select("model").unique(maintain_order=True)
    mixes = arms.filter(pl.col("level").is_not_null() & pl.col("baseline").is_not_null())
    at = mixes.join(models, how="cross", maintain_order="left_right")
    sign = -1 if kind.lower else 1
    assert counts is not None
    lacking = np.full((PARTS, resamples + 1), np.nan)
    rows = at.select("arm", "baseline", "model").rows()
    y = [
        [sign * (of.get((a, m), lacking) - of.get((b, m), lacking)) for a, b, m in rows]
        for of in scores.values()
    ]
    seeds = predictions.group_by("arm", "model", "replicate").agg(pl.col("seed").n_unique())
    values = np.reshape(y, (len(scores), at.height, PARTS, resamples + 1))
    half = counts.shape[-1] // 2
    values = values[..., :1] + (values - values[..., :1]) * np.sqrt(half / (half - 1))
    most = int(seeds["seed"].to_numpy().max())
    return Gains(_described(at), values, [*scores], most, counts.shape[-1], overlap)


def _described(at: pl.DataFrame) -> pl.DataFrame:
    """Comparisons with columns rows (which mixes), share, step (level) and source."""
    real, generated = pl.col("n_real"), pl.col("n_generated")
    mixes = (
        pl.when(pl.col("design") == "mix-fixed")
        .then(pl.format("{} in all", real + generated))
        .when(real == 0)
        .then(pl.lit("generated alone"))
        .otherwise(pl.format("{} real", real))
    )
    return at.with_columns(
        rows=mixes,
        share=generated / (generated + real),
        step=pl.col("level").str.strip_prefix("D").cast(pl.Float64),
        source=pl.format("{} {}", *SOURCE),
    )


def _groups(predictions: pl.DataFrame, ids: list[str]) -> Array:
    """The number of the group of every test row; a row without one is its own."""
    if "group" not in predictions.columns:
        return np.arange(len(ids))
    rows = predictions.select(pl.col("id", "group").cast(pl.String)).unique("id").sort("id")
    alone = pl.format("row {}", "id")
    names = rows.select(pl.coalesce(pl.format("group {}", "group"), alone).rank("dense") - 1)
    return names.to_series().to_numpy().astype(int)


def _row_counts(groups: int, resamples: int, seed: int) -> Array:
    """How often each group counts: (halves, 1 + resamples, groups), as they are first.

    Each half is resampled by itself, so that both together are a resample of all.
    """
    if groups < GROUPS:
        raise ValueError(f"hypotheses need {GROUPS} test rows or groups of them, not {groups}")
    rng = np.random.default_rng(seed)
    halves = np.array_split(rng.permutation(groups), 2)
    counts = np.zeros((2, resamples + 1, groups), dtype=np.float32)
    for count, half in zip(counts, halves, strict=True):
        count[0, half] = 1
        draws = rng.choice(half, size=(resamples, half.size))
        np.add.at(count, (np.arange(1, resamples + 1)[:, None], draws), 1)
    return counts


def _scores(
    runs: Mapping[Key, Run], metric: Metric, groups: Array, counts: Array
) -> dict[Key, Array]:
    """The mean score over seeds of every run, (PARTS, 1 + resamples)."""
    scores = {}
    one_each = groups.size == counts.shape[-1]
    for key, run in runs.items():
        predicted = run.predicted
        if metric.columns:
            predicted = np.stack([run.numbers[column] for column in metric.columns], axis=-1)
        parts = metric.parts(run.gold, predicted).astype(np.float32)
        seeds, items, k = parts.shape
        flat = parts.transpose(1, 0, 2).reshape(items, seeds * k)
        if one_each:
            flat = flat[np.argsort(groups)]
        else:
            sums = np.zeros((counts.shape[-1], flat.shape[1]), dtype=np.float32)
            np.add.at(sums, groups, flat)
            flat = sums
        halves = (counts @ flat).astype(float)
        of_parts = np.concatenate([halves.sum(axis=0)[None], halves])
        values = metric.value(of_parts.reshape(*of_parts.shape[:2], seeds, k))
        scores[key] = values.mean(axis=-1)
    return scores


def without_copies(gains: Gains, panels: list[pl.DataFrame]) -> Gains:
    """The gains without the sets that hold the text of an earlier one, which counts once.

    A pipeline may take a set of another whole, as paraphrases do that replace no row. All measures
    of such sets are equal to the last digit.
    """
    measures = [table for panel in panels for _, table in measures_of(panel)]
    if not measures:
        return gains
    signatures = np.concatenate([gains.measured(table) for table in measures])
    first: dict[bytes, tuple[object, ...]] = {}
    copies = []
    for signature, name in zip(signatures.T.copy(), gains.at.select(SET).rows(), strict=True):
        unknown = np.isnan(signature).all()
        copies.append(not unknown and first.setdefault(signature.tobytes(), name) != name)
    return gains.only(~pl.lit(pl.Series(copies, dtype=pl.Boolean)))


def measures_of(panel: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every measure of a panel by its name, with its rows."""
    several = panel["embedder"].n_unique() > 1
    keys = ["measure", "settings", "embedder"]
    for (measure, settings, embedder), part in panel.group_by(keys, maintain_order=True):
        suffix = f", {embedder}" if several else ""
        yield measure_name(str(measure), str(settings)) + suffix, part
