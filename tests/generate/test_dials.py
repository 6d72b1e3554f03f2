"""Dials: every one gives the same prompts in whatever shards, labels in turn, and turns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import questions
from mixtura.generate.batches import batches
from mixtura.generate.dials import (
    context,
    incentive,
    load_dial,
    persona,
    read_level,
    temperature,
    topic,
)
from mixtura.generate.dials.base import Material, Prompt
from mixtura.generate.dials.context import ContextLevel
from mixtura.generate.dials.incentive import IncentiveLevel
from mixtura.generate.dials.persona import PersonaLevel
from mixtura.generate.dials.temperature import TemperatureLevel
from mixtura.generate.dials.topic import TopicLevel, mined_topics, specify
from mixtura.generate.dials.words import ranked_words, rarity
from mixtura.generate.prompting import example_fields, render
from mixtura.generate.settings import DialSettings
from mixtura.generate.templates import template_text

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


def material(lines: list[str] | None = None, stream: tuple[object, ...] = (1,)) -> Material:
    passages = ["A mill.", "A lake.", "A hill."]
    return Material(EXAMPLES, ["negative", "positive"], 2, stream, lines, passages)


def prompts_of(
    first: int, count: int, topics: int = 3, stream: tuple[object, ...] = (1,)
) -> list[Prompt]:
    material = Material(EXAMPLES, ["negative", "positive"], 2, stream)
    return specify(TopicLevel(topics=topics), material, range(first, first + count))


@pytest.mark.parametrize("name", LEVELS)
def test_shards_of_a_level_join_to_the_same_prompts(name: str) -> None:
    def specify(first: int, end: int, **more: Any) -> list[Prompt]:
        dial = load_dial(DialSettings(name=name))
        level = read_level(dial, LEVELS[name])
        return dial.specify(level, material(**more), range(first, end))

    whole = specify(0, 40)
    assert specify(0, 13) + specify(13, 40) == whole != specify(0, 40, stream=(2,))
    label_of = {row: label for row, _, label in EXAMPLES}
    for place, prompt in enumerate(whole):
        assert (prompt.index, prompt.label) == (place, ["negative", "positive"][place % 2])
        assert {label_of[row] for row, _ in prompt.examples} == {prompt.label}
        assert render(template_text("classification"), prompt, "review").endswith(":")


def test_a_label_with_few_examples_shows_them_all() -> None:
    prompt, _ = Material(EXAMPLES, ["negative"], 3, (1,)).draw(0)
    assert len(prompt.examples) == 2


def test_temperature_overrides_only_what_the_level_gives() -> None:
    prompt = temperature.specify(
        TemperatureLevel(temperature=0.4, min_p=0.1), material(), range(1)
    )[0]
    assert prompt.sampling == {"temperature": 0.4, "min_p": 0.1} and prompt.fields == {}


def test_a_batch_has_one_sampling() -> None:
    kinds = [{"temperature": t} for t in (1, 0, 1, 0, 1)]
    assert batches(["ccc", "b", "a", "dd", "e"], 2, kinds) == [[2, 4], [0], [1, 3]]


def test_levels_of_personas_are_nested_and_written_into_the_prompt() -> None:
    everyone = persona.built_in_personas()
    assert len(set(everyone)) == len(everyone) == 1280
    few = persona.specify(PersonaLevel(personas=2), material(), range(50))
    assert {prompt.fields["persona"] for prompt in few} == set(everyone[:2])
    shy = persona.specify(PersonaLevel(personas=1), material(["a shy poet"]), range(1))[0]
    shown = render(template_text("classification"), shy, "review")
    assert "Negative review by a shy poet:" in shown
    with pytest.raises(ValueError, match="2 personas are wanted, but there are 1"):
        persona.specify(PersonaLevel(personas=2), material(["a shy poet"]), range(1))


def test_a_dial_of_ones_own_gets_its_level_as_a_dictionary(tmp_path: Path) -> None:
    (tmp_path / "moods.py").write_text(
        "from dataclasses import replace\n"
        "def specify(level, given, indices):\n"
        "    prompts = [given.draw(index) for index in indices]\n"
        "    return [replace(p, fields={'mood': r.choice(level['moods'])}) for p, r in prompts]\n"
    )
    dial = load_dial(DialSettings(name="module", file=str(tmp_path / "moods.py")))
    level = read_level(dial, {"moods": ["calm", "angry"]})
    prompts = dial.specify(level, material(), range(20))
    assert {prompt.fields["mood"] for prompt in prompts} == {"calm", "angry"}


def test_words_that_few_texts_hold_make_a_text_rare() -> None:
    texts = ["dull story", "dull story again", "dull plot", "zeppelin quartz", "of it"]
    scores = rarity(texts, "en")
    assert scores.index(max(scores)) == 3 and scores[4] == 0
    assert ranked_words(texts, "en")[:2] == ["dull", "story"]


def test_incentives_forbid_what_was_said_and_chain_on_outliers() -> None:
    level = IncentiveLevel(taboo=2, hints=1, chain=1)
    plain = incentive.specify(level, material(), range(8))
    assert {prompt.fields["hints"][0] for prompt in plain} <= {"bores", "brave", "dull"}
    first = incentive.chain(level, material(), plain, [])
    assert all(prompt.fields["taboo"] == ["story", "lovely"] for prompt in first)
    earlier = [
        ("g1", "boring camera boring camera", "negative"),
        ("g2", "camera boring", "negative"),
        ("g3", "zeppelin quartz", "negative"),
        ("g4", "bright camera", "positive"),
    ]
    later = incentive.chain(level, material(), plain, earlier)
    for before, prompt in zip(plain, later, strict=True):
        assert prompt.fields["taboo"] == ["camera", "boring"]
        assert prompt.fields["hints"] == before.fields["hints"]
        assert len(prompt.examples) == 2 and prompt.examples[0] == before.examples[1]
        if prompt.label == "negative":
            assert prompt.examples[1] == ("g3", "zeppelin quartz")
    assert later == incentive.chain(level, material(), plain, earlier)
    with pytest.raises(ValueError, match="9 hints are wanted, but only 3 words"):
        incentive.specify(IncentiveLevel(hints=9), material(), range(1))


def test_hints_and_taboo_words_are_in_the_prompt() -> None:
    prompt = Prompt(0, "positive", (), {"hints": ["plot"], "taboo": ["film", "story"]})
    shown = render(template_text("classification"), prompt, "review")
    assert shown == "Positive review with the word plot without the words film, story:"


def test_a_dial_of_ones_own_needs_its_function(tmp_path: Path) -> None:
    (tmp_path / "moods.py").write_text("specified = []")
    with pytest.raises(ValueError, match=r"moods.py: a dial needs a function specify"):
        load_dial(DialSettings(name="module", file=str(tmp_path / "moods.py")))


def test_given_topics_must_be_enough() -> None:
    prompts = topic.specify(TopicLevel(topics=2), material(["war", "love", "food"]), range(40))
    assert {prompt.fields["topic"] for prompt in prompts} == {"war", "love"}
    with pytest.raises(ValueError, match="4 topics are wanted, but there are 3"):
        topic.specify(TopicLevel(topics=4), material(["war", "love", "food"]), range(1))


def test_topics_are_ranked_by_texts_that_hold_them() -> None:
    assert mined_topics(material()) == ["story", "lovely", "music", "bores", "brave", "dull"]


@pytest.mark.parametrize(
    ("language", "text", "topics"),
    [
        ("hi", "यह फिल्म की कहानी अच्छी है और संगीत भी", ["अच्छी", "कहानी", "फिल्म", "संगीत"]),
        ("zh", "这部电影的音乐很好", ["电影", "音乐"]),
        ("de", "Der Film hat eine schöne Handlung", ["film", "handlung", "schöne"]),
        ("ar", "هذا الفيلم قصة جميلة", ["الفيلم", "جميلة", "قصة"]),
        ("en", "Dear team, the attached invoice is wrong, thanks", ["invoice", "team", "wrong"]),
    ],
)  # fmt: skip
def test_topics_of_every_script_are_whole_words(
    language: str, text: str, topics: list[str]
) -> None:
    assert ranked_words([text], language) == topics


def test_shards_of_a_topic_level_join_to_the_same_prompts() -> None:
    whole = prompts_of(0, 10)
    assert prompts_of(0, 4) + prompts_of(4, 6) == whole
    assert prompts_of(0, 10, stream=(2,)) != whole


def test_prompts_ask_for_labels_in_turn_and_show_real_rows_of_that_label() -> None:
    prompts = prompts_of(0, 40)
    label_of = {row: label for row, _, label in EXAMPLES}
    for place, prompt in enumerate(prompts):
        assert prompt.label == ["negative", "positive"][place % 2]
        assert {label_of[row] for row, _ in prompt.examples} == {prompt.label}
    assert {prompt.fields["topic"] for prompt in prompts} == {"story", "lovely", "music"}
    assert {prompt.fields["topic"] for prompt in prompts_of(0, 9, topics=1)} == {"story"}


def test_every_prompt_asks_about_one_real_passage() -> None:
    rows = questions(9)
    contexts = list(dict.fromkeys(rows["context"]))
    examples = rows["id", "text", "label"].rows()
    passages = Material(examples, ["qa"], 2, (1,), None, contexts)
    for level in (1, 2, 3):
        prompts = context.specify(ContextLevel(contexts=level), passages, range(40))
        assert {prompt.context for prompt in prompts} == set(contexts[:level])
    with pytest.raises(ValueError, match="4 passages are wanted, but the examples hold 3"):
        context.specify(ContextLevel(contexts=4), passages, range(2))
    text = render(template_text("qa"), prompts[0], "question", example_fields("qa", rows))
    lines = text.splitlines()
    assert len(lines) == 2 * 2 + 2 and lines[-1] == "Question:"
    assert lines[-2] == f"Passage: {prompts[0].context}"
    shown = rows.filter(id=prompts[0].examples[0][0]).row(0, named=True)
    assert lines[:2] == [
        f"Passage: {shown['context']}",
        f"Question: {shown['question']} Answer: {shown['answers'][0]}",
    ]
    topical = topic.specify(TopicLevel(topics=1), replace(passages, lines=["Rome"]), range(1))[0]
    text = render(template_text("qa"), topical, "question", example_fields("qa", rows))
    assert text.endswith("Question about Rome:") and topical.context in contexts
