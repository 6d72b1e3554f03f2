"""Both panels as a study runs them on two cores: two jobs side by side, a core each.

Real and held-out real text of the same size lie beside. The noise floor of shift is that of the
real text: the first set of a study measures it, all others read it.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from measuring import Row, measure, texts, unit

from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.noise_floor import Floor
from mixtura.measure.shift_panel import shift_panel

TITLE = "The whole panel, diversity and shift, on 10,000 short texts"


def run(quick: bool = False) -> Iterator[Row]:
    """Yield rows of the first set of a study and of another one: all measures and intervals."""
    yield from both_panels(2_000 if quick else 10_000, "< 45 s and < 2000 MB")


def both_panels(n: int, target: str) -> Iterator[Row]:
    """Time both panels on n texts; the note names the slowest measures."""
    floors: dict[str, list[Floor]] = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawn, initializer=_own_core, initargs=(spawn.Value("i"),)) as pool:
        list(pool.map(time.sleep, [1, 1]))  # both have started
        for name in ("first set of a study", "another set"):
            began = time.perf_counter()
            jobs = [pool.submit(_diversity, n), pool.submit(_shift, n, floors)]
            results = [job.result() for job in jobs]
            wall = time.perf_counter() - began
            floors = results[1]["floors"]
            spent = {key: seconds for result in results for key, seconds in result["spent"].items()}
            slow = sorted(spent, key=lambda key: -spent[key])[:6]
            yield {
                "measure": f"both panels n={n} d=384, {name}",
                "ours s": wall,
                "diversity s": results[0]["seconds"],
                "shift s": results[1]["seconds"],
                "extra MB": round(sum(result["MB"] for result in results)),
                "target": target,
                "note": "slowest: " + ", ".join(f"{key} {spent[key]:.1f} s" for key in slow),
            }


def _own_core(started: Any) -> None:
    cores = sorted(os.sched_getaffinity(0))
    with started.get_lock():
        core = cores[started.value % len(cores)]
        started.value += 1
    os.sched_setaffinity(0, {core})


def _diversity(n: int) -> dict[str, Any]:
    spent: dict[str, float] = {}
    step = stopwatch(spent)
    words, labels = texts(n), ["a", "b"] * (n // 2)
    rows, real = unit(n, seed=3), unit(n, seed=4)
    seconds, memory, _ = measure(lambda: diversity_panel(words, rows, real, labels, progress=step))
    step("")
    return {"seconds": seconds, "MB": memory, "spent": spent}


def _shift(n: int, floors: dict[str, list[Floor]]) -> dict[str, Any]:
    spent: dict[str, float] = {}
    step = stopwatch(spent)
    labels = ["a", "b"] * (n // 2)
    sets = [(texts(n, seed), unit(n, seed=3 + seed)) for seed in (1, 0, 2)]

    def panel() -> object:
        return shift_panel(
            *(part for pair in sets for part in pair),
            real_labels=labels,
            generated_labels=labels,
            held_out_labels=labels,
            floors=floors,
            progress=step,
        )

    seconds, memory, _ = measure(panel)
    step("")
    return {"seconds": seconds, "MB": memory, "spent": spent, "floors": floors}


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
