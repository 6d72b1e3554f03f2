"""Topics that a generator writes: what it is shown, what is read of its answers, how many."""

from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

from mixtura.generate.backends.base import Completion
from mixtura.generate.dials.base import Material
from mixtura.generate.prompting import render
from mixtura.generate.settings import PromptedModel, Sampling, TopicsSettings
from mixtura.generate.templates import template_text
from mixtura.generate.topics import parse_topics, topic_prompts, write_topics

EXAMPLES = [
    ("r1", "A brave story with lovely music", "positive"),
    ("r2", "The story is lovely", "positive"),
    ("r3", "Music that bores", "negative"),
    ("r4", "A dull story", "negative"),
]


def test_topics_are_read_from_a_list_with_commas() -> None:
    line = "Acting, the  Score,plot, 3D, a b c d e, acting, camera work. "
    assert parse_topics(line, "stop", ["plot"]) == ["acting", "the score", "camera work"]
    assert parse_topics("plot, half of a wo", "length", []) == ["plot"]
    assert parse_topics("\nplot, script\nand more, lines", "length", []) == ["plot", "script"]


def test_topics_are_read_in_every_script() -> None:
    assert parse_topics("संगीत, अभिनय और कहानी, गाने।", "stop", []) == [
        "संगीत",
        "अभिनय और कहानी",
        "गाने",
    ]
    assert parse_topics("音乐、剧情，演员。", "stop", ["剧情"]) == ["音乐", "演员"]


def test_prompts_for_topics_show_mined_ones() -> None:
    material = Material(EXAMPLES, ["negative", "positive"], 2, (1,))
    prompts = topic_prompts(material, range(6))
    assert topic_prompts(material, range(4, 6)) == prompts[4:]
    assert len({p.fields["shown"][0] for p in prompts}) > 1
    shown = render(template_text("topics"), prompts[1], "review")
    assert shown.count("A review: ") == 2
    assert shown.endswith(f"one or two words: {', '.join(prompts[1].fields['shown'])},")


class Lister:
    """A backend that names two topics of its seed; it dies after `alive` batches."""

    about: ClassVar[dict[str, str]] = {}

    def __init__(self, alive: int = 99, words: int = 50) -> None:
        self.alive, self.words = alive, words

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        if not self.alive:
            raise RuntimeError("killed")
        self.alive -= 1
        return [
            Completion(f"war and {'abcdefghijklm'[seed % self.words % 13] * 3}, food", "stop", 1, 1)
            for seed in seeds
        ]


def topics_of(folder: Path, backend: Lister, count: int) -> tuple[list[str], int]:
    generator = PromptedModel(prompt=template_text("topics"), shots=1, batch_size=2)
    stream = (1, "writer", "topic", "topics", "r0")
    settings = TopicsSettings(generator=generator, topics=count, noun="review", stream=stream)
    examples = pl.DataFrame(EXAMPLES, ["id", "text", "label"], orient="row")
    return write_topics(settings, examples, backend, folder, lambda message: None)


def test_a_killed_job_ends_with_the_same_topics(tmp_path: Path) -> None:
    topics, prompts = topics_of(tmp_path / "whole", Lister(), 6)
    assert len(set(topics)) == 6 and topics[1] == "food" and prompts % 2 == 0 and prompts > 2
    with pytest.raises(RuntimeError, match="killed"):
        topics_of(tmp_path / "killed", Lister(alive=1), 6)
    rest = Lister(alive=prompts // 2 - 1)
    assert topics_of(tmp_path / "killed", rest, 6) == (topics, prompts) and rest.alive == 0


def test_too_few_different_topics_are_an_error(tmp_path: Path) -> None:
    message = "12 prompts gave 2 different topics of 3 wanted; .* Some are: war and aaa, food"
    with pytest.raises(ValueError, match=message):
        topics_of(tmp_path, Lister(words=1), 3)
