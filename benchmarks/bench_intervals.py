"""How often the 95 % interval of DCScore holds what fresh samples of the same size have on average.

Texts lie in heaps whose sizes follow Zipf, as generated text does; the peer is the interval from
subsets that other measures of the panel have.
"""

from collections.abc import Iterator

import numpy as np
from measuring import Row
from numpy.typing import NDArray

from mixtura.measure.diversity import dcscore
from mixtura.measure.diversity.dcscore import SoftmaxTrace
from mixtura.measure.intervals import Spread

TITLE = "How often the interval of DCScore holds the truth"

TAUS = [0.05, 0.1, 0.25, 0.5, 1.0]
HEAPS = ((5, 0.3), (20, 0.5), (100, 0.3), (100, 1.0), (1000, 0.2))  # number, width


def run(quick: bool = False) -> Iterator[Row]:
    """Yield one row a size, number of heaps and width; quick: a quarter of the repeats."""
    for n in (64, 256):
        for heaps, width in HEAPS:
            yield coverage(n, heaps, width, 50 if quick else 200)


def coverage(n: int, heaps: int, width: float, repeats: int) -> Row:
    """Share of intervals that hold the mean over fresh samples, at each temperature."""
    random = np.random.default_rng([n, heaps])
    centres = random.standard_normal((heaps, 64)) + 0.7
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    share = 1 / np.arange(1, heaps + 1)

    def draw() -> NDArray[np.float32]:
        heap = random.choice(heaps, n, p=share / share.sum())
        x = centres[heap] + width * random.standard_normal((n, 64)) / 8
        return x.astype(np.float32)

    truth = np.mean([dcscore(draw(), tau=TAUS) for _ in range(2 * repeats)], axis=0)
    hits, subset_hits = np.zeros(len(TAUS)), np.zeros(len(TAUS))
    for _ in range(repeats):
        x = draw()
        trace = SoftmaxTrace(x, "cosine", TAUS, gamma=1.0, degree=3)
        parts = [dcscore(x[random.permutation(n)[: n // 2]], tau=TAUS) for _ in range(20)]
        for i, (low, high) in enumerate(trace.intervals):
            hits[i] += low <= truth[i] <= high
            spread = Spread([part[i] for part in parts], n // 2, n)
            ends = spread.interval(trace.scores[i], grows=True)
            subset_hits[i] += ends[0] is not None and ends[0] <= truth[i] <= ends[1]
    row: Row = {"case": f"n={n}, {heaps} heaps of width {width:g}", "studies": repeats}
    for i, tau in enumerate(TAUS):
        row[f"tau {tau:g}"] = f"{hits[i] / repeats:.3f}"
        row[f"subsets {tau:g}"] = f"{subset_hits[i] / repeats:.3f}"
    return row | {"target": ">= 0.90"}
