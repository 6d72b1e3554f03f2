"""Checkpoints of a training run: what a killed job goes on from, without pickles."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from mixtura.tables import whole


class Checkpoints:
    """The newest checkpoint of one run, in a file of safetensors that appears whole or not at all.

    `folder` is the run's resume folder (none: nothing is kept), `key` names the run: a
    checkpoint with another key is not read. One is due every `minutes`, and when SIGTERM or
    SIGUSR1 told the process to stop.
    """

    def __init__(self, folder: Path | None, key: str, minutes: float) -> None:
        self.file = folder / "checkpoint.safetensors" if folder else None
        self.key = key
        self.seconds = 60 * minutes
        self.last = time.monotonic()
        self.signal: int | None = None

    def load(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tensors by name and what else was saved, both empty without a checkpoint of this run."""
        from safetensors import safe_open

        if self.file is None or not self.file.exists():
            return {}, {}
        with safe_open(self.file, "pt") as stored:
            about = json.loads(stored.metadata()["mixtura"])
            if about.pop("key") != self.key:
                return {}, {}
            return {name: stored.get_tensor(name) for name in stored.keys()}, about  # noqa: SIM118

    def due(self) -> bool:
        """Whether it is time to save."""
        return self.signal is not None or time.monotonic() - self.last >= self.seconds

    def save(self, tensors: dict[str, Any], **about: Any) -> None:
        """Save; exits, as the signal asks, if one came. Then the next start goes on from here."""
        from safetensors.torch import save_file

        if self.file is not None:
            with whole(self.file) as beside:
                told = {"mixtura": json.dumps({"key": self.key, **about})}
                save_file(
                    {name: tensor.contiguous() for name, tensor in tensors.items()}, beside, told
                )
        self.last = time.monotonic()
        if self.signal is not None:
            raise SystemExit(f"stopped by {signal.Signals(self.signal).name}; a checkpoint is kept")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, SIGTERM and SIGUSR1 ask for a checkpoint at the end of the step."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.signal = number

        asked = (signal.SIGTERM, signal.SIGUSR1)
        before = {number: signal.signal(number, stop) for number in asked}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
