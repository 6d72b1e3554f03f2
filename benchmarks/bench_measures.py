"""Speed and memory of the measures against the plain formula or the published package.

Each row compares both on the same arrays in the same run, so a busy machine slows both. `rows()`
is for `make bench`; alone: `python benchmarks/bench_measures.py [--quick]`.
"""

import argparse
import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from mixtura import diversity, shift
from mixtura.panel import diversity_panel


class Row(NamedTuple):
    """One comparison; ratio is peer_s / ours_s, the other way where the target says "times"."""

    name: str
    ours_s: float
    peer: str
    peer_s: float | None
    ratio: float | None
    extra_mb: float
    target: str


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(function: Callable[[], Any], repeats: int = 1) -> tuple[float, float, Any]:
    """Best wall time in seconds, peak resident memory above the start in MB, and the result."""
    start, peak, done = _resident(), _resident(), threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    best, result = float("inf"), None
    try:
        for _ in range(repeats):
            began = time.perf_counter()
            result = function()
            best = min(best, time.perf_counter() - began)
    finally:
        done.set()
        watcher.join()
    return best, (peak - start) / 1e6, result


def compare(
    name: str,
    ours: Callable[[], Any],
    peer_name: str,
    peer: Callable[[], Any] | None,
    target: str,
    repeats: int = 1,
    close: float | None = None,
) -> Row:
    """Time both sides; with `close` also fail where the results differ by more, relative."""
    seconds, extra, result = measure(ours, repeats)
    if peer is None:
        return Row(name, seconds, peer_name, None, None, extra, target)
    peer_seconds, _, expected = measure(peer, repeats)
    if close is not None and not np.allclose(result, expected, close, 0):
        raise AssertionError(f"{name}: {result} is not the peer's {expected}")
    ratio = seconds / peer_seconds if "times" in target else peer_seconds / seconds
    return Row(name, seconds, peer_name, peer_seconds, ratio, extra, target)


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


def dense_dcscore(x: np.ndarray) -> float:
    """The formula as written: the whole kernel, its row softmax, the trace."""
    e = torch.from_numpy(x)
    return float(torch.trace(torch.softmax(e @ e.T / 1.0, dim=1)))


def rows(quick: bool = False) -> Iterator[Row]:
    """Yield the comparisons one by one; quick: a fifth of the texts."""
    x = unit(4_000 if quick else 20_000)
    yield compare(
        f"dcscore cosine n={len(x)} d=384", lambda: diversity.dcscore(x), "dense torch float32",
        lambda: dense_dcscore(x), "8 faster, < 300 MB", 2, 1e-5,
    )  # fmt: skip
    yield compare(
        f"dcscore two tau n={len(x)}", lambda: diversity.dcscore(x, tau=[1.0, 0.05]),
        "ours, one after the other",
        lambda: [diversity.dcscore(x, tau=t) for t in (1.0, 0.05)], "1 faster", 1, 1e-9,
    )  # fmt: skip
    big = unit(20_000 if quick else 100_000)
    yield compare(
        f"vendi n={len(big)} d=384", lambda: diversity.vendi_score(big), "one product E'E",
        lambda: big.T @ big, "3 times at most", 2,
    )  # fmt: skip
    with contextlib.suppress(ImportError):
        from prdc import compute_prdc

        real, made = unit(5_000, seed=1), unit(5_000, seed=2)

        def package() -> list[float]:
            with contextlib.redirect_stdout(io.StringIO()):
                return list(compute_prdc(real, made, 5).values())

        yield compare(
            "prdc n=5000 d=384", lambda: list(shift.prdc(real, made).values()), "package prdc",
            package, "3 faster", 2, 1e-3,
        )  # fmt: skip

        def neighbours() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                from prdc.prdc import compute_nearest_neighbour_distances

                compute_nearest_neighbour_distances(real, 5)

        yield compare(
            "knn_distance n=5000 d=384", lambda: diversity.knn_distance(real),
            "package prdc, its k-NN alone", neighbours, "3 faster", 2,
        )  # fmt: skip
        yield compare(
            "novelsum n=5000 d=384", lambda: diversity.novelsum(real, made), "dense numpy",
            lambda: dense_novelsum(real, made), "1 faster", 1, 1e-4,
        )  # fmt: skip
    n = 2_000 if quick else 10_000
    words, embeddings, reference = texts(n), unit(n, seed=3), unit(n, seed=4)
    yield compare(
        f"diversity panel n={n}", lambda: diversity_panel(words, embeddings, reference),
        "none", None, "< 90 s and < 2000 MB at n=10000",
    )  # fmt: skip
    yield from gpu_rows(x)


def dense_novelsum(x: np.ndarray, y: np.ndarray) -> float:
    """NovelSum as written, in float32 and whole matrices."""
    near = np.partition(2 - 2 * x @ y.T, 10, axis=1)[:, :10].mean(1)
    values = np.sort((1 - x @ x.T) * (near + 1e-9) ** -0.5, axis=1)
    weights = 1 / np.arange(1, len(x) + 1)
    return float((values @ weights / weights.sum()).mean())


def gpu_rows(x: np.ndarray) -> Iterator[Row]:
    """Yield the comparisons on a GPU: the same results as on the CPU to 1e-5."""
    if not torch.cuda.is_available():
        print("GPU: skipped: no GPU")
        return
    on_gpu = torch.from_numpy(x).cuda()
    for name, function in (
        ("dcscore", lambda e: diversity.dcscore(e, block=4096)),
        ("vendi", diversity.vendi_score),
        ("knn_distance", lambda e: diversity.knn_distance(e, block=4096)),
    ):
        function(on_gpu[:100])
        yield compare(
            f"{name} on the GPU n={len(x)}", lambda f=function: f(on_gpu), "ours on the CPU",
            lambda f=function: f(x), "same to 1e-5", 1, 1e-5,
        )  # fmt: skip


def scale_row(seed: int = 0) -> Row:
    """DCScore at n = 100,000, minutes: time grows as n squared, memory with n."""
    big = unit(100_000, seed=seed)
    return compare(
        "dcscore n=100000 d=384", lambda: diversity.dcscore(big), "none", None, "< 1000 MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the texts")
    parser.add_argument("--scale", action="store_true", help="also n = 100,000, minutes")
    arguments = parser.parse_args()
    print(f"{'measure':34}{'ours s':>9}{'peer s':>9}{'ratio':>8}{'extra MB':>10}  peer; target")
    for row in chain(rows(arguments.quick), map(scale_row, range(arguments.scale))):
        peer = "" if row.peer_s is None else f"{row.peer_s:.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        print(
            f"{row.name:34}{row.ours_s:9.2f}{peer:>9}{ratio:>8}{row.extra_mb:10.0f}  "
            f"{row.peer}; {row.target}",
            flush=True,
        )


if __name__ == "__main__":
    main()
