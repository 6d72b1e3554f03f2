"""Topics that a generator writes: different ones, as many as the highest level needs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import regex

from mixtura.core.streams import stream_seed
from mixtura.generate.backends.base import Backend
from mixtura.generate.dials.base import Material, Prompt
from mixtura.generate.dials.topic import mined_topics
from mixtura.generate.prompting import render
from mixtura.generate.resume import finished_part
from mixtura.generate.settings import TopicsSettings

SHOWN = 4  # mined topics that a prompt for more topics shows
PROMPTS = 4  # most prompts for each topic that is needed
TOPIC = regex.compile(r"\p{L}[\w\p{M}'’-]+(?: [\w\p{M}'’-]+){0,2}")
COMMAS = regex.compile("[,，、،]")


def write_topics(
    settings: TopicsSettings,
    examples: pl.DataFrame,
    backend: Backend,
    resume: Path,
    say: Callable[[str], None],
) -> tuple[list[str], int]:
    """Different topics that the backend gives, in their order, and the prompts that it took.

    `examples` are canonical rows. Each finished batch lies in the folder `resume`: a killed job
    goes on after it. Raises ValueError where so many prompts give fewer topics than are needed.
    """
    generator, size = settings.generator, settings.generator.batch_size
    labels = examples["label"].unique().sort().to_list()
    rows = examples["id", "text", "label"].rows()
    material = Material(rows, labels, generator.shots, settings.stream, language=settings.language)

    def batch(indices: range) -> pl.DataFrame:
        prompts = topic_prompts(material, indices)
        texts = [render(generator.prompt, prompt, settings.noun) for prompt in prompts]
        seeds = [stream_seed(0, *settings.stream, index, "answer") for index in indices]
        completions = backend.complete(texts, generator.sampling, seeds)
        topics = [
            topic
            for prompt, completion in zip(prompts, completions, strict=True)
            for topic in parse_topics(
                completion.text, completion.finish_reason, prompt.fields["shown"]
            )
        ]
        return pl.DataFrame({"topic": topics}, schema={"topic": pl.String})

    topics: dict[str, None] = {}
    first = 0
    while len(topics) < settings.topics and first < PROMPTS * settings.topics:
        indices = range(first, first + size)
        part, _ = finished_part(resume / f"{first}.parquet", partial(batch, indices))
        topics |= dict.fromkeys(part["topic"])
        first += size
        say(f"{len(topics)} of {settings.topics} topics from {first} prompts")
    if len(topics) < settings.topics:
        raise ValueError(
            f"{first} prompts gave {len(topics)} different topics of {settings.topics} wanted; "
            "lower the highest `topics`, or raise the temperature. Some are: "
            f"{', '.join(list(topics)[:9])}"
        )
    return list(topics)[: settings.topics], first


def topic_prompts(material: Material, indices: range) -> list[Prompt]:
    """Prompts that ask the generator for topics: random examples, and random mined topics of them.

    `shown` are the topics that a prompt begins the list with.
    """
    mined = mined_topics(material)
    prompts = []
    for index in indices:
        prompt, rng = material.draw(index)
        shown = rng.sample(mined, min(SHOWN, len(mined)))
        prompts.append(replace(prompt, fields={"shown": shown}))
    return prompts


def parse_topics(completion: str, finish_reason: str | None, shown: Sequence[str]) -> list[str]:
    """The different topics in a line with commas, in lower case, without those that were shown.

    A topic is one to three words, the first of two letters or more. What was cut off is left out.
    """
    line, ended, _ = completion.strip().partition("\n")
    parts = COMMAS.split(line)
    if not (ended or finish_reason == "stop"):
        parts.pop()
    topics = [" ".join(part.strip(" .。।").casefold().split()) for part in parts]
    matching = [topic for topic in topics if TOPIC.fullmatch(topic) and topic not in shown]
    return list(dict.fromkeys(matching))
