"""Training of a language model that is spread over processes: FSDP2, one process for each GPU.

Each process has a part of every weight, of its gradient and of the optimiser (Zhao et al. 2023,
arXiv:2304.11277). `python -m mixtura.train.sharded FOLDER` is one of the processes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl

from mixtura.core.files import remove
from mixtura.core.processes import end_with_parent
from mixtura.core.tables import read_table, write_table
from mixtura.train.causal import CausalModel
from mixtura.train.runs import Workplace
from mixtura.train.settings import CausalTraining, FinetuneSettings
from mixtura.train.tables import Steps
from mixtura.train.trainer import progress_lines, silent


def train_sharded(
    settings: FinetuneSettings, rows: pl.DataFrame, seed: int, place: Workplace
) -> CausalModel:
    """The model after its training on canonical rows in `place.processes` processes.

    A training that is killed begins again. Raises CalledProcessError where a process fails; the log
    has why.
    """
    folder = place.resume / "sharded"
    remove(folder)
    folder.mkdir(parents=True)
    rows.write_parquet(folder / "rows.parquet")
    work = {"settings": settings.to_json(), "model": place.folder, "seed": seed}
    (folder / "work.json").write_text(json.dumps(work), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc-per-node", str(place.processes), "-m", "mixtura.train.sharded", str(folder)),
        ],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=end_with_parent(),
    )
    model = _model(settings, str(folder / "tuned"), seed)
    model.steps = read_table(folder / "steps.parquet", Steps)
    remove(folder)
    return model


def _model(settings: FinetuneSettings, folder: str, seed: int) -> CausalModel:
    assert isinstance(settings.training, CausalTraining)
    task = (settings.task, settings.labels)
    return CausalModel(folder, *task, settings.training, seed, settings.no_label)


def _train(folder: Path) -> None:
    """One process: train its part of the model; the first writes the steps."""
    work = json.loads((folder / "work.json").read_text(encoding="utf-8"))
    settings = FinetuneSettings.from_json(work["settings"])
    first = os.environ["RANK"] == "0"
    say = progress_lines(lambda line: print(line, flush=True)) if first else silent
    model = _model(settings, work["model"], work["seed"])
    steps = model.train(pl.read_parquet(folder / "rows.parquet"), say)
    model.save(folder / "tuned")  # all take part, for each has a part of it
    if first:
        write_table(steps, folder / "steps.parquet", Steps)


if __name__ == "__main__":
    _train(Path(sys.argv[1]))
