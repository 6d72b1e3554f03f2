"""Questions about passages: a larger set of passages is a higher level. For `task.kind: qa`."""

from dataclasses import replace

from pydantic import Field

from mixtura.core.settings import Positive, Settings
from mixtura.generate.dials.base import Material, Prompt


class ContextLevel(Settings):
    """One level of a context pipeline."""

    contexts: Positive = Field(description="number of passages that questions are asked about")


Level = ContextLevel


def specify(level: ContextLevel, material: Material, indices: range) -> list[Prompt]:
    """Plain prompts, each about one of the first `contexts` passages.

    Raises ValueError where the examples hold fewer passages.
    """
    if len(material.contexts) < level.contexts:
        raise ValueError(
            f"contexts: {level.contexts} passages are wanted, but the examples hold "
            f"{len(material.contexts)}; raise designs.real or lower the level"
        )
    fewer = replace(material, contexts=material.contexts[: level.contexts])
    return [fewer.draw(index)[0] for index in indices]
