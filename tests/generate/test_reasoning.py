"""Reasoning is taken off the text, in the marks of every family."""

import pytest

from mixtura.generate.backends.base import answer
from mixtura.generate.reasoning import MARKS, split_reasoning


@pytest.mark.parametrize(("opening", "closing"), MARKS)
def test_what_a_model_thinks_is_no_part_of_its_text(opening: str, closing: str) -> None:
    assert split_reasoning(f"{opening}Okay, a film.{closing}\n\nFine.") == (
        "Okay, a film.",
        "\n\nFine.",
    )
    # The template may have opened it already, and what was cut off has no answer.
    assert split_reasoning(f"Okay.{closing}Fine.") == ("Okay.", "Fine.")
    assert split_reasoning(f"\n{opening}Okay, a fi") == ("Okay, a fi", "")
    assert split_reasoning("I think <so>.") == ("", "I think <so>.")


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>Hm.</think>Fine.<think>Is it?</think>", "Hm.\nIs it?", "Fine."),
        ("<think>Hm.</think>Fine.<think>Is i", "Hm.\nIs i", "Fine."),
        ("<THINK>Hm.</Think>Fine.", "Hm.", "Fine."),
        ("Fine.<think>It is.</think>", "It is.", "Fine."),
        ("Sure.<think>Hm.</think>Fine.", "Hm.", "Fine."),
        ("Sure.<think>Hm", "Hm", ""),
        ("<think>To write </think> here?</think>Fine.", "To write\nhere?", "Fine."),
        ("<thinking>Hm.</thinking><reflection>No.</reflection>Fine.", "Hm.\nNo.", "Fine."),
        ("<think></think>Fine.", "", "Fine."),
    ],
)
def test_thoughts_may_stand_anywhere(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


def test_tokens_of_reasoning_are_counted_apart_and_together() -> None:
    done = answer("<think>Okay</think>Fine.", "stop", 5, 24)
    assert (done.text, done.reasoning, done.new_tokens) == ("Fine.", "Okay", 24)
    assert done.reasoning_tokens == 19  # of 24 characters
    assert answer("Fine.", "stop", 5, 24).reasoning_tokens == 0
