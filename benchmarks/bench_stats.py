"""Error rates of the statistics on simulated studies whose truth is known.

`python benchmarks/bench_stats.py [STUDIES]` prints a table. The slow tests call the same
simulations.
"""

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

# Thousands of small products: threads that wait for each other make them several times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
from mixtura import stats

TITLE = "Error rates of the statistics on simulated studies of known truth"
LEVELS = np.arange(7.0)
STUDIES = 1000
# Chance 1 in 1,000 that a right test leaves this band in 1,000 studies (binomial).
BAND = (0.029, 0.075)


class Row(NamedTuple):
    """One simulated figure and the range it has to lie in."""

    name: str
    measured: float
    low: float
    high: float

    @property
    def target(self) -> str:
        """The range in words."""
        return f"{self.low:.1%} to {self.high:.1%}"

    @property
    def good(self) -> bool:
        """Whether the figure lies in its range."""
        return self.low <= self.measured <= self.high


def predictions(rng, seeds, arms=2, items=300, gain=0.0, draw=0.3, train=0.3, item=0.5, labels=2):
    """Gold (items,) and predictions (arms, seeds, items); all but the first arm gain on the logit.

    draw is the standard deviation of the few real rows of a seed, which all arms share; train of
    one training; item of an arm's favour to an item, beside how hard it is for all.
    """
    logit = 1.2 + rng.normal(0, 1.2, items) + rng.normal(0, draw, (seeds, 1))
    logit = logit + rng.normal(0, train, (arms, seeds, 1)) + rng.normal(0, item, (arms, 1, items))
    logit[1:] += gain
    gold = rng.integers(labels, size=items)
    wrong = (gold + rng.integers(1, labels, size=logit.shape)) % labels
    return gold, np.where(rng.random(logit.shape) < 1 / (1 + np.exp(-logit)), gold, wrong)


def expected(gain=0.0, draw=0.3, train=0.3, item=0.5):
    """Expected accuracy of an arm of `predictions`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    spread = np.sqrt(1.2**2 + draw**2 + train**2 + item**2)
    return float(weights @ (1 / (1 + np.exp(-(1.2 + gain + spread * nodes)))) / weights.sum())


def differences(seeds, metric="accuracy", labels=2, studies=STUDIES, resamples=400, **truth):
    """Rate of p < 0.05 and coverage of the paired difference and of the score's interval."""
    rng = np.random.default_rng(seeds)
    gain = truth.get("gain", 0.0)
    noise = {key: value for key, value in truth.items() if key != "gain"}
    score, change = expected(gain, **noise), expected(gain, **noise) - expected(**noise)
    found = []
    for _ in range(studies):
        gold, (real, mixed) = predictions(rng, seeds, labels=labels, **truth)
        result = stats.paired_difference(gold, mixed, real, metric, resamples)
        interval = stats.score_interval(gold, mixed, metric, resamples)
        found.append(
            (
                result.p_value < 0.05,
                result.low <= change <= result.high,
                interval.low <= score <= interval.high,
            )
        )
    return np.mean(found, axis=0)


def family(seeds, gain=0.0, arms=15, studies=STUDIES, train=0.3):
    """Of 14 arms: share of studies where Holm lets any pass, of arms that pass, of p < 0.05."""
    rng = np.random.default_rng(seeds)
    found = []
    for _ in range(studies):
        gold, (real, *mixed) = predictions(rng, seeds, arms, items=120, gain=gain, train=train)
        results = stats.paired_differences(gold, mixed, real, resamples=100)
        p = np.array([result.p_value for result in results])
        passed = stats.holm(p) < 0.05
        found.append((passed.any(), passed.mean(), (p < 0.05).mean()))
    return np.mean(found, axis=0)


def scores(rng, curve, seeds=5, draw=0.03, slope=0.0, arm=0.007, cell=0.01):
    """Scores (seeds, arms) around a curve (arms,): noise of a seed's real rows, of its slope, of
    an arm (its generated rows and the favour of the test items) and of one training."""
    z = np.linspace(-1, 1, curve.size)
    return (
        curve
        + rng.normal(0, draw, (seeds, 1))
        + rng.normal(0, slope, (seeds, 1)) * z
        + rng.normal(0, arm, curve.size)
        + rng.normal(0, cell, (seeds, curve.size))
    )


def bends(curve, studies=STUDIES, x=LEVELS, group=None, **noise):
    """Rates of p < 0.05 of Lind and Mehlum's and of the two-lines test."""
    rng = np.random.default_rng(1)
    found = [stats.inverted_u(x, scores(rng, curve, **noise), group) for _ in range(studies)]
    return np.mean([(u.p_value < 0.05, u.two_lines_p_value < 0.05) for u in found], axis=0)


def peaks(curve, peak, studies=STUDIES, **noise):
    """Coverage of the peak's interval where the fit bends down."""
    rng = np.random.default_rng(2)
    found = [stats.inverted_u(LEVELS, scores(rng, curve, **noise)) for _ in range(studies)]
    return float(
        np.mean([u.peak_low <= peak <= u.peak_high for u in found if u.peak_low == u.peak_low])
    )


def slopes(true, seeds=5, studies=STUDIES, **noise):
    """Rate of p < 0.05 and coverage of the trend over the levels."""
    rng = np.random.default_rng(seeds)
    found = [
        stats.trend(LEVELS, scores(rng, true * LEVELS, seeds, **noise)) for _ in range(studies)
    ]
    return np.mean([(t.p_value < 0.05, t.low <= true <= t.high) for t in found], axis=0)


def interactions(true, seeds=5, studies=STUDIES, **noise):
    """Rate of p < 0.05 and coverage of level x size, beside a bend in level."""
    rng = np.random.default_rng(seeds)
    level, size = (axis.ravel() for axis in np.meshgrid(LEVELS, [8.1, 9.0, 9.9]))
    curve = 0.02 * size - 0.004 * (level - 3) ** 2 + true * level * size
    found = [
        stats.interaction(level, size, scores(rng, curve, seeds, **noise)) for _ in range(studies)
    ]
    return np.mean([(t.p_value < 0.05, t.low <= true <= t.high) for t in found], axis=0)


def mediations(a, b, direct, studies=STUDIES, seeds=5, **noise):
    """Rates of p < 0.05 of the total, direct and indirect effect, and coverage of the last.

    Two pipelines of 7 levels; shift = a * level + noise, score = direct * level + b * shift.
    """
    rng = np.random.default_rng(3)
    level, group = np.tile(LEVELS, 2), np.repeat([0, 1], 7)
    found = []
    for _ in range(studies):
        shift = a * level + rng.normal(0, 1, level.size)
        y = scores(rng, direct * level + b * shift, seeds, **noise)
        m = stats.mediation(level, shift, y, group, draws=2000)
        covered = m.indirect.low <= a * b <= m.indirect.high
        found.append([*(part.p_value < 0.05 for part in m), covered])
    return np.mean(found, axis=0)


def correlations(rho, arms=14, studies=STUDIES):
    """Rate of p < 0.05 and coverage of Spearman's correlation of a measure with the score."""
    rng = np.random.default_rng(4)
    true = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's of a normal pair with Pearson's rho
    found = []
    for _ in range(studies):
        x = rng.normal(size=arms)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=arms)
        result = stats.rank_agreement(x, y)
        found.append((result.p_value < 0.05, result.low <= true <= result.high))
    return np.mean(found, axis=0)


FLAT = 0 * LEVELS
BENT = -0.008 * (LEVELS - 3) ** 2
MONOTONE = 0.012 * LEVELS
EDGE = -0.006 * (LEVELS - 6) ** 2  # rises to a flat end: the nearest that no inverted U comes


def error_rows(studies=STUDIES):
    """False positives and coverage."""
    out = []

    def add(name, measured, low, high):
        out.append(Row(name, float(measured), low, high))
        print(f"{name}: {measured:.1%}", file=sys.stderr, flush=True)

    def rate(name, measured, low=BAND[0], high=BAND[1]):
        add(f"{name}: false positives", measured, low, high)

    def cover(name, measured, low=0.93, high=0.97):
        add(f"{name}: coverage", measured, low, high)

    for seeds in (3, 5, 10):
        false, covered, scored = differences(seeds, studies=studies)
        rate(f"paired difference, {seeds} seeds", false)
        cover(f"paired difference, {seeds} seeds", covered)
        cover(f"score, {seeds} seeds", scored)
        _, covered, scored = differences(seeds, studies=studies, gain=0.5)
        cover(f"paired difference, {seeds} seeds, with effect", covered)
        noisy = {"draw": 0.6, "train": 0.8, "item": 0.1}
        rate(
            f"paired difference, {seeds} seeds, seeds matter most",
            differences(seeds, studies=studies, **noisy)[0],
        )
        still = {"draw": 0.0, "train": 0.0, "item": 1.0}  # rarer misses than 5 % do no harm here
        rate(
            f"paired difference, {seeds} seeds, items matter most",
            differences(seeds, studies=studies, **still)[0],
        )
    rate("paired difference of macro-F1, 5 seeds", differences(5, "macro_f1", 4, studies)[0])
    for seeds in (3, 5):
        any_arm, _, single = family(seeds, studies=max(studies // 2, 2))
        rate(f"one of 14 arms, {seeds} seeds", single)
        rate(f"any of 14 arms after Holm, {seeds} seeds", any_arm, 0)
    for seeds in (3, 5, 10):
        false, covered = slopes(0, seeds, studies)
        rate(f"trend, {seeds} seeds", false)
        cover(f"trend, {seeds} seeds", covered)
        rate(f"level x size, {seeds} seeds", interactions(0, seeds, studies)[0])
    false, covered = slopes(0, 5, studies, slope=0.02)
    rate("trend, 5 seeds whose slopes differ", false)
    cover("level x size, 5 seeds, with effect", interactions(0.003, 5, studies)[1])
    for name, curve, low in (("flat", FLAT, 0), ("rising to a flat end", EDGE, BAND[0])):
        lind, two = bends(curve, studies)
        rate(f"inverted U by Lind-Mehlum, truth {name}", lind, low)
        rate(f"inverted U by two lines, truth {name}", two, 0)
    cover("peak of an inverted U", peaks(BENT, 3, studies))
    rate(
        "mediated effect, shift moves with level but not score",
        mediations(0.5, 0, 0.01, studies)[2],
    )
    rate(
        "mediated effect, shift moves score but not with level",
        mediations(0, 0.01, 0.01, studies)[2],
    )
    cover("mediated effect", mediations(0.5, -0.015, 0, studies)[3])
    rate("rank agreement, 14 arms", correlations(0, studies=studies)[0])
    cover("rank agreement, 14 arms, rho 0.6", correlations(0.6, studies=studies)[1])
    return out


def power_rows(studies=STUDIES):
    """Planted truths told apart: each found at 80 % or more, and hardly taken for another."""
    lind, two = bends(BENT, studies)
    wrong_lind, wrong_two = bends(MONOTONE, studies)
    rising = slopes(0.012, studies=studies)[0]
    total, _, through, _ = mediations(0.5, -0.02, 0, studies)
    _, past, not_through, _ = mediations(0.5, 0, -0.015, studies)
    found = {
        "planted inverted U found by Lind-Mehlum": lind,
        "planted inverted U found by two lines": two,
        "planted monotone trend found": rising,
        "planted mediation: total effect found": total,
        "planted mediation: path through the shift found": through,
        "planted direct effect found beside the shift": past,
    }
    mistaken = {
        "planted monotone trend taken for an inverted U by Lind-Mehlum": wrong_lind,
        "planted monotone trend taken for an inverted U by two lines": wrong_two,
        "planted direct effect taken for mediation": not_through,
    }
    found["one of 14 arms that gain a lot, 5 seeds, found after Holm"] = family(
        5, gain=1.5, studies=max(studies // 10, 2)
    )[1]
    return [Row(name, float(value), 0.8, 1) for name, value in found.items()] + [
        Row(name, float(value), 0, BAND[1]) for name, value in mistaken.items()
    ]


def run(quick=False):
    """Yield every figure with its target; quick: a tenth of the studies."""
    studies = STUDIES // 10 if quick else STUDIES
    for row in [*error_rows(studies), *power_rows(studies)]:
        yield {
            "figure": row.name,
            "measured": f"{row.measured:.1%}",
            "target": row.target,
            "met": "yes" if row.good else "no",
        }


if __name__ == "__main__":
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    start = time.perf_counter()
    for row in [*error_rows(studies), *power_rows(studies)]:
        print(f"| {row.name} | {row.measured:.1%} | {row.target} |{'' if row.good else ' MISSED'}")
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
