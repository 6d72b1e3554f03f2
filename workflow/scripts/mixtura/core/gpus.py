"""Which GPUs a job takes: lock files, so that jobs side by side on one machine take others."""

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PARTS = 12  # locks of a GPU, of which jobs that share it have equal numbers
_held: list[int] = []  # open files: the kernel frees a lock when its process ends, however it ends


def use_gpus(count: int, share: int = 1) -> None:
    """Take `count` GPUs for the life of this process and show it no others; with 0 it sees none.

    Of each it has the part 1 / `share`, a divisor of PARTS. Waits until so many are free. To be
    called before anything opens a GPU. Raises ValueError where the machine has fewer.
    """
    ids = take(count, gpus(), lock_folder(), share) if count else []
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(ids)


def gpus() -> list[str]:
    """Ids of the GPUs there are to take: CUDA_VISIBLE_DEVICES where it is set, or all."""
    if (named := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [gpu.strip() for gpu in named.split(",") if gpu.strip()]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return []


def lock_folder() -> Path:
    """A folder of this user; one for each SLURM job, for SLURM may number GPUs from 0 in each."""
    parent = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    job = os.environ.get("SLURM_JOB_ID", "local")
    return Path(parent, f"mixtura-gpus-{os.getuid()}", job)


def take(
    count: int, ids: Sequence[str], folder: Path, share: int = 1, pause: float = 0.5
) -> list[str]:
    """Lock 1 / `share` of `count` of the GPUs `ids` and return them.

    Looks every `pause` seconds until it can.

    One process chooses at a time and keeps what it has while it waits, so that a job that needs
    several is never passed by jobs that need one.
    """
    if count > len(ids):
        raise ValueError(f"the job asks for {count} GPUs, this machine shows {len(ids)}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    door = _open(folder / "door")
    fcntl.flock(door, fcntl.LOCK_EX)
    locked: list[str] = []
    while True:
        for gpu in ids:
            if gpu not in locked and len(locked) < count and _lock(folder, gpu, PARTS // share):
                locked.append(gpu)
        if len(locked) == count:
            os.close(door)
            return locked
        time.sleep(pause)


def _lock(folder: Path, gpu: str, parts: int) -> bool:
    """Lock so many parts of a GPU, if they are free."""
    files: list[int] = []
    for part in range(PARTS):
        file = _open(folder / f"gpu-{gpu}-{part}")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        files.append(file)
        if len(files) == parts:
            _held.extend(files)
            return True
    for file in files:
        os.close(file)
    return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
