"""What a dial is given and what it yields: the specification of one prompt."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mixtura.streams import stream_seed


@dataclass(frozen=True)
class PromptSpec:
    """One prompt: its place in the level, the label it asks for, and what a template may show.

    `sampling` overrides settings of the generator for this prompt. `context` is the passage that a
    question is asked about, where the task has passages.
    """

    index: int
    label: str
    examples: tuple[tuple[str, str], ...]  # (id, text) of the rows shown
    fields: dict[str, Any] = field(default_factory=dict)
    sampling: dict[str, Any] = field(default_factory=dict)
    context: str | None = None


@dataclass(frozen=True)
class Given:
    """What a dial draws from, and the random stream that it draws with."""

    examples: Sequence[tuple[str, str, str]]  # (id, text, label) of the rows that may be shown
    labels: Sequence[str]
    shots: int
    stream: Sequence[object]
    lines: Sequence[str] | None = (
        None  # the pipeline's own list (topics, personas), where it has one
    )

    contexts: Sequence[str] = ()  # different passages of the examples, where the task has them

    def draw(self, index: int) -> tuple[PromptSpec, random.Random]:
        """The plain prompt `index`, and its random stream for what a dial adds to it.

        Labels come in turn, examples at random from the real rows of that label, and a random
        passage where the task has passages. Each index has a
        stream of its own, so that shards can be made in any order. Raises ValueError where a label
        has fewer rows than are to be shown.
        """
        label = self.labels[index % len(self.labels)]
        rng = random.Random(stream_seed(0, *self.stream, index))
        pool = [(row, text) for row, text, of in self.examples if of == label]
        if len(pool) < self.shots:
            raise ValueError(
                f"label {label!r} has {len(pool)} examples to show, but `shots` is {self.shots}; "
                "lower it or raise task.examples"
            )
        shown = tuple(rng.sample(pool, self.shots))
        context = rng.choice(self.contexts) if self.contexts else None
        return PromptSpec(index, label, shown, context=context), rng
