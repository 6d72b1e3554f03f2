"""Predictions of arms as arrays."""

from collections.abc import Set
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from mixtura.infer.influence import RunScores, run_scores
from mixtura.infer.metrics import Array, Metric

Key = tuple[str, str]  # arm, model
BETWEEN = "\n"  # labels of an item in one text, which no label holds


@dataclass(frozen=True)
class Run:
    """Predictions of one arm and model, as label codes: all its trainings on one test set.

    In folds each replicate has test rows of its own: items are the rows of all replicates, and the
    first axis of what is predicted is seeds.
    """

    places: list[tuple[int, int]]  # replicate and seed of each training
    ids: list[str]
    gold: Array  # (items,), of several labels an item (items, labels)
    predicted: Array  # (trainings, items), or (trainings, items, labels)
    numbers: dict[str, Array]  # column -> (trainings, items)
    groups: Array  # (items,) codes: rows of one group are hard or easy together
    folds: Array | None = None  # (items,) codes of the replicates; none where all test all rows
    shared: float | None = None  # `overlap` of all test rows, where these are some of them

    def scores(self, metric: Metric) -> RunScores:
        """Score of each training, and what each group of test rows adds to it.

        In folds a training has what its fold makes of the score of all rows, which is their mean.
        """
        predicted = self.predicted
        if metric.columns:
            predicted = np.stack([self.numbers[column] for column in metric.columns], axis=-1)
        if self.folds is None:
            return run_scores(self.gold, predicted, metric, self.groups)
        of_seeds = run_scores(self.gold, predicted, metric, self.folds)
        values = of_seeds.values[:, None] + of_seeds.influence
        return RunScores(values.T.reshape(-1), np.zeros((values.size, len(self.ids))))

    @property
    def overlap(self) -> float:
        """Test rows of a replicate for each row that it may train on; 0 where test rows stay.

        Trainings of folds share rows: `mixtura.infer.crossed.parts_of` widens for it.
        """
        if self.shared is not None:
            return self.shared
        if self.folds is None:
            return 0.0
        tested = len(self.ids) / len(self.replicates)
        return tested / (len(set(self.ids)) - tested)

    @property
    def replicates(self) -> list[int]:
        """The replicates that it has, in order."""
        return sorted({replicate for replicate, _ in self.places})

    @cached_property
    def identical(self) -> int:
        """Trainings that say nothing new: all of their replicate predict the same for every row."""
        count = 0
        for code, number in enumerate(self.replicates):
            arrays = [self.predicted, *self.numbers.values()]
            if self.folds is None:
                rows = [at for at, (replicate, _) in enumerate(self.places) if replicate == number]
                arrays = [array[rows] for array in arrays]
            else:
                arrays = [array[:, self.folds == code] for array in arrays]
            same = all((array == array[0]).all() for array in arrays)
            count += same * (len(arrays[0]) - 1)
        return count


def runs_of(
    predictions: pl.DataFrame, numbers: Set[str], shared: float | None = None
) -> dict[Key, Run]:
    """The runs of one test set by arm and model; a missing prediction is code -1, never right.

    `numbers` are columns that metrics read; `shared` is the overlap of all test rows, where the
    predictions are of some. Without a column replicate there is one replicate;
    without a column group, or where it is null, a test row is a group of its own. Where replicates
    hold different test items they are folds: each item in as many replicates. Raises ValueError
    for missing columns or values, and where the trainings of a replicate hold different test items.
    """
    required = {"arm", "model", "seed", "id", "gold", "predicted", *numbers}
    if missing := required - set(predictions.columns):
        raise ValueError(f"predictions lack the columns {sorted(missing)}")
    if not predictions.height:
        raise ValueError("predictions are empty")
    if predictions["gold"].null_count():
        raise ValueError("predictions hold items without a gold label")
    if "replicate" not in predictions.columns:
        predictions = predictions.with_columns(replicate=0)
    several = predictions.schema["gold"] == pl.List(pl.String)
    answers = pl.col("gold", "predicted")
    answers = answers.list.sort().list.join(BETWEEN) if several else answers.cast(pl.String)
    frame = predictions.with_columns(pl.col("id").cast(pl.String), answers)
    alone = pl.format("row {}", "id")
    group = pl.lit(None) if "group" not in frame.columns else pl.format("group {}", "group")
    labels = pl.concat([frame["gold"], frame["predicted"]]).drop_nulls().unique().sort()
    frame = frame.with_columns(
        pl.col("gold", "predicted")
        .cast(pl.Enum(labels))
        .to_physical()
        .cast(pl.Int32)
        .fill_null(-1),
        group=pl.coalesce(group, alone),
    ).sort("arm", "model", "replicate", "seed", "id")
    runs = {}
    for (arm, model), rows in frame.partition_by("arm", "model", as_dict=True).items():
        run = _run(f"arm {arm}, model {model}", rows, numbers)
        runs[arm, model] = replace(run, shared=shared)
    if several:
        has = _has_label(labels)
        runs = {
            key: replace(run, gold=has[run.gold], predicted=has[run.predicted])
            for key, run in runs.items()
        }
    return runs


def _has_label(sets: pl.Series) -> Array:
    """(sets + 1, labels): whether a set holds a label; the last row, code -1, holds none."""
    members = [text.split(BETWEEN) if text else [] for text in sets]
    labels = sorted({label for row in members for label in row})
    return np.array([[label in row for label in labels] for row in [*members, []]])


def _run(name: str, rows: pl.DataFrame, numbers: Set[str]) -> Run:
    """The run in rows that are sorted by replicate, seed and id."""
    places = rows.select("replicate", "seed").unique(maintain_order=True).rows()
    if rows.select("replicate", "seed", "id").is_duplicated().any():
        raise ValueError(f"{name}: a seed holds the same test item twice")
    if lacking := [column for column in numbers if rows[column].null_count()]:
        raise ValueError(f"{name}: items without {', '.join(sorted(lacking))}")
    folds, keys, count = None, ["id", "gold"], len(places)
    if _in_folds(rows):
        rows = rows.sort("seed", "replicate", "id")
        folds, keys, count = "replicate", ["replicate", *keys], rows["seed"].n_unique()
    items = rows.height // count
    first = rows.head(items)
    repeated = first.select(keys)
    if rows.height != items * count or any(
        not rows.slice(place * items, items).select(keys).equals(repeated) for place in range(count)
    ):
        raise ValueError(f"{name}: its seeds do not hold the same test items and gold labels")
    shape = (count, items)
    return Run(
        places,
        first["id"].to_list(),
        first["gold"].to_numpy(),
        rows["predicted"].to_numpy().reshape(shape),
        {column: rows[column].cast(float).to_numpy().reshape(shape) for column in numbers},
        _codes(first["group"]),
        _codes(first[folds]) if folds else None,
    )


def _codes(values: pl.Series) -> Array:
    return (values.rank("dense") - 1).cast(pl.Int64).to_numpy()


def _in_folds(rows: pl.DataFrame) -> bool:
    """Whether replicates test different items, each of them in as many replicates."""
    tested = rows.select("replicate", "id").unique()
    replicates = tested["replicate"].n_unique()
    times = tested.group_by("id").len()["len"].unique()
    return len(times) == 1 and times[0] < replicates


def shared_rows(predictions: pl.DataFrame) -> float | None:
    """Test rows of a fold for each row that it may train on; none where replicates are no folds."""
    if "replicate" not in predictions.columns or not _in_folds(predictions):
        return None
    tested = predictions.select("replicate", "id").unique()
    of_fold = tested.height / tested["replicate"].n_unique()
    return of_fold / (tested["id"].n_unique() - of_fold)


def test_sets(predictions: pl.DataFrame) -> list[str]:
    """Names of the test sets, that of the task first."""
    names = predictions["test"].unique(maintain_order=True).to_list()
    return sorted(names, key=lambda name: name != "test")
