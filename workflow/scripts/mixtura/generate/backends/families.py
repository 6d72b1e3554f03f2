"""Families of models at servers that take other parameters than most, known by their names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mixtura.generate.settings import OpenaiModel, Parameter


@dataclass(frozen=True)
class Family:
    """How models whose name matches `pattern` differ: `names` as in `OpenaiModel.parameters`."""

    pattern: str
    names: Mapping[Parameter, str | None] = field(default_factory=dict)
    hottest: float = 2.0  # highest temperature
    stops: int = 4  # most stop strings


USUAL = Family("", {"effort": "reasoning_effort"})
FAMILIES = (
    Family(  # models that reason, of OpenAI
        r"(?:^|[/:.])(?:o\d|gpt-[5-9](?!.*chat))",
        {
            **USUAL.names,
            "max_tokens": "max_completion_tokens",
            **dict.fromkeys(("temperature", "top_p", "stop", "logprobs")),
        },
    ),
    Family(r"(?:^|[/:.])claude", {**USUAL.names, "seed": None}, hottest=1.0),
    USUAL,
)


def family_of(model: OpenaiModel) -> Family:
    """The first family that a model's name is of."""
    return next(family for family in FAMILIES if re.search(family.pattern, model.model))


def sent_as(model: OpenaiModel, parameter: Parameter) -> str | None:
    """The name of a parameter at the server of a model, None where it is not sent."""
    return {**family_of(model).names, **model.parameters}.get(parameter, parameter)
