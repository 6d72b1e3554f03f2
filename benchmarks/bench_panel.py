"""Both panels as a study runs them: real and held-out real text of the same size beside."""

import sys
import time
from collections.abc import Callable, Iterator

from measuring import Row, compare, texts, unit

from mixtura.measure.diversity_panel import diversity_panel
from mixtura.measure.shift_panel import shift_panel

TITLE = "The whole panel, diversity and shift, on 10,000 short texts"


def run(quick: bool = False) -> Iterator[Row]:
    """Yield one row: both panels with all measures and intervals."""
    yield both_panels(2_000 if quick else 10_000, "< 45 s and < 2000 MB")


def both_panels(n: int, target: str) -> Row:
    """Time both panels on n texts; the note names the slowest measures."""
    words = [texts(n, seed) for seed in range(3)]
    vectors = [unit(n, seed=3 + seed) for seed in range(3)]
    labels = ["a", "b"] * (n // 2)
    spent: dict[str, float] = {}

    def both() -> None:
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

    row = compare(f"both panels n={n} d=384", both, "none", None, target)
    slow = sorted(spent, key=lambda name: -spent[name])[:6]
    row["note"] = "slowest: " + ", ".join(f"{name} {spent[name]:.1f} s" for name in slow)
    return row


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
