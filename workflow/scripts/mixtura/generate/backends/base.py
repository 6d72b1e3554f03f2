"""What every backend is, and what several need."""

from dataclasses import dataclass
from typing import Protocol

from mixtura.generate.reasoning import split_reasoning
from mixtura.generate.settings import Sampling


@dataclass(frozen=True)
class Completion:
    """What came back for one prompt. `finish_reason` is "stop", "length" or a server's own word.

    `new_tokens` counts all that was written, of which `reasoning_tokens` came before the answer;
    `cached_tokens` of the prompt were known to the server. Tokens of answers that were asked for
    again are in both. `mean_logprob` is the mean natural logarithm of the probability that the
    model gave to each new token, before temperature and cuts; None where the backend does not say.
    `fault` is why there is no answer, `message` what the server says about it.
    """

    text: str
    finish_reason: str | None
    prompt_tokens: int
    new_tokens: int
    mean_logprob: float | None = None
    reasoning: str = ""
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    fault: str = ""
    message: str = ""


def answer(
    text: str,
    finish_reason: str,
    prompt_tokens: int,
    new_tokens: int,
    mean_logprob: float | None = None,
) -> Completion:
    """A completion of a model in this process, its reasoning taken off.

    Tokens of the reasoning are its share of the characters: the tokens of both count together.
    """
    reasoning, rest = split_reasoning(text)
    share = 1 - len(rest) / len(text) if reasoning else 0.0
    return Completion(
        text=rest,
        finish_reason=finish_reason,
        prompt_tokens=prompt_tokens,
        new_tokens=new_tokens,
        mean_logprob=mean_logprob,
        reasoning=reasoning,
        reasoning_tokens=round(share * new_tokens),
    )


class Backend(Protocol):
    """An engine with a model loaded. `about` holds its versions and where it runs."""

    about: dict[str, str]

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt, in order; the same seeds give the same completions.

        A prompt that leaves no room for its answer has the fault "prompt too long".
        """
        ...


def stops(sampling: Sampling, ends_itself: bool) -> list[str]:
    """Strings that end an answer: a continuation is one line, an answer in a chat ends itself."""
    if sampling.stop is not None:
        return sampling.stop
    return [] if ends_itself else ["\n"]


def messages(prompt: str, system: str | None) -> list[dict[str, str]]:
    """The messages of a chat, a system's before the user's where there is one."""
    first = [{"role": "system", "content": system}] if system else []
    return [*first, {"role": "user", "content": prompt}]
