"""How many rows, and which in turn, labels have by their weights."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

NONE_YET: Mapping[Any, int] = MappingProxyType({})


def in_proportion(
    weights: Mapping[Any, float], counts: Mapping[Any, int] = NONE_YET
) -> Iterator[Any]:
    """Labels without end: of the first n, whatever n is, each has nearly its share.

    Next comes the label with the highest weight / (2 x its labels so far + 1), of equal ones the
    first: with equal weights the labels come in turn. Labels without weight never come. Larger
    numbers contain smaller ones, which largest remainders do not grant. counts: of the labels so
    far.

    Source: the method of Webster and Sainte-Laguë, Balinski and Young 1982.
    """
    labels, values = list(weights), list(weights.values())
    odds = [2 * counts.get(label, 0) + 1 for label in labels]
    queue = [
        (odd / weight, place, odd)
        for place, (odd, weight) in enumerate(zip(odds, values, strict=True))
        if weight > 0
    ]
    heapq.heapify(queue)
    while queue:
        _, place, odd = queue[0]
        yield labels[place]
        heapq.heapreplace(queue, ((odd + 2) / values[place], place, odd + 2))


def shares(n: int, weights: Mapping[Any, float]) -> dict[Any, int]:
    """How many of n rows each label has; see `in_proportion`."""
    positive = [weight for weight in weights.values() if weight > 0]
    # A label of weight w has over wt/2 - 1/2 rows where all before it in turn have odd / weight up
    # to t, and this t is reached. One less is a bound whatever is rounded; turns add the last few.
    t = (2 * n - len(positive)) / (sum(positive) or 1)
    counts = Counter({label: max(0, int(w * t / 2 - 1 / 2)) for label, w in weights.items()})
    counts.update(islice(in_proportion(weights, counts), n - counts.total()))
    return {label: counts[label] for label in weights}


def missing(n: int, weights: Mapping[str, float], share: float) -> dict[str, int]:
    """Rows that each rare label lacks, of n rows in these proportions, to a share of the commonest.

    `share` of 1 is as many rows of every label; labels that lack none are left out.
    """
    rows = shares(n, weights)
    wanted = round(share * max(rows.values()))
    return {label: wanted - count for label, count in rows.items() if count < wanted}


def cycle(weights: Mapping[str, int]) -> list[str]:
    """Labels in an order that, over and over, has nearly these proportions; each occurs.

    Weights count as whole percent, so that a few more rows seldom change it.
    """
    total = sum(weights.values())
    parts = {label: max(1, round(100 * rows / total)) for label, rows in weights.items()}
    return list(islice(in_proportion(parts), sum(parts.values())))
