"""Incentives: prompts that push away from what is common, and a stronger push is a higher level.

A level sets how many `taboo` words a prompt forbids, how many `hints` it asks for, and how many of
the texts that it shows are outliers (`chain`). Taboo words are those that most texts hold, hints
are words that one text alone holds, an outlier is a text of the label whose words are rare. The
first batch of a shard knows the real examples only; each later one also the rows that were
accepted in the shard before it. So a shard depends on itself alone, and repeats.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from mixtura.core.settings import Settings
from mixtura.core.streams import stream_seed
from mixtura.generate.dials.base import Material, Prompt
from mixtura.generate.dials.words import count_words, ranked_words, rarity

OUTLIERS = 0.1  # share of a label's texts, the rarest words first, that count as outliers


class IncentiveLevel(Settings):
    """One level of an incentive pipeline."""

    taboo: int = Field(0, ge=0, description="words that a prompt forbids: those most texts hold")
    hints: int = Field(0, ge=0, description="words that a prompt asks for: those one text holds")
    chain: int = Field(0, ge=0, description="shown texts that are outliers of what came before")


Level = IncentiveLevel


def specify(level: IncentiveLevel, material: Material, indices: range) -> list[Prompt]:
    """Plain prompts, each with `hints` random words that only one example holds."""
    counts = count_words([text for _, text, _ in material.examples], material.language)
    rare = sorted(word for word, count in counts.items() if count == 1)
    if len(rare) < level.hints:
        raise ValueError(
            f"{level.hints} hints are wanted, but only {len(rare)} words are in one example "
            "alone; lower `hints` of the level, or raise designs.real"
        )
    prompts = []
    for index in indices:
        prompt, rng = material.draw(index)
        prompts.append(replace(prompt, fields={"hints": rng.sample(rare, level.hints)}))
    return prompts


def chain(
    level: IncentiveLevel,
    material: Material,
    prompts: Sequence[Prompt],
    rows: Sequence[tuple[str, str, str]],
) -> list[Prompt]:
    """The prompts of a batch after the (id, text, label) rows of its shard that came before.

    Taboo are the words that most of these rows (at first: of the examples) hold; `chain` of the
    shown texts, the last ones, are random outliers among the examples and these rows.
    """
    texts = [text for _, text, _ in rows or material.examples]
    taboo = ranked_words(texts, material.language)[: level.taboo] if level.taboo else []
    known = [*material.examples, *rows]
    outliers = (
        {label: _outliers(known, label, material.language) for label in set(material.labels)}
        if level.chain
        else {}
    )
    chained = []
    for prompt in prompts:
        rare = [row for row in outliers.get(prompt.label, []) if row not in prompt.examples]
        rng = random.Random(stream_seed(0, *material.stream, prompt.index, "chain"))
        drawn = rng.sample(rare, min(level.chain, len(rare)))
        examples = (*prompt.examples[len(drawn) :], *drawn)
        chained.append(replace(prompt, examples=examples, fields={**prompt.fields, "taboo": taboo}))
    return chained


def _outliers(
    rows: Sequence[tuple[str, str, str]], label: str, language: str
) -> list[tuple[str, str]]:
    pairs = [(row, text) for row, text, of in rows if of == label]
    scores = rarity([text for _, text in pairs], language)
    ranked = sorted(range(len(pairs)), key=lambda place: (-scores[place], pairs[place][0]))
    return [pairs[place] for place in ranked[: max(1, round(OUTLIERS * len(pairs)))]]
