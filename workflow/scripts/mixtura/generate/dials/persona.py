"""Personas: the text is asked for in the name of someone, and more people are a higher level."""

import itertools
from dataclasses import replace

from pydantic import Field

from mixtura.core.settings import Positive, Settings
from mixtura.core.streams import stream_seed
from mixtura.generate.dials.base import Material, Prompt

MANNERS = """angry blunt bored cautious cheerful curious cynical disappointed dramatic dry excited
gentle grumpy impatient ironic nostalgic optimistic poetic polite practical pedantic proud puzzled
relaxed romantic sarcastic serious shy sleepy suspicious talkative thoughtful""".split()  # noqa: SIM905
PEOPLE = """teacher student nurse farmer engineer lawyer journalist musician painter carpenter
librarian waiter chef soldier scientist retiree parent teenager grandmother tourist salesman
accountant athlete actor poet mechanic gardener detective doctor programmer comedian historian
banker baker pilot priest politician philosopher dancer hairdresser""".split()  # noqa: SIM905


class PersonaLevel(Settings):
    """One level of a persona pipeline."""

    personas: Positive = Field(description="number of personas")


Level = PersonaLevel


def built_in_personas() -> list[str]:
    """Every manner with every kind of person, in one fixed random order: "a dry chef"."""
    pairs = itertools.product(MANNERS, PEOPLE)
    personas = [f"{'an' if manner[0] in 'aeiou' else 'a'} {manner} {who}" for manner, who in pairs]
    return sorted(personas, key=lambda persona: stream_seed(0, "persona", persona))


def specify(level: PersonaLevel, material: Material, indices: range) -> list[Prompt]:
    """Plain prompts, each with a random one of the first `personas` personas.

    Personas are the lines of the pipeline, or else the built-in ones. Raises ValueError where they
    are fewer than the level asks for.
    """
    personas = material.lines or built_in_personas()
    if len(personas) < level.personas:
        raise ValueError(
            f"{level.personas} personas are wanted, but there are {len(personas)}; lower "
            "`personas` of the level, or list more"
        )
    personas = personas[: level.personas]
    prompts = []
    for index in indices:
        prompt, rng = material.draw(index)
        prompts.append(replace(prompt, fields={"persona": rng.choice(personas)}))
    return prompts
