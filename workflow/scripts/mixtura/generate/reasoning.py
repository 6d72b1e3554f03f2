"""What a model thinks before it answers: marks of the families, taken off the text."""

# How a family opens and closes its reasoning. A chat template may hold the opening itself.
MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
)


def split_reasoning(text: str) -> tuple[str, str]:
    """(reasoning, answer) of a completion: all before the last closing mark, and what follows.

    Reasoning that is opened and never closed leaves no answer.
    """
    for opening, closing in MARKS:
        before, closed, answer = text.rpartition(closing)
        if closed:
            return before.replace(opening, "").strip(), answer
        if text.lstrip().startswith(opening):
            return text.lstrip().removeprefix(opening).strip(), ""
    return "", text
