"""Where the files of a study lie."""

from typing import Any

from changes import changed
from mixtura.plan.paths import Paths
from mixtura.study.load import load_study


def test_each_replicate_has_splits_and_embeddings_of_its_own_in_folds_alone(
    tiny: dict[str, Any],
) -> None:
    shared = Paths(load_study(tiny))
    folds = Paths(load_study(changed(tiny, "task/test", {"folds": 2}) | {"replicates": 2}))
    names = [paths.splits_of(1) for paths in (shared, folds)]
    assert names == ["results/tiny/data/splits.parquet", "results/tiny/data/splits/r1.parquet"]
