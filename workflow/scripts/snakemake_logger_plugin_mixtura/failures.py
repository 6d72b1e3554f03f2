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

LINES = 6  # of a log that are shown
SHOWN = 10  # failed jobs
NO_REASON = "the log names no error: the job was killed from outside"
# What the log or the executor says -> what to try; the first that fits.
ADVICE = (
    (r"No space left on device|Disk quota exceeded", "free some disk space"),
    (r"Read-only file system|Permission denied", "make the results folder writable"),
    (
        r"CUDA out of memory|OutOfMemory|MemoryError|OUT_OF_MEMORY|oom[-_ ]kill",
        "raise mem_mb (or lower the batch size) of this stage under `resources`",
    ),
    (r"TIMEOUT|due to time limit", "raise runtime of this stage under `resources`"),
    (
        r"(?i)connection|name resolution|offline|timed out|401 client|403 client",
        "check the network and the keys in your environment",
    ),
    (r"asks for \d+ GPUs", "lower gpu of this stage under `resources`"),
    (NO_REASON, "raise mem_mb or runtime of this stage under `resources`"),
)


@dataclass(frozen=True)
class Failure:
    """A failed job: what it was in words, what it read, and what the executor said of its end."""

    rule: str
    told: str
    log: str = ""
    said: str = ""
    inputs: tuple[str, ...] = ()


def failure_screen(found: Sequence[Failure]) -> str:
    """One screen for all failed jobs."""
    parts = [f"{len(found)} job{'s' if len(found) > 1 else ''} failed:"]
    for job in found[:SHOWN]:
        lines = error_lines(job.log)
        said = job.said.strip()
        parts += ["", f"  {job.rule}: {job.told}", *(f"    | {line}" for line in lines)]
        parts += [f"    {said}"] if said else []
        parts += [f"    log: {job.log}"] if job.log else []
        parts += [f"    try: {advice}" for advice in _advice(job, "\n".join([*lines, said]))]
    if len(found) > SHOWN:
        parts += ["", f"  ... and {len(found) - SHOWN} more"]
    again = "Then run the same command again: what is finished stays, killed jobs go on."
    return "\n".join(["", *parts, "", again])


def _advice(job: Failure, text: str) -> list[str]:
    if damaged := [name for name in job.inputs if _is_damaged(name)]:
        return [f"a file is damaged: delete {name}" for name in damaged]
    return [words for pattern, words in ADVICE if re.search(pattern, text)][:1]


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


def error_lines(log: str) -> list[str]:
    """The last lines of the real error in a log, or that there is none."""
    file = Path(log)
    text = file.read_text(encoding="utf-8", errors="replace") if log and file.is_file() else ""
    text = "".join(sign for sign in text if sign.isprintable() or sign == "\n")
    lines = [line.rstrip()[:300] for line in text.split("\n") if line.strip()]
    found = [number for number, line in enumerate(lines) if re.search(r"\w(Error|Exit)\b", line)]
    if not found:
        return [*lines[-2:], NO_REASON]
    return lines[max(0, found[-1] + 1 - LINES) : found[-1] + 1]


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
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            same = (folder / "cwd").resolve() == Path.cwd()
        except OSError:  # it ended, or it is another user's
            continue
        if same and int(folder.name) != os.getpid() and re.search(r"\bsnakemake\b", command):
            found.append((int(folder.name), command[:200]))
    return found
