"""What a model thinks before it answers: marks of the families, taken off the text."""

import re

TAGS = (
    *("think", "thinking", "thought", "thoughts", "reasoning", "analysis", "reflection"),
    *("scratchpad", "seed:think"),
)
# How a family opens and closes its reasoning. A chat template may hold the opening itself.
MARKS = (
    *((f"<{tag}>", f"</{tag}>") for tag in TAGS),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"),
    ("Here is my thought process:", "Here is my response:"),
)
PATTERNS = [tuple(re.compile(re.escape(mark), re.IGNORECASE) for mark in marks) for marks in MARKS]


def split_reasoning(text: str) -> tuple[str, str]:
    """(reasoning, answer) of a completion: what stands in marks, and what follows.

    The answer is what stands before a thought only where nothing follows it. Reasoning that is
    opened and never closed leaves no answer.
    """
    thoughts: list[str] = []
    for opening, closing in PATTERNS:
        if opening.search(text) or closing.search(text):
            more, text = _split(text, opening, closing)
            thoughts += more
    return "\n".join(thought.strip() for thought in thoughts).strip(), text


def _split(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> tuple[list[str], str]:
    """The thoughts between the marks of one family, and the answer."""
    thoughts: list[str] = []
    before, after, is_closed = "", "", True
    while True:
        start, end = opening.search(text), closing.search(text)
        if end and (not start or end.start() < start.start()):  # opened by the template
            thoughts.append(before + after + text[: end.start()])
            before, after, text = "", "", text[end.end() :]
        elif start:
            outside, text = text[: start.start()], text[start.end() :]
            before, after = (before, after + outside) if thoughts else (outside, "")
            end = closing.search(text)
            is_closed = end is not None
            thoughts.append(text[: end.start()] if end else text)
            text = text[end.end() :] if end else ""
        else:
            break
    after += text
    return thoughts, after if after.strip() or not is_closed else before
