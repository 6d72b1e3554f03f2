"""Several texts in one answer: more of them, or rarer ones, are a higher level. For chats.

With `below` the model says how probable each text is, and is asked for none above that: verbalized
sampling (arXiv 2510.01171).
"""

from dataclasses import replace

from pydantic import Field

from mixtura.core.settings import Positive, Settings, Threshold
from mixtura.generate.dials.base import Material, Prompt


class SeveralLevel(Settings):
    """One level of a pipeline of several texts."""

    texts: Positive = Field(description="texts in one answer")
    below: Threshold | None = Field(
        None,
        description="highest probability that the model may say of a text; default: it says none",
    )


Level = SeveralLevel


def specify(level: SeveralLevel, material: Material, indices: range) -> list[Prompt]:
    """A plain prompt for each `texts` indices in a row, which are those of its rows."""
    fields = {"below": level.below} if level.below else {}
    firsts = [index for index in indices if index % level.texts == 0]
    return [
        replace(
            material.draw(index // level.texts)[0], index=index, texts=level.texts, fields=fields
        )
        for index in firsts
    ]
