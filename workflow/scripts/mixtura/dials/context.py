"""Questions about passages: a larger set of passages is a higher level. For `task.kind: qa`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mixtura.dials.base import Given, PromptSpec


def specify(level: Mapping[str, Any], given: Given, indices: range) -> list[PromptSpec]:
    """Plain prompts, each about one of the first `contexts` passages.

    Raises ValueError where the examples hold fewer passages.
    """
    if len(given.contexts) < level["contexts"]:
        raise ValueError(
            f"contexts: {level['contexts']} passages are wanted, but the examples hold "
            f"{len(given.contexts)}; raise task.examples or lower the level"
        )
    fewer = replace(given, contexts=given.contexts[: level["contexts"]])
    return [fewer.draw(index)[0] for index in indices]
