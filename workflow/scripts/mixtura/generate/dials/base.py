"""What a dial draws from and what it yields: the content of one prompt."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mixtura.core.streams import stream_seed


@dataclass(frozen=True)
class Prompt:
    """One prompt: its place in the level, the label it asks for, and what a template may show.

    `texts` are asked for at once, and become the rows index, index + 1 and so on. `sampling`
    overrides settings of the generator for this prompt. `context` is the passage that a
    question is asked about, where the task has passages.
    """

    index: int
    label: str
    examples: tuple[tuple[str, str], ...]  # (id, text) of the rows shown
    fields: dict[str, Any] = field(default_factory=dict)
    sampling: dict[str, Any] = field(default_factory=dict)
    context: str | None = None
    texts: int = 1


PromptSpec = Prompt  # its name in Mixtura 0.1, which dials of a person's own may import


@dataclass(frozen=True)
class Material:
    """What a dial draws from, and the random stream that it draws with."""

    examples: Sequence[tuple[str, str, str]]  # (id, text, label) of the rows that may be shown
    labels: Sequence[str]
    shots: int
    stream: Sequence[object]
    lines: Sequence[str] | None = None  # the pipeline's list (topics, personas), where it has one
    contexts: Sequence[str] = ()  # different passages of the examples, where the task has them
    language: str = "en"  # of the texts, ISO 639-1

    def draw(self, index: int) -> tuple[Prompt, random.Random]:
        """The plain prompt `index`, and its random stream for what a dial adds to it.

        Labels come in turn, examples at random from the real rows of that label, and a random
        passage where the task has passages. Each index has a stream of its own, so that shards can
        be written in any order. A label with fewer rows than `shots` shows all that it has.
        """
        label = self.labels[index % len(self.labels)]
        rng = random.Random(stream_seed(0, *self.stream, index))
        pool = [(row, text) for row, text, of in self.examples if of == label]
        shown = tuple(rng.sample(pool, min(self.shots, len(pool))))
        context = rng.choice(self.contexts) if self.contexts else None
        return Prompt(index, label, shown, context=context), rng


class Dial(Protocol):
    """A module in this folder, or one of a person's own: see `mixtura.generate.dials`."""

    def specify(self, level: Any, material: Material, indices: range, /) -> list[Prompt]:
        """One prompt for each index, whatever else the range holds."""
        ...
