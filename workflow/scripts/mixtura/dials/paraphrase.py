"""Paraphrases: the pool that levels of a paraphrase pipeline replace rows from."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from mixtura.dials.base import Given, PromptSpec


def in_turn(
    rows: Sequence[tuple[str, str, str]], labels: Sequence[str]
) -> list[tuple[str, str, str]]:
    """The (id, text, label) rows in their order, labels in turn: what levels take the first of."""
    columns = [[row for row in rows if row[2] == label] for label in labels]
    return [row for together in zip_longest(*columns) for row in together if row]


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """`attempts` prompts for each row in turn, as far as there are rows; `source` is its text."""
    sources, attempts = in_turn(given.examples, given.labels), level["attempts"]
    specs = []
    for index in indices[: max(0, len(sources) * attempts - indices.start)]:
        row, text, label = sources[index // attempts]
        specs.append(PromptSpec(index, label, ((row, text),), {"source": text}))
    return specs
