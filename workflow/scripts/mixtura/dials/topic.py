"""Topic-guided generation (arXiv 2506.19262): a larger set of seed topics is a higher level."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mixtura.dials.base import Given, PromptSpec
from mixtura.dials.words import ranked_words


def mine_topics(texts: Sequence[str]) -> list[str]:
    """Content words of the texts, those that most texts hold first."""
    return ranked_words(texts)


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """Plain prompts, each with a random one of the first `topics` topics.

    Topics are the given lines, or else mined from the examples: mined ones may be fewer than the
    level asks for, and all are then used. Raises ValueError where there are no topics at all.
    """
    topics = given.lines or mine_topics([text for _, text, _ in given.examples])
    topics = topics[: level["topics"]]
    if not topics:
        raise ValueError("no topics: the examples hold no word of four letters or more")
    specs = []
    for index in indices:
        spec, rng = given.draw(index)
        specs.append(replace(spec, fields={"topic": rng.choice(topics)}))
    return specs
