"""Power as `mixtura plan` states it, against how often the findings show such a gain.

Spreads are estimated from one large study of those that bench_stats.py simulates, then `power`
states the chance that a single mix with a true gain is shown. Beside it: in how many simulated
studies of that design the verdict of `findings_of`, which the rule findings calls, is so.
"""

import sys
from collections.abc import Iterator
from typing import Any

import bench_stats
import numpy as np
from bench_stats import ARMS, ITEMS, SEEDS, TRUTHS

from mixtura.infer.comparisons import study_of
from mixtura.infer.detect import Design, Spreads, power
from mixtura.infer.findings import findings_of
from mixtura.infer.metrics import metric_of
from mixtura.infer.pilot import pilot_of
from mixtura.infer.verdicts import GAIN

TITLE = "Power as it is stated before a study, against how often the verdict is then said"
MIXES = TRUTHS["null"][0]
CHANCES = (0.5, 0.8)


def spreads(replicates: int = 60) -> Spreads:
    """Those of a large study in which every mix gains the same, as mixes may in a pilot."""
    gains, control = TRUTHS["equal"]
    runs = bench_stats.runs(np.random.default_rng(2), gains, control, replicates)
    return pilot_of(study_of(runs, metric_of("accuracy"), 0.95, 0), ARMS)[0]


def shown(seed: int, gain: float, replicates: int) -> bool:
    """Whether a study shows the gain of the only mix that has one, another in each study."""
    gains = np.where(np.arange(MIXES.size) == seed % MIXES.size, gain, 0)
    rng = np.random.default_rng([seed, replicates, round(1e6 * gain)])
    runs = {"test": bench_stats.runs(rng, gains, 0.0, replicates)}
    table = findings_of(runs, ARMS, ["accuracy"], seed)
    return bool((table.filter(design="mix-add")["verdict"][seed % MIXES.size]) == GAIN)


def run(quick: bool = False, studies: int = 420) -> Iterator[dict[str, Any]]:
    """Yield the stated and the observed power of every number of replicates; quick: a tenth."""
    studies = studies // 10 if quick else studies
    measured = spreads()
    for replicates in (*bench_stats.REPLICATES, 12):
        stated = power(measured, Design(replicates, SEEDS, ITEMS, MIXES.size))
        for chance in CHANCES:
            gain = stated.gain(chance)
            observed = np.mean([shown(seed, gain, replicates) for seed in range(studies)])
            slack = 0.05 if not quick else 0.2
            yield {
                **{"replicates": replicates, "seeds": SEEDS, "test rows": ITEMS},
                **{"comparisons": MIXES.size, "gain": f"{100 * gain:.1f} points"},
                **{"stated": f"{stated.at(gain):.1%}", "observed": f"{observed:.1%}"},
                **{"studies": studies, "target": "within 5 points"},
                "met": "yes" if abs(observed - chance) <= slack else "no",
            }


if __name__ == "__main__":
    for row in run(studies=int(sys.argv[1]) if len(sys.argv) > 1 else 420):
        print(" | ".join(map(str, row.values())), flush=True)
