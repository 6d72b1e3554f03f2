"""A training that is killed again and again, whenever, predicts as one that never was."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trainings import TEXTS, trained

KILLS = 30
TRAINING = """
import sys
from pathlib import Path
sys.path = {path!r}
import numpy as np
from mixtura.train.encoder import train_classifier
from mixtura.train.trainer import Restart
from trainings import ENCODER, LABELS, TEXTS, TRAIN
settings = ENCODER.model_copy(update={{"steps": 1500, "learning_rate": 1e-3}})
restart = Restart(Path({folder!r}), 1e-9)  # a checkpoint after every step
def started(step, steps, loss):
    print(step, flush=True)
classifier = train_classifier({encoder!r}, TRAIN, LABELS, settings, 0, started, restart)
np.save({folder!r} + "/probabilities.npy", classifier.probabilities(TEXTS))
"""


@pytest.mark.slow
def test_random_kills_change_no_prediction(encoder: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    code = TRAINING.format(path=sys.path, folder=str(tmp_path), encoder=str(encoder))
    kills = 0
    while not (tmp_path / "probabilities.npy").exists():
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        if process.stdout.readline() and kills < KILLS:
            try:
                process.wait(rng.uniform(0, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
        process.communicate()
        assert process.returncode in (0, -9)
    assert kills == KILLS
    whole = trained(encoder, steps=1500, learning_rate=1e-3)
    np.testing.assert_array_equal(
        np.load(tmp_path / "probabilities.npy"), whole.probabilities(TEXTS)
    )
