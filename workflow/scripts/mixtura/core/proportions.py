"""How many rows, and which in turn, labels have by their weights."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any


def in_proportion(weights: Mapping[Any, float]) -> Iterator[Any]:
    """Labels without end: of the first n, whatever n is, each has nearly its share.

    Next comes the label with the highest weight / (2 x its labels so far + 1), of equal ones the
    first: with equal weights the labels come in turn. Labels without weight never come. Larger
    numbers contain smaller ones, which largest remainders do not grant.

    Source: the method of Webster and Sainte-Laguë, Balinski and Young 1982.
    """
    queue = [(1 / weight, place, 1) for place, weight in enumerate(weights.values()) if weight > 0]
    heapq.heapify(queue)
    labels, values = list(weights), list(weights.values())
    while queue:
        _, place, odd = queue[0]
        yield labels[place]
        heapq.heapreplace(queue, ((odd + 2) / values[place], place, odd + 2))


def shares(n: int, weights: Mapping[Any, float]) -> dict[Any, int]:
    """How many of n rows each label has; see `in_proportion`."""
    counts = Counter(islice(in_proportion(weights), n))
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
