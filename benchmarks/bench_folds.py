"""Coverage of the intervals of studies in folds, whose trainings overlap, where truth is known.

`python benchmarks/run.py folds`. A study has 240 labelled rows of six skewed labels, folds, and a
classifier of nearest class means that really is fitted on the rows outside a fold; it goes through
`findings`, which the rule findings calls. The truth is the gain over new labelled rows, by draws of
these on 4,000 test rows each.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))
from mixtura.infer.findings import findings
from mixtura.prepare.folds import fold_ids

TITLE = "Intervals of studies in folds: 240 rows of six skewed labels"
COUNTS = np.array([90, 60, 40, 25, 15, 10])
WIDTH = 6  # features of a row
CENTRES = np.random.default_rng(7).normal(0, 0.9, (len(COUNTS), WIDTH))
SHIFT = np.random.default_rng(8).normal(0, 0.35, CENTRES.shape)  # of the text of the generator
STUDIES, TRUTHS = 500, 4000
ARMS = {"real": None, "same": "real", "mixed": "real"}  # arm -> its baseline


def draw(labels: np.ndarray, rng: np.random.Generator, shift: float = 0.0) -> np.ndarray:
    """Features (rows, WIDTH) of rows of these labels."""
    return CENTRES[labels] + shift * SHIFT[labels] + rng.normal(0, 1, (len(labels), WIDTH))


def predict(x: np.ndarray, y: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Labels of test rows by the nearest mean of a label, with its share of the training rows."""
    counts = np.bincount(y, minlength=len(COUNTS))
    sums = np.zeros((len(COUNTS), WIDTH))
    np.add.at(sums, y, x)
    means = sums / np.maximum(counts, 1)[:, None]
    distances = ((test[:, None] - means) ** 2).sum(-1) / 2
    log_shares = np.log(np.maximum(counts, 1e-12) / len(y))
    return (log_shares - distances).argmax(1)


def predictions_of(
    x: np.ndarray, y: np.ndarray, test: np.ndarray, n: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """What the three arms predict: n real rows; n others, which gain nothing; with generated ones.

    x and y are the rows outside the fold; what is drawn of them differs from replicate to
    replicate.
    """
    order = rng.permutation(len(y))
    first, others = order[:n], order[-n:]
    labels = rng.choice(len(COUNTS), n, p=COUNTS / COUNTS.sum())
    mixed = np.concatenate([x[first], draw(labels, rng, 1.0)]), np.concatenate([y[first], labels])
    return {
        "real": predict(x[first], y[first], test),
        "same": predict(x[others], y[others], test),
        "mixed": predict(*mixed, test),
    }


def true_gain(n: int, folds: int) -> float:
    """The gain of the arm `mixed` over new rows, of `same` it is 0."""
    rng = np.random.default_rng(11)
    y = np.repeat(np.arange(len(COUNTS)), COUNTS)
    gains = []
    for _ in range(TRUTHS // 8):
        rows = rng.permutation(len(y))[: len(y) - len(y) // folds]
        test = rng.choice(len(COUNTS), 4000, p=COUNTS / COUNTS.sum())
        right = {
            arm: (labels == test).mean()
            for arm, labels in predictions_of(
                draw(y[rows], rng), y[rows], draw(test, rng), n, rng
            ).items()
        }
        gains.append(right["mixed"] - right["real"])
    return float(np.mean(gains))


def study(seed: int, n: int, folds: int, replicates: int) -> pl.DataFrame:
    """Predictions of a study."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(COUNTS)), COUNTS))
    x, ids = draw(y, rng), np.array([f"{row:03}" for row in range(len(y))])
    rows = pl.DataFrame({"id": ids, "label": y.astype(str)})
    parts = []
    for replicate in range(replicates):
        tested = np.isin(ids, fold_ids(rows, folds, seed, replicate).to_numpy())
        arms = predictions_of(x[~tested], y[~tested], x[tested], n, rng)
        parts += [
            pl.DataFrame(
                {
                    "arm": arm,
                    "model": "means",
                    "replicate": replicate,
                    "seed": 0,
                    "id": ids[tested],
                    "gold": y[tested].astype(str),
                    "predicted": labels.astype(str),
                }
            )
            for arm, labels in arms.items()
        ]
    return pl.concat(parts)


def index() -> pl.DataFrame:
    """The index of the arms."""
    rows = [
        {"arm": arm, "design": "mix-add", "level": "D0" if base else None, "baseline": base}
        | dict.fromkeys(("generator", "pipeline"), arm if base else None)
        | {"n_real": 40, "n_generated": 40 if base else 0}
        for arm, base in ARMS.items()
    ]
    return pl.DataFrame(rows)


def covered(seed: int, n: int, folds: int, replicates: int, truth: dict[str, float]) -> dict:
    """Whether intervals hold the truth, and whether a gain is shown that is none."""
    predictions = study(seed, n, folds, replicates)
    table = findings(predictions, index(), ["accuracy"], seed)
    right = predictions.with_columns(right=(pl.col("gold") == pl.col("predicted")).cast(pl.Float64))
    result = {}
    for arm, gain in truth.items():
        row = table.row(by_predicate=pl.col("arm") == arm, named=True)
        result[f"{arm} findings"] = row["difference_low"] <= gain <= row["difference_high"]
        result[f"{arm} width"] = row["difference_high"] - row["difference_low"]
        pairs = right.filter(arm=arm).join(right.filter(arm="real"), on=["replicate", "id"])
        pairs = pairs.with_columns(gain=pl.col("right") - pl.col("right_right"))
        means = pairs.group_by("replicate").agg(pl.col("gain").mean())["gain"].to_numpy()
        for name, values in (("folds", means), ("rows", pairs["gain"].to_numpy())):
            half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
            result[f"{arm} {name}"] = abs(values.mean() - gain) <= half
        if not gain:
            result["false"] = row["verdict"] in ("gain shown", "loss shown")
    return result


def run(quick: bool = False) -> Iterator[dict[str, object]]:
    """Rows of the table: one for each design."""
    studies = 60 if quick else STUDIES
    for n, folds, replicates in ((40, 5, 5), (90, 5, 5), (90, 10, 10), (90, 5, 20)):
        truth = {"same": 0.0, "mixed": true_gain(n, folds)}
        outcomes = pl.DataFrame(
            covered(seed, n, folds, replicates, truth) for seed in range(studies)
        ).mean()
        of = outcomes.row(0, named=True)
        least = min(of["same findings"], of["mixed findings"])
        yield {
            "real rows of a mix": n,
            "folds": folds,
            "replicates": replicates,
            "true gain of mixed": truth["mixed"],
            "intervals hold, same": of["same findings"],
            "mixed": of["mixed findings"],
            "uncorrected, same": of["same folds"],
            "mixed, uncorrected": of["mixed folds"],
            "rows alone, same": of["same rows"],
            "width": of["same width"],
            "false verdicts": of["false"],
            "met": "yes" if least >= 0.93 and of["false"] <= 0.05 else "no",
        }


if __name__ == "__main__":
    for line in run("--quick" in sys.argv):
        print(line, flush=True)
