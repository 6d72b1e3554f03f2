"""Dials: how a pipeline turns diversity up and down.

To add one, write a module here with a function of this form, name it in `DIALS`, and give its
level settings a section in `mixtura.config`:

    def specify(level, *, examples, labels, shots, first, prompts, stream) -> list[PromptSpec]

It yields what each prompt shows and asks for, never text of a template.
"""

from collections.abc import Callable

from mixtura.dials import topic
from mixtura.dials.base import PromptSpec

DIALS: dict[str, Callable[..., list[PromptSpec]]] = {"topic": topic.specify}
