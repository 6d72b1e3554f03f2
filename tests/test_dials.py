"""Dials: every one gives the same prompts in whatever shards, labels in turn, and turns."""

from pathlib import Path
from typing import Any

import pytest

from mixtura.dials import incentive, load_dial, persona, temperature, topic
from mixtura.dials.base import Given, PromptSpec
from mixtura.dials.topic import ask, parse_topics
from mixtura.dials.words import ranked_words, rarity
from mixtura.generate import batches
from mixtura.prompting import render
from mixtura.templates import template_text

EXAMPLES = [
    ("r1", "A brave story with lovely music", "positive"),
    ("r2", "The story is lovely", "positive"),
    ("r3", "Music that bores", "negative"),
    ("r4", "A dull story", "negative"),
]
LEVELS: dict[str, dict[str, Any]] = {
    "topic": {"topics": 3},
    "temperature": {"temperature": 0.4, "top_p": None, "min_p": 0.1},
    "persona": {"personas": 5},
    "incentive": {"taboo": 2, "hints": 1, "chain": 1},
    "context": {"contexts": 2},
}


def given(lines: list[str] | None = None, stream: tuple[object, ...] = (1,)) -> Given:
    passages = ["A mill.", "A lake.", "A hill."]
    return Given(EXAMPLES, ["negative", "positive"], 2, stream, lines, passages)


@pytest.mark.parametrize("name", LEVELS)
def test_shards_of_a_level_join_to_the_same_prompts(name: str) -> None:
    def specify(first: int, end: int, **more: Any) -> list[PromptSpec]:
        dial = load_dial({"dial": name})
        made: list[PromptSpec] = dial.specify(LEVELS[name], given(**more), range(first, end))
        return made

    whole = specify(0, 40)
    assert specify(0, 13) + specify(13, 40) == whole != specify(0, 40, stream=(2,))
    label_of = {row: label for row, _, label in EXAMPLES}
    for place, spec in enumerate(whole):
        assert (spec.index, spec.label) == (place, ["negative", "positive"][place % 2])
        assert {label_of[row] for row, _ in spec.examples} == {spec.label}
        assert render(template_text("classification"), spec, "review").endswith(":")


def test_a_label_with_too_few_examples_is_named() -> None:
    few = Given(EXAMPLES, ["negative"], 3, (1,))
    with pytest.raises(ValueError, match="label 'negative' has 2 examples to show"):
        few.draw(0)


def test_temperature_overrides_only_what_the_level_gives() -> None:
    spec = temperature.specify(LEVELS["temperature"], given(), range(1))[0]
    assert spec.sampling == {"temperature": 0.4, "min_p": 0.1} and spec.fields == {}


def test_a_batch_has_one_sampling() -> None:
    kinds = [{"temperature": t} for t in (1, 0, 1, 0, 1)]
    assert batches(["ccc", "b", "a", "dd", "e"], 2, kinds) == [[2, 4], [0], [1, 3]]


def test_levels_of_personas_are_nested_and_written_into_the_prompt() -> None:
    everyone = persona.built_in_personas()
    assert len(set(everyone)) == len(everyone) == 1280
    few = persona.specify({"personas": 2}, given(), range(50))
    assert {spec.fields["persona"] for spec in few} == set(everyone[:2])
    own = persona.specify({"personas": 1}, given(["a shy poet"]), range(1))[0]
    shown = render(template_text("classification"), own, "review")
    assert "Negative review by a shy poet:" in shown
    with pytest.raises(ValueError, match="2 personas are wanted, but there are 1"):
        persona.specify({"personas": 2}, given(["a shy poet"]), range(1))


def test_words_that_few_texts_hold_make_a_text_rare() -> None:
    texts = ["dull story", "dull story again", "dull plot", "zeppelin quartz", "of it"]
    scores = rarity(texts)
    assert scores.index(max(scores)) == 3 and scores[4] == 0
    assert ranked_words(texts)[:2] == ["dull", "story"]


def test_incentives_forbid_what_was_said_and_chain_on_outliers() -> None:
    level = {"taboo": 2, "hints": 1, "chain": 1}
    plain = incentive.specify(level, given(), range(8))
    assert {spec.fields["hints"][0] for spec in plain} <= {"bores", "brave", "dull"}
    first = incentive.chain(level, given(), plain, [])
    assert all(spec.fields["taboo"] == ["story", "lovely"] for spec in first)
    earlier = [
        ("g1", "boring camera boring camera", "negative"),
        ("g2", "camera boring", "negative"),
        ("g3", "zeppelin quartz", "negative"),
        ("g4", "bright camera", "positive"),
    ]
    later = incentive.chain(level, given(), plain, earlier)
    for before, spec in zip(plain, later, strict=True):
        assert spec.fields["taboo"] == ["camera", "boring"]
        assert spec.fields["hints"] == before.fields["hints"]
        assert len(spec.examples) == 2 and spec.examples[0] == before.examples[1]
        if spec.label == "negative":
            assert spec.examples[1] == ("g3", "zeppelin quartz")
    assert later == incentive.chain(level, given(), plain, earlier)
    with pytest.raises(ValueError, match="9 hints are wanted, but only 3 words"):
        incentive.specify({**level, "hints": 9}, given(), range(1))


def test_hints_and_taboo_words_are_in_the_prompt() -> None:
    spec = PromptSpec(0, "positive", (), {"hints": ["plot"], "taboo": ["film", "story"]})
    shown = render(template_text("classification"), spec, "review")
    assert shown == "Positive review with the word plot without the words film, story:"


def test_a_dial_of_ones_own_needs_its_function(tmp_path: Path) -> None:
    (tmp_path / "moods.py").write_text("specified = []")
    with pytest.raises(ValueError, match=r"moods.py: a dial needs a function specify"):
        load_dial({"dial": "module", "file": str(tmp_path / "moods.py")})


def test_topics_are_read_from_a_list_with_commas() -> None:
    line = "Acting, the  Score,plot, 3D, a b c d e, acting, camera work. "
    assert parse_topics(line, "stop", ["plot"]) == ["acting", "the score", "camera work"]
    assert parse_topics("plot, half of a wo", "length", []) == ["plot"]
    assert parse_topics("\nplot, script\nand more, lines", "length", []) == ["plot", "script"]


def test_prompts_for_topics_show_mined_ones() -> None:
    specs = ask(given(), range(6))
    assert ask(given(), range(4, 6)) == specs[4:] and len({s.fields["shown"][0] for s in specs}) > 1
    shown = render(template_text("topics"), specs[1], "review")
    assert shown.count("A review: ") == 2
    assert shown.endswith(f"one or two words: {', '.join(specs[1].fields['shown'])},")


def test_given_topics_must_be_enough() -> None:
    own = topic.specify({"topics": 2}, given(["war", "love", "food"]), range(40))
    assert {spec.fields["topic"] for spec in own} == {"war", "love"}
    with pytest.raises(ValueError, match="4 topics are wanted, but there are 3"):
        topic.specify({"topics": 4}, given(["war", "love", "food"]), range(1))
