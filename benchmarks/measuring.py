"""What the benchmarks share: wall time and memory of a call, made-up embeddings and texts."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

Row = dict[str, Any]


class Skipped(Exception):
    """A part that cannot run here, and why."""


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall time in seconds, peak resident memory above the start in MB, and the result."""
    start, peak, done = _resident(), _resident(), threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        began = time.perf_counter()
        result = function()
        seconds = time.perf_counter() - began
    finally:
        done.set()
        watcher.join()
    return seconds, (max(peak, _resident()) - start) / 1e6, result


def compare(
    name: str,
    ours: Callable[[], Any],
    peer_name: str,
    peer: Callable[[], Any] | None,
    target: str,
    repeats: int = 1,
    close: float | None = None,
    note: str = "",
) -> Row:
    """Time both sides in turn, `repeats` times, and compare the medians.

    CPU seconds, of all cores, say more than wall time where other work runs beside.
    The ratio is peer / ours, the other way where the target says "times". With `close` also fail
    where the results differ by more, relative.
    """
    our_seconds, other, own_cpu, other_cpu, extra = [], [], [], [], 0.0
    for _ in range(repeats):
        began = time.process_time()
        seconds, memory, result = measure(ours)
        our_seconds.append(seconds)
        own_cpu.append(time.process_time() - began)
        extra = max(extra, memory)
        if peer is not None:
            began = time.process_time()
            seconds, _, expected = measure(peer)
            other.append(seconds)
            other_cpu.append(time.process_time() - began)
            if close is not None and not np.allclose(result, expected, close, 0):
                raise AssertionError(f"{name}: {result} is not the peer's {expected}")
    seconds = float(np.median(our_seconds))
    peer_seconds = float(np.median(other)) if other else None
    ratio = peer_seconds and peer_seconds / seconds
    return {
        "measure": name,
        "ours s": seconds,
        "CPU s": float(np.median(own_cpu)),
        "peer": peer_name,
        "peer s": peer_seconds,
        "peer CPU s": float(np.median(other_cpu)) if other else None,
        "ratio": 1 / ratio if ratio and "times" in target else ratio,
        "extra MB": round(extra),
        "target": target,
        "note": note,
    }


def unit(n: int, d: int = 384, seed: int = 0) -> np.ndarray:
    """n unit rows in float32 whose directions are uneven, as sentence embeddings are."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((n, d), dtype=np.float32) / np.sqrt(np.arange(1, d + 1, dtype="f4"))
    x += 0.1
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def texts(n: int, seed: int = 0) -> list[str]:
    """n short texts over a vocabulary with the frequencies of Zipf."""
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, 5001)
    stream = iter(random.choice(5000, n * 25, p=share / share.sum()).tolist())
    return [" ".join(f"w{next(stream)}" for _ in range(k)) for k in random.integers(8, 25, n)]
