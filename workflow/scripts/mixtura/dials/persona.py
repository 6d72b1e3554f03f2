"""Personas: the text is asked for in the name of someone, and more people are a higher level."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mixtura.dials.base import Given, PromptSpec
from mixtura.streams import stream_seed

MANNERS = """angry blunt bored cautious cheerful curious cynical disappointed dramatic dry excited
gentle grumpy impatient ironic nostalgic optimistic poetic polite practical pedantic proud puzzled
relaxed romantic sarcastic serious shy sleepy suspicious talkative thoughtful""".split()  # noqa: SIM905
PEOPLE = """teacher student nurse farmer engineer lawyer journalist musician painter carpenter
librarian waiter chef soldier scientist retiree parent teenager grandmother tourist salesman
accountant athlete actor poet mechanic gardener detective doctor programmer comedian historian
banker baker pilot priest politician philosopher dancer hairdresser""".split()  # noqa: SIM905


def built_in_personas() -> list[str]:
    """Every manner with every kind of person, in one fixed random order: "a dry chef"."""
    pairs = itertools.product(MANNERS, PEOPLE)
    named = [f"{'an' if manner[0] in 'aeiou' else 'a'} {manner} {who}" for manner, who in pairs]
    return sorted(named, key=lambda persona: stream_seed(0, "persona", persona))


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """Plain prompts, each with a random one of the first `personas` personas.

    Personas are the given lines, or else the built-in ones. Raises ValueError where they are fewer
    than the level asks for.
    """
    personas = given.lines or built_in_personas()
    if len(personas) < level["personas"]:
        raise ValueError(
            f"{level['personas']} personas are wanted, but there are {len(personas)}; lower "
            "`personas` of the level, or list more"
        )
    personas = personas[: level["personas"]]
    specs = []
    for index in indices:
        spec, rng = given.draw(index)
        specs.append(replace(spec, fields={"persona": rng.choice(personas)}))
    return specs
