"""What failed, in words: the real error of each job, its log, and what to try."""

import json
import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from mixtura.core.wording import visible
from mixtura.plan.resources import STAGE_OF_RULE

LINES = 6  # of a log that are shown
SHOWN = 10  # failed jobs
SLACK = 5  # seconds that clocks of two machines may differ
NO_REASON = "the log names no error: the job was killed from outside"
SAID = r"SLURM (refused|job \w+ (was|ran|needed|lost|got) )"  # why, which no log can say better
# What the log or the executor says -> what to try; the first that fits. STAGE is that of the rule.
ADVICE = (
    (
        r"SLURM refused the job.*\(",
        "change what it asks for under `resources.STAGE`, as said above",
    ),
    (r"SLURM refused the job", "change what it asks for under `resources.STAGE`"),
    (r"was cancelled", "nothing: run again when the job may run"),
    (r"lost its node|got no node", "run again; tell the administrator if it happens again"),
    (
        r"the disk is full|No space left on device|Disk quota exceeded",
        "free some disk space",
    ),
    (r"Read-only file system|Permission denied", "make the results folder writable"),
    (
        r"CUDA out of memory|OutOfMemory|MemoryError|OUT_OF_MEMORY|oom[-_ ]kill|its mem_mb",
        "raise resources.STAGE.mem_mb (or lower the batch size)",
    ),
    (r"TIMEOUT|due to time limit|longer than its runtime", "raise resources.STAGE.runtime"),
    (
        r"(?i)connection|name resolution|offline|timed out|401 client|403 client",
        "check the network and the keys in your environment",
    ),
    (r"asks for \d+ GPUs", "lower resources.STAGE.gpu"),
    (NO_REASON, "raise resources.STAGE.mem_mb or resources.STAGE.runtime"),
)


@dataclass(frozen=True)
class Failure:
    """A failed job: what it was in words, what it read, and what the executor said of its end."""

    rule: str
    message: str
    log: str = ""
    reason: str = ""
    inputs: tuple[str, ...] = ()
    begin: float = 0.0  # seconds since 1970; what a log said before is of an earlier try


def failure_screen(failures: Sequence[Failure]) -> str:
    """One screen for all failed jobs."""
    parts = [f"{len(failures)} job{'s' if len(failures) > 1 else ''} failed:"]
    for job in failures[:SHOWN]:
        lines = error_lines(job)
        reason = job.reason.strip()
        parts += ["", f"  {job.rule}: {job.message}", *(f"    | {line}" for line in lines)]
        parts += [f"    {reason}"] if reason else []
        parts += [f"    log: {job.log}"] if job.log and "refused" not in reason[:15] else []
        parts += [f"    try: {advice}" for advice in _advice(job, "\n".join([*lines, reason]))]
    if len(failures) > SHOWN:
        parts += ["", f"  ... and {len(failures) - SHOWN} more"]
    again = "Then run the same command again: what is finished stays, killed jobs go on."
    return "\n".join(["", *parts, "", again])


def _advice(job: Failure, text: str) -> list[str]:
    if damaged := [name for name in job.inputs if _is_damaged(name)]:
        return [f"a file is damaged: delete {name}" for name in damaged]
    stage = STAGE_OF_RULE.get(job.rule, "STAGE")
    fitting = [words for pattern, words in ADVICE if re.search(pattern, text)]
    return [words.replace("STAGE", stage) for words in fitting[:1]]


def _is_damaged(name: str) -> bool:
    """Whether a file, or one in a folder, is cut off: Parquet, JSON and safetensors can tell."""
    file = Path(name)
    if file.is_dir():
        return any(_is_damaged(str(part)) for part in file.iterdir())
    if not file.is_file():
        return False
    if file.suffix == ".parquet":
        return file.read_bytes()[-4:] != b"PAR1"  # the mark of a whole one
    try:
        if file.suffix == ".json":
            json.loads(file.read_bytes())
        elif file.suffix == ".safetensors":
            safe_open(file, "np").keys()
    except (ValueError, SafetensorError):
        return True
    return False


def error_lines(job: Failure) -> list[str]:
    """The last lines of the real error in the log of a job, or that there is none."""
    file = Path(job.log)
    unknown = [] if re.match(SAID, job.reason) else [NO_REASON]
    if not job.log or not file.is_file() or file.stat().st_mtime < job.begin - SLACK:
        return unknown
    text = file.read_text(encoding="utf-8", errors="replace")
    text = visible(text.replace("\r", "\n"))
    lines = [line.rstrip()[:300] for line in text.split("\n") if line.strip()]
    numbers = [number for number, line in enumerate(lines) if re.search(r"\w(Error|Exit)\b", line)]
    if not numbers:
        return [*lines[-2:], *unknown]
    end = numbers[-1] + 1
    while end < min(len(lines), numbers[-1] + LINES) and lines[end].startswith("  "):
        end += 1  # of a message of several lines, such as one with examples
    return lines[max(0, numbers[-1] + 1 - LINES) : end]


def lock_help() -> str:
    """What a locked folder means and how to go on."""
    others = [f"process {number}: {command}" for number, command in _snakemakes_here()]
    unlock = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:], "--unlock"])
    if others:
        listed = "\n  ".join(others)
        return (
            "Another Snakemake, or a job that a killed one left behind, works in this folder; "
            f"wait for it, or stop it:\n  {listed}"
        )
    return (
        "This folder is locked, and no other Snakemake of this machine works in it: the last run "
        "was killed.\nIf none runs on another machine, and no job of it is left (squeue --me on a "
        f"cluster), unlock it:\n  {unlock}\nThen run the same command again: what is finished "
        "stays, killed jobs go on."
    )


def _snakemakes_here() -> list[tuple[int, str]]:
    snakemakes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            same = (folder / "cwd").resolve() == Path.cwd()
        except OSError:  # it ended, or it is another user's
            continue
        if same and int(folder.name) != os.getpid() and re.search(r"\bsnakemake\b", command):
            snakemakes.append((int(folder.name), command[:200]))
    return snakemakes
