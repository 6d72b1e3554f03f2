"""Further shards for a level whose curation leaves too few rows: generate, curate, again."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from mixtura.core.proportions import shares
from mixtura.generate.settings import TopUp

Curate = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]


def top_up(
    pool: pl.DataFrame,
    settings: TopUp,
    curate: Curate,
    generate: Callable[[int], pl.DataFrame],
    say: Callable[[str], None],
) -> int:
    """How many shards the level has once curation leaves n rows in equal parts.

    `pool` holds the rows of the planned shards; `curate` gives the rows that stay, receipts of
    those that are removed, and counts; `generate` writes the shard of a number and gives its rows.
    Raises ValueError with what was removed where all shards that the cap allows leave too few.
    """
    n, labels, size = settings.n, settings.generate.labels, settings.generate.prompts
    shards = settings.planned
    while True:
        rows, removed, counts = curate(pool)
        label_counts = dict(rows["label"].value_counts().iter_rows())
        say(f"{shards} shards of {size} prompts left {label_counts} of {n} rows\n{counts}")
        further = more_shards(label_counts, labels, n, shards * size, size)
        if not further:
            return shards
        if shards == settings.most:
            reasons = dict(removed["stage"].value_counts().sort("stage").iter_rows())
            raise ValueError(
                f"{shards * size} prompts, all that generate.cap = {settings.cap:g} allows, left "
                f"{label_counts} of {n} rows in equal parts. {shards * size - pool.height} "
                f"completions did not parse, and {settings.key} removed {reasons}: raise "
                "generate.cap, or loosen what removed them"
            )
        for number in range(shards, min(shards + further, settings.most)):
            pool, shards = pl.concat([pool, generate(number)]), number + 1


def more_shards(
    counts: Mapping[str, int], labels: Sequence[str], n: int, prompts: int, shard: int
) -> int:
    """How many further shards of `shard` prompts should leave n rows, labels in proportion.

    `counts` holds the rows of each label that `prompts` prompts left after curation: the label with
    the lowest rate decides, and a tenth is added. 0 where there are enough. Where nothing was left
    there is no rate, and as many prompts again are asked for.
    """
    wanted = shares(n, dict(sorted(Counter(labels).items())))
    needed = [
        (rows - counts.get(label, 0)) * prompts / counts[label] if counts.get(label) else prompts
        for label, rows in wanted.items()
        if counts.get(label, 0) < rows
    ]
    if not needed:
        return 0
    return math.ceil(1.1 * max(needed) / shard)
