"""Outputs of finished runs, found by all that they depend on: a job trains what is missing."""

import gc
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.contents import folder_state
from mixtura.core.digest import digest
from mixtura.core.files import remove
from mixtura.train.kinds import load_kind
from mixtura.train.runs import Rows, Run, Workplace, write_run
from mixtura.train.settings import FinetuneSettings

MARK = "run.txt"  # file beside a tuned model: the key of its run


def stored_run(
    run: Run, rows: Rows, settings: FinetuneSettings, code: str, place: Workplace, store: Path
) -> tuple[Path, dict[str, Any]]:
    """The folder of the outputs of a run in `store`, and statistics: none where it was there.

    `code` is the digest of the code of a run.
    """
    outputs = store / run_key(run, rows, settings, code, place.model)
    mark = Path(place.tuned_model, MARK) if place.tuned_model else None
    # A model may have been deleted, or be that of another run in the same place.
    marked = mark is None or (mark.is_file() and mark.read_text() == outputs.name)
    if outputs.is_dir() and marked:
        return outputs, {}
    remove(outputs)
    seed = run.training_seed(settings.mix.study_seed)
    model, trials = load_kind(settings.training.kind).fit(settings, rows, seed, place)
    statistics = write_run(run, model, rows, outputs, settings, trials)
    if mark:
        mark.write_text(outputs.name)
    shutil.rmtree(place.resume, ignore_errors=True)
    del model
    gc.collect()  # the next run has the memory alone
    gc.freeze()  # what is left are libraries: the next runs need not search them again
    return outputs, statistics


def run_key(run: Run, rows: Rows, settings: FinetuneSettings, code: str, model: str | None) -> str:
    """All that the outputs of a run depend on, as a digest; of a model's files sizes and dates."""
    states = folder_state(model) if model else []
    return digest([run, settings.to_json(), code, states, *map(pl.DataFrame.write_json, rows)], 16)
