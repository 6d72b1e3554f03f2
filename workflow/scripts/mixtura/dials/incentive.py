"""Incentives: prompts that push away from what is common, and a stronger push is a higher level.

A level sets how many `taboo` words a prompt forbids, how many `hints` it asks for, and how many of
the texts that it shows are outliers (`chain`). Taboo words are those that most texts hold, hints
are words that one text alone holds, an outlier is a text of the wanted label whose words are rare.
The first batch of a shard knows the real examples only; each later one also the rows that were
accepted in the shard before it. So a shard depends on itself alone, and repeats.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mixtura.dials.base import Given, PromptSpec
from mixtura.dials.words import count_words, ranked_words, rarity
from mixtura.streams import stream_seed

OUTLIERS = 0.1  # share of a label's texts, the rarest words first, that count as outliers


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """Plain prompts, each with `hints` random words that only one example holds."""
    counts = count_words([text for _, text, _ in given.examples])
    rare = sorted(word for word, count in counts.items() if count == 1)
    if len(rare) < level["hints"]:
        raise ValueError(
            f"{level['hints']} hints are wanted, but only {len(rare)} words are in one example "
            "alone; lower `hints` of the level, or raise task.examples"
        )
    specs = []
    for index in indices:
        spec, rng = given.draw(index)
        specs.append(replace(spec, fields={"hints": rng.sample(rare, level["hints"])}))
    return specs


def chain(
    level: Mapping[str, Any],
    given: Given,
    specs: Sequence[PromptSpec],
    earlier: Sequence[tuple[str, str, str]],
) -> list[PromptSpec]:
    """The prompts of a batch, given the (id, text, label) rows of its shard that came before.

    Taboo are the words that most of `earlier` (at first: of the examples) hold; `chain` of the
    shown texts, the last ones, are random outliers among the examples and `earlier`.
    """
    told = [text for _, text, _ in earlier or given.examples]
    taboo = ranked_words(told)[: level["taboo"]] if level["taboo"] else []
    known = [*given.examples, *earlier]
    outliers = {label: _outliers(known, label) for label in given.labels} if level["chain"] else {}
    chained = []
    for spec in specs:
        rare = [row for row in outliers.get(spec.label, []) if row not in spec.examples]
        rng = random.Random(stream_seed(0, *given.stream, spec.index, "chain"))
        drawn = rng.sample(rare, min(level["chain"], len(rare)))
        shown = (*spec.examples[len(drawn) :], *drawn)
        chained.append(replace(spec, examples=shown, fields={**spec.fields, "taboo": taboo}))
    return chained


def _outliers(rows: Sequence[tuple[str, str, str]], label: str) -> list[tuple[str, str]]:
    own = [(row, text) for row, text, of in rows if of == label]
    scores = rarity([text for _, text in own])
    ranked = sorted(range(len(own)), key=lambda place: (-scores[place], own[place][0]))
    return [own[place] for place in ranked[: max(1, round(OUTLIERS * len(own)))]]
