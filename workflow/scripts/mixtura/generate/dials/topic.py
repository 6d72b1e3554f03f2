"""Topic-guided generation (arXiv 2506.19262): a larger set of seed topics is a higher level."""

from dataclasses import replace

from pydantic import Field

from mixtura.core.settings import Positive, Settings
from mixtura.generate.dials.base import Material, Prompt
from mixtura.generate.dials.words import ranked_words


class TopicLevel(Settings):
    """One level of a topic pipeline."""

    topics: Positive = Field(description="size of the topic set")


Level = TopicLevel


def mined_topics(material: Material) -> list[str]:
    """Content words of the examples, those that most of them hold first."""
    return ranked_words([text for _, text, _ in material.examples], material.language)


def specify(level: TopicLevel, material: Material, indices: range) -> list[Prompt]:
    """Plain prompts, each with a random one of the first `topics` topics.

    Topics are the lines of the pipeline, or else mined from the examples: mined ones may be fewer
    than the level asks for, and all are then used. Raises ValueError where lines are fewer, or
    none is left.
    """
    topics = material.lines or mined_topics(material)
    if material.lines and len(topics) < level.topics:
        raise ValueError(f"{level.topics} topics are wanted, but there are {len(topics)}")
    topics = topics[: level.topics]
    if not topics:
        raise ValueError("no topics: the examples hold no words but short and very common ones")
    prompts = []
    for index in indices:
        prompt, rng = material.draw(index)
        prompts.append(replace(prompt, fields={"topic": rng.choice(topics)}))
    return prompts
