"""A training that is killed again and again, whenever, predicts as one that never was."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trainings import TEXTS, trained

KILLS, STEPS = 30, 1500
# Imports once, trains in forks of itself: a kill costs no start of Python. Frames are made in the
# forks, for polars has threads, which a fork loses.
TRAINING = """
import json
import os
import random
import select
import signal
import sys
import traceback
from pathlib import Path

sys.path = {path!r}
import numpy as np
from mixtura.train.encoder import train_classifier
from mixtura.train.trainer import Restart

folder, rng, killed_at = Path({folder!r}), random.Random(0), []


def train(pipe):
    from trainings import ENCODER, LABELS, TEXTS, TRAIN

    settings = ENCODER.model_copy(update={{"steps": {steps}, "learning_rate": 1e-3}})
    restart = Restart(folder, 1e-9)  # a checkpoint after every step

    def ended(step, steps, loss):
        os.write(pipe, f"{{step}} ".encode())

    classifier = train_classifier({encoder!r}, TRAIN, LABELS, settings, 0, ended, restart)
    np.save(folder / "probabilities.npy", classifier.probabilities(TEXTS))


while not (folder / "probabilities.npy").exists():
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            train(writer)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    steps = os.read(reader, 9)  # the first step of this process is done
    if len(killed_at) < {kills}:
        select.select([], [], [], rng.uniform(0, 0.5))
        os.kill(child, signal.SIGKILL)
    while part := os.read(reader, 4096):
        steps += part
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        killed_at.append(int(steps.split()[-1]))
    else:
        assert status == 0
print(json.dumps(killed_at))
"""


@pytest.mark.slow
def test_random_kills_change_no_prediction(encoder: Path, tmp_path: Path) -> None:
    code = TRAINING.format(
        path=sys.path, folder=str(tmp_path), encoder=str(encoder), steps=STEPS, kills=KILLS
    )
    run = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    killed_at = json.loads(run.stdout.splitlines()[-1])
    print("killed after steps", killed_at)
    assert len(killed_at) == KILLS
    assert max(killed_at) < STEPS  # each hit a training under way
    whole = trained(encoder, steps=STEPS, learning_rate=1e-3)
    np.testing.assert_array_equal(
        np.load(tmp_path / "probabilities.npy"), whole.probabilities(TEXTS)
    )
