"""The door between Snakemake and the package: log, error hook, settings, statistics."""

import contextlib
import gc
import json
import logging
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mixtura.core.files import whole
from mixtura.core.gpus import use_gpus
from mixtura.core.settings import Settings
from mixtura.core.wording import visible

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

S = TypeVar("S", bound=Settings)


def settle_dates(files: Iterable[str]) -> None:
    """Bring dates that are ahead of the clock back to now, where the clock jumped or was wrong.

    Snakemake deletes what a job made from a file of the future: no such job would ever end.
    """
    now = time.time()
    for name in files:
        for file in (Path(name), Path(name, ".snakemake_timestamp")):  # the date of a folder
            with contextlib.suppress(OSError):  # there is none, or it is another user's file
                if file.stat().st_mtime > now:
                    os.utime(file, (now, now))


class Job(Generic[S]):
    """One job of the workflow, from Snakemake's view: its settings, its log, what it writes."""

    def __init__(self, context: "Snakemake", settings: type[S]) -> None:
        """Open the log, and send uncaught errors to it. `context` is what scripts get."""
        gc.set_threshold(100_000)  # 700 is a fifth of the seconds that torch's kin take to import
        self.environment = dict(os.environ)  # as the user has it
        os.environ |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        if not context.rule.endswith(("model", "task", "shifted")):  # a module prefixes the names
            os.environ["HF_HUB_OFFLINE"] = "1"
        self.settings = settings.from_json(context.params.settings)
        self.start = time.monotonic()
        self.stats: dict[str, Any] = {}
        self.path = Path(context.log[0])
        self.name = f"{context.rule} {' '.join(context.wildcards)}".strip()
        self.resume = Path(context.params.get("resume") or self.path.with_suffix(".resume"))
        # Libraries print where they like: all of it belongs to the log, the terminal to progress.
        self.terminal = os.fdopen(os.dup(2), "w")
        log = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        _ = os.dup2(log, 1), os.dup2(log, 2)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        logging.captureWarnings(True)
        sys.excepthook = self._failed
        settle_dates(context.input)
        use_gpus(context.resources.get("gpu", 0), context.resources.get("gpu_share", 1))
        self.environment["CUDA_VISIBLE_DEVICES"] = os.environ["CUDA_VISIBLE_DEVICES"]

    def say(self, message: str) -> None:
        """Write one line to the job's log."""
        logging.info(message)

    def done(self, **stats: Any) -> None:
        """Write the statistics of the job beside its log, and drop what it kept for a restart."""
        stats = {**self.stats, **stats}
        stats["seconds"] = round(time.monotonic() - self.start, 3)
        stats["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        torch = sys.modules.get("torch")
        if torch and torch.cuda.is_available():
            stats["peak_gpu_mb"] = torch.cuda.max_memory_allocated() // 2**20
        with whole(self.path.with_suffix(".json")) as file:
            file.write_text(json.dumps(stats, sort_keys=True))
        shutil.rmtree(self.resume, ignore_errors=True)
        self.say(f"done: {stats}")

    def _failed(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        logging.error(f"{kind.__name__}: {error}", exc_info=(kind, error, trace))
        message = visible(f"{self.name}: {kind.__name__}: {error}")
        print(f"{message}\n(log: {self.path})", file=self.terminal)
