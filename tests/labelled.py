"""Made-up predictions of three labels: what the statistics are tested on."""

import numpy as np
import polars as pl


def predictions(rng, gold, seeds=4, right=0.8, labels=3):
    """Predictions that are right with this chance, else any label."""
    wrong = rng.integers(labels, size=(seeds, gold.size))
    return np.where(rng.random((seeds, gold.size)) < right, gold, wrong)


def study(rng, levels=("D0", "D1", "D2"), gains=(0.0, 0.3, -0.3), seeds=5, items=200):
    """Predictions and arms of a tiny study: one baseline, one arm per level with its gain."""
    gold = rng.integers(3, size=items)
    rows, arms = [], []
    for arm, gain in [("real", 0.0), *zip(levels, gains, strict=True)]:
        predicted = predictions(rng, gold, seeds, 0.5 + gain)
        rows += [
            pl.DataFrame(
                {"id": [f"t{i}" for i in range(items)], "gold": gold, "predicted": predicted[s]}
            ).with_columns(pl.lit(arm).alias("arm"), pl.lit("m").alias("model"), seed=s)
            for s in range(seeds)
        ]
        generated = arm != "real"
        arms.append(
            {
                "arm": arm,
                "design": "mix-add",
                "generator": "g" if generated else None,
                "pipeline": "topic" if generated else None,
                "level": arm if generated else None,
                "n_real": 50,
                "n_generated": 100 * generated,
                "baseline": "real" if generated else None,
            }
        )
    return pl.concat(rows), pl.DataFrame(arms)


def replicated(rng, replicates=4, **shape):
    """`study` in several replicates, on the same test rows."""
    parts = [study(rng, **{"seeds": 2, **shape}) for _ in range(replicates)]
    gold = parts[0][0].unique("id").select("id", right="gold")
    frames = []
    for replicate, (rows, _) in enumerate(parts):
        moved = (pl.col("predicted") - pl.col("gold") + pl.col("right")) % 3
        frame = rows.join(gold, on="id").with_columns(predicted=moved, gold="right")
        frames.append(frame.drop("right").with_columns(replicate=replicate))
    return pl.concat(frames), parts[0][1]
