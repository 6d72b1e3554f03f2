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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from joblib import cpu_count
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from mixtura import diversity, shift
from mixtura.panel import diversity_panel, shift_panel


class Row(NamedTuple):
    """One comparison; ratio is peer_s / ours_s, the other way where the target says "times"."""

    name: str
    ours_s: float
    peer: str
    peer_s: float | None
    ratio: float | None
    extra_mb: float
    target: str
    note: str = ""


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
    """Time both sides in turn, `repeats` times; the medians are compared.

    With `close` also fail where the results differ by more, relative.
    """
    own, other, extra = [], [], 0.0
    for _ in range(repeats):
        seconds, memory, result = measure(ours)
        own.append(seconds)
        extra = max(extra, memory)
        if peer is not None:
            seconds, _, expected = measure(peer)
            other.append(seconds)
            if close is not None and not np.allclose(result, expected, close, 0):
                raise AssertionError(f"{name}: {result} is not the peer's {expected}")
    seconds = float(np.median(own))
    if peer is None:
        return Row(name, seconds, peer_name, None, None, extra, target, note)
    peer_seconds = float(np.median(other))
    ratio = seconds / peer_seconds if "times" in target else peer_seconds / seconds
    return Row(name, seconds, peer_name, peer_seconds, ratio, extra, target, note)


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
    flops = len(x) ** 2 * x.shape[1]  # of the upper triangle: half of 2 n^2 d
    with threadpool_limits(1, "blas"):
        seconds = np.median([measure(lambda: x[:4000] @ x[:4000].T)[0] for _ in range(5)])
    speed = 2 * 4000**2 * x.shape[1] / seconds * cpu_count()
    yield compare(
        f"dcscore cosine n={len(x)} d=384", lambda: diversity.dcscore(x), "dense torch float32",
        lambda: dense_dcscore(x), "8 faster, < 300 MB", 5, 1e-5,
        f"the products alone, {flops / 1e9:.0f} GFLOP at {speed / 1e9:.0f} GFLOP/s on "
        f"{cpu_count()} cores, take {flops / speed:.2f} s",
    )  # fmt: skip
    yield compare(
        f"dcscore two tau n={len(x)}", lambda: diversity.dcscore(x, tau=[1.0, 0.05]),
        "ours, one after the other",
        lambda: [diversity.dcscore(x, tau=t) for t in (1.0, 0.05)], "1 faster", 1, 1e-6,
    )  # fmt: skip
    big = unit(20_000 if quick else 100_000)
    yield compare(
        f"vendi n={len(big)} d=384", lambda: diversity.vendi_score(big), "one product E'E",
        lambda: big.T @ big, "3 times at most", 3,
    )  # fmt: skip
    with contextlib.suppress(ImportError):
        from prdc import compute_prdc

        real, made = unit(5_000, seed=1), unit(5_000, seed=2)

        def package() -> list[float]:
            with contextlib.redirect_stdout(io.StringIO()):
                return list(compute_prdc(real, made, 5).values())

        yield compare(
            "prdc n=5000 d=384", lambda: list(shift.prdc(real, made).values()), "package prdc",
            package, "3 faster", 3, 1e-3,
        )  # fmt: skip

        def neighbours() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                from prdc.prdc import compute_nearest_neighbour_distances

                compute_nearest_neighbour_distances(real, 5)

        yield compare(
            "knn_distance n=5000 d=384", lambda: diversity.knn_distance(real),
            "package prdc, its k-NN alone", neighbours, "3 faster", 3,
        )  # fmt: skip
        yield compare(
            "novelsum n=5000 d=384", lambda: diversity.novelsum(real, made), "dense numpy",
            lambda: dense_novelsum(real, made), "1 faster", 1, 1e-4,
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


def panel_rows(sizes: Sequence[int]) -> Iterator[Row]:
    """Both panels as a study runs them: real and held-out real text of the same size beside."""
    targets = {10_000: "< 90 s and < 2000 MB", 100_000: "< 900 s and < 4000 MB"}
    for n in sizes:
        words = [texts(n, seed) for seed in range(3)]
        vectors = [unit(n, seed=3 + seed) for seed in range(3)]
        labels = ["a", "b"] * (n // 2)
        spent: dict[str, float] = {}

        def both(
            words: list[list[str]] = words,
            vectors: list[np.ndarray] = vectors,
            labels: list[str] = labels,
            spent: dict[str, float] = spent,
        ) -> None:
            step = stopwatch(spent)
            diversity_panel(words[0], vectors[0], vectors[1], labels, progress=step)
            shift_panel(
                *(words[1], vectors[1], words[0], vectors[0], words[2], vectors[2]),
                real_labels=labels,
                generated_labels=labels,
                held_out_labels=labels,
                progress=step,
            )
            step("")

        row = compare(f"both panels n={n}", both, "none", None, targets.get(n, ""))
        slow = sorted(spent, key=lambda name: -spent[name])[:6]
        yield row._replace(
            note="slowest: " + ", ".join(f"{name} {spent[name]:.0f} s" for name in slow)
        )


def stopwatch(spent: dict[str, float]) -> Callable[[str], None]:
    """A progress function that adds up how long each measure took, and prints it."""
    last: list[tuple[str, float]] = []

    def step(name: str) -> None:
        now = time.perf_counter()
        if last:
            before, start = last.pop()
            spent[before] = spent.get(before, 0) + now - start
            print(f"  {before}: {now - start:.1f} s", file=sys.stderr, flush=True)
        last.append((name, now))

    return step


def scale_rows(n: int) -> Iterator[Row]:
    """Quadratic measures at n = 100,000, minutes: time grows as n squared, memory with n."""
    x, y = unit(n), unit(n, seed=1)
    cases: dict[str, Callable[[], Any]] = {
        "dcscore": lambda: diversity.dcscore(x),
        "chamfer_distance": lambda: diversity.chamfer_distance(x),
        "knn_distance k=5": lambda: diversity.knn_distance(x),
        "nearest_real_distance": lambda: shift.nearest_real_distance(x, y),
        "prdc": lambda: shift.prdc(x, y),
        "novelsum": lambda: diversity.novelsum(x, y),
    }
    for name, function in cases.items():
        yield compare(f"{name} n={n} d=384", function, "none", None, "< 1000 MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the texts")
    parser.add_argument("--scale", type=int, help="only the quadratic measures at this n")
    parser.add_argument("--panel", type=int, help="only both panels at this n")
    arguments = parser.parse_args()
    print(f"{'measure':34}{'ours s':>9}{'peer s':>9}{'ratio':>8}{'extra MB':>10}  peer; target")
    if arguments.scale:
        made = scale_rows(arguments.scale)
    elif arguments.panel:
        made = panel_rows([arguments.panel])
    else:
        made = rows(arguments.quick)
    for row in made:
        peer = "" if row.peer_s is None else f"{row.peer_s:.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        print(
            f"{row.name:34}{row.ours_s:9.2f}{peer:>9}{ratio:>8}{row.extra_mb:10.0f}  "
            f"{row.peer}; {row.target}; {row.note}",
            flush=True,
        )


if __name__ == "__main__":
    main()
