"""A job as a dry run finds it."""

from collections.abc import Sequence
from typing import TypedDict


class PlannedJob(TypedDict):
    """A job of the graph of a study, done or still to run."""

    rule: str
    wildcards: dict[str, str]
    why: Sequence[str] | None  # Snakemake's reasons to run it, None where it is done
    threads: int
    gpu: float  # GPUs, a part of one where jobs share it
    bytes: int  # of the output, 0 where there is none
    log: str | None  # path below the working directory
    benchmark: str | None  # path of the measured time, below the working directory
