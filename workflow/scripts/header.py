"""What every script opens with: log, error hook, statistics, whole files."""

import json
import logging
import os
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    from snakemake.iocontainers import Snakemake


class Job:
    """One job of the workflow, from Snakemake's view: where it logs and what it writes."""

    def __init__(self, snakemake: "Snakemake") -> None:
        """Open the log, and send uncaught errors to it."""
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
        if snakemake.rule not in ("model", "task"):
            os.environ["HF_HUB_OFFLINE"] = "1"
        self.settings: dict[str, Any] = json.loads(snakemake.params.get("settings", "{}"))
        self.start = time.monotonic()
        self.path = Path(snakemake.log[0])
        self.name = f"{snakemake.rule} {' '.join(snakemake.wildcards)}".strip()
        self.resume = Path(snakemake.params.get("resume", self.path.parent))
        # Libraries print where they like: all of it belongs to the log, the terminal to progress.
        self.terminal = os.fdopen(os.dup(2), "w")
        log = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        logging.basicConfig(
            stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
        )
        logging.captureWarnings(True)
        sys.excepthook = self._failed

    def say(self, message: str) -> None:
        """Write one line to the job's log."""
        logging.info(message)

    def done(self, **stats: Any) -> None:
        """Write the statistics of the job beside its log, and drop what it kept for a restart."""
        stats["seconds"] = round(time.monotonic() - self.start, 3)
        stats["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        torch = sys.modules.get("torch")
        if torch and torch.cuda.is_available():
            stats["peak_gpu_mb"] = torch.cuda.max_memory_allocated() // 2**20
        with whole(self.path.with_suffix(".json")) as file:
            file.write_text(json.dumps(stats, sort_keys=True))
        if self.resume != self.path.parent:
            shutil.rmtree(self.resume, ignore_errors=True)
        self.say(f"done: {stats}")

    def _failed(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        logging.error("".join(traceback.format_exception(kind, error, trace)))
        print(f"{self.name}: {kind.__name__}: {error}\n(log: {self.path})", file=self.terminal)


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` at the end: the file appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


def write_table(
    frame: "pl.DataFrame", path: str | Path, *, empty: bool = False, **about: Any
) -> None:
    """Write a Parquet file whole, `about` as JSON in its metadata. An empty table is an error."""
    if frame.is_empty() and not empty:
        raise ValueError(f"{path} would be empty")
    with whole(path) as beside:
        frame.write_parquet(beside, metadata={"mixtura": json.dumps(about, sort_keys=True)})
