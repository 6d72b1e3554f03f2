"""Paraphrases: the pool that levels of a paraphrase pipeline replace rows from."""

from collections.abc import Sequence
from itertools import zip_longest

from pydantic import Field

from mixtura.core.settings import Positive, Settings
from mixtura.generate.dials.base import Material, Prompt


class ParaphrasePool(Settings):
    """How many prompts the pool has, which all levels of the pipeline share."""

    attempts: Positive = Field(description="prompts for each source text")


Level = ParaphrasePool


def in_turn(
    rows: Sequence[tuple[str, str, str]], labels: Sequence[str]
) -> list[tuple[str, str, str]]:
    """The (id, text, label) rows in their order, labels in turn: what levels take the first of."""
    columns = [[row for row in rows if row[2] == label] for label in labels]
    return [row for together in zip_longest(*columns) for row in together if row]


def specify(level: ParaphrasePool, material: Material, indices: range) -> list[Prompt]:
    """`attempts` prompts for each row in turn, as far as there are rows; `source` is its text."""
    sources = in_turn(material.examples, material.labels)
    count = len(sources) * level.attempts
    prompts = []
    for index in indices[: max(0, count - indices.start)]:
        row, text, label = sources[index // level.attempts]
        prompts.append(Prompt(index, label, ((row, text),), {"source": text}))
    return prompts
