"""Topic-guided generation (arXiv 2506.19262): a larger set of seed topics is a higher level."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mixtura.dials.base import Given, PromptSpec
from mixtura.dials.words import ranked_words

SHOWN = 4  # mined topics that a prompt for more topics shows
TOPIC = re.compile(r"[^\W\d_][\w'-]+(?: [\w'-]+){0,2}")


def mine_topics(texts: Sequence[str]) -> list[str]:
    """Content words of the texts, those that most texts hold first."""
    return ranked_words(texts)


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """Plain prompts, each with a random one of the first `topics` topics.

    Topics are the given lines, or else mined from the examples: mined ones may be fewer than the
    level asks for, and all are then used. Raises ValueError where given ones are fewer, or none.
    """
    topics = given.lines or mine_topics([text for _, text, _ in given.examples])
    if given.lines and len(topics) < level["topics"]:
        raise ValueError(f"{level['topics']} topics are wanted, but there are {len(topics)}")
    topics = topics[: level["topics"]]
    if not topics:
        raise ValueError("no topics: the examples hold no word of four letters or more")
    specs = []
    for index in indices:
        spec, rng = given.draw(index)
        specs.append(replace(spec, fields={"topic": rng.choice(topics)}))
    return specs


def ask(given: Given, indices: range) -> list[PromptSpec]:
    """Prompts that ask the generator for topics: random examples, and random mined topics of them.

    `shown` are the topics that a prompt begins the list with.
    """
    mined = mine_topics([text for _, text, _ in given.examples])
    specs = []
    for index in indices:
        spec, rng = given.draw(index)
        shown = rng.sample(mined, min(SHOWN, len(mined)))
        specs.append(replace(spec, fields={"shown": shown}))
    return specs


def parse_topics(completion: str, finish_reason: str, shown: Sequence[str]) -> list[str]:
    """The different topics in a line with commas, in lower case, without those that were shown.

    A topic is one to three words, the first of two letters or more. What was cut off is left out.
    """
    line, ended, _ = completion.strip().partition("\n")
    parts = line.split(",")
    if not (ended or finish_reason == "stop"):
        parts.pop()
    topics = [" ".join(part.strip(" .").casefold().split()) for part in parts]
    found = [topic for topic in topics if TOPIC.fullmatch(topic) and topic not in shown]
    return list(dict.fromkeys(found))
