"""Prompts from templates: what they show, and what they must not reach."""

from typing import Any

import pytest

from mixtura.generate.dials.base import Prompt
from mixtura.generate.parsing import parse
from mixtura.generate.prompting import render
from mixtura.generate.settings import Kind
from mixtura.generate.templates import (
    built_in_languages,
    built_in_templates,
    template_text,
)


def test_the_built_in_template_shows_examples_and_ends_open() -> None:
    prompt = Prompt(0, "positive", (("r1", "So good."),), {"topic": "music"})
    text = render(template_text("classification"), prompt, "review")
    assert text == "Positive review: So good.\nPositive review about music:"


def test_built_in_templates_are_there_in_every_language() -> None:
    assert built_in_languages() == ["ar", "de", "en", "es", "fr", "hi", "zh"]
    for language in built_in_languages():
        assert built_in_templates(language) == built_in_templates()
    assert template_text("qa", "xx") == template_text("qa", "en") != template_text("qa", "de")


@pytest.mark.parametrize("language", built_in_languages())
@pytest.mark.parametrize("chat", [False, True])
def test_every_built_in_template_shows_what_it_is_asked_for(language: str, chat: bool) -> None:
    """Whatever the language: the label, topic, words, and each kind in the form that is parsed."""
    suffix = "-chat" if chat else ""
    fields = {"topic": "Music", "hints": ["h1", "h2"], "taboo": ["t1"], "source": "So it is."}
    fields |= {"shown": ["s1", "s2"], "persona": "Ada"}
    examples: dict[Kind, Any] = {
        "classification": "Dull.",
        "text": {"text": "It was night."},
        "qa": {"answers": ["Rome"], "context": "It is in Rome.", "question": "Where?"},
        "instruction": {"prompt": "Add.", "response": "3"},
    }
    for kind, example in examples.items():
        template = template_text(f"{kind}{suffix}", language)
        prompt = Prompt(0, "Qwx", (("a", ""),), fields, context="Rome.")
        shown = render(template, prompt, "noun", {"a": example})
        for word in ("Music", "h1", "h2", "t1", "Ada"):
            assert word in shown, (kind, word)
        assert ("Qwx" in shown) == (kind == "classification") and "{" not in shown
        if kind in ("qa", "instruction"):
            last = [line for line in shown.split("\n") if "Where?" in line or "Add." in line][-1]
            assert parse(kind, last, "stop", prompt.context)[0], last
    unanswerable = Prompt(0, "unanswerable", (("a", ""),), {}, context="Rome.")
    none = {**examples["qa"], "answers": []}
    shown = render(template_text(f"qa{suffix}", language), unanswerable, "noun", {"a": none})
    line = next(line for line in shown.split("\n") if "Where?" in line)
    row, reason = parse("qa", line, "stop", "Rome.", "unanswerable")
    assert row and row["answers"] == [] and not reason
    topics = Prompt(0, "Qwx", (("a", "Dull."),), fields)
    shown = render(template_text(f"topics{suffix}", language), topics, "noun")
    assert "s1" in shown and "Dull." in shown
    assert "So it is." in render(template_text(f"paraphrase{suffix}", language), topics, "noun")


def test_an_unknown_field_of_a_template_is_named() -> None:
    prompt = Prompt(0, "positive", (), {"topic": "music"})
    with pytest.raises(
        ValueError, match="'mood' is undefined; known fields: label, noun, examples, topic"
    ):
        render("{{ mood }}", prompt, "review")


def test_a_template_cannot_reach_python() -> None:
    with pytest.raises(Exception, match="unsafe"):
        render("{{ label.__class__.__mro__ }}", Prompt(0, "x", ()), "review")


def test_templates_of_pairs_show_examples_in_the_form_they_ask_for() -> None:
    row = {"id": "a", "prompt": "Add\n1 and 2.", "response": "3", "text": "t"}
    prompt = Prompt(0, "instruction", (("a", "t"),))
    text = render(template_text("instruction"), prompt, "task", {"a": row})
    assert text == "Instruction: Add 1 and 2. Response: 3\nInstruction:"
    plain = render(template_text("text"), prompt, "story", {"a": {"text": "It was\nnight."}})
    assert plain == "Story: It was night.\nStory:"


def test_a_chat_is_asked_for_what_is_parsed() -> None:
    """Each kind's template for a chat shows its examples in the form that it asks for."""
    pair = {"prompt": "Add.", "response": "3"}
    answers = {"answers": ["Rome"], "context": "It is in\nRome.", "question": "Where?"}
    forms: tuple[tuple[Kind, Any, str], ...] = (
        ("classification", "Dull.", "- {}"),
        ("qa", answers, "Question: {question} Answer: {answers[0]}"),
        ("instruction", pair, "Instruction: {prompt} Response: {response}"),
        ("text", {"text": "It was night."}, "{text}"),
    )
    for kind, example, form in forms:
        prompt = Prompt(0, "good", (("a", "t"),), {"topic": "trains"}, context="It is in\nRome.")
        text = render(template_text(f"{kind}-chat"), prompt, "story", {"a": example})
        assert "story" in text and "trains" in text and text[-1] != "\n"
        shown = form.format(*[example], **example if isinstance(example, dict) else {})
        assert shown in text.splitlines()
        completion = shown.removeprefix("- ")
        assert parse(kind, completion, "stop", prompt.context)[0], kind
    prompt = Prompt(0, "good", (), {"source": "A bad\nday."})
    assert render(template_text("paraphrase-chat"), prompt, "story").endswith("\n\nA bad\nday.")
