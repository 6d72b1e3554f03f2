"""What every backend is, and what several need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Completion:
    """What came back for one prompt. `finish_reason` is "stop", "length" or a server's own word.

    `mean_logprob` is the mean natural logarithm of the probability that the model gave to each new
    token, before temperature and cuts; None where the backend does not tell.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    new_tokens: int
    mean_logprob: float | None = None


class Backend(Protocol):
    """An engine with a model loaded. `about` holds its versions and where it runs."""

    about: dict[str, str]

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt, in order; the same seeds give the same completions.

        `sampling` has the keys of `mixtura.config.Sampling`. Raises ValueError where a prompt and
        its answer exceed the context of the model.
        """
        ...


def stops(sampling: Mapping[str, Any], chat: bool) -> list[str]:
    """Strings that end an answer: a continuation is one line, an answer in a chat ends itself."""
    given: list[str] | None = sampling.get("stop")
    return ([] if chat else ["\n"]) if given is None else given


def check_context(prompt_tokens: int, new_tokens: int, context: int) -> None:
    """Raise ValueError where a prompt and its answer exceed the context, all in tokens."""
    if prompt_tokens + new_tokens > context:
        raise ValueError(
            f"a prompt of {prompt_tokens} tokens and {new_tokens} new ones exceed the model's "
            f"context of {context}; show fewer examples or lower sampling.max_new_tokens"
        )
