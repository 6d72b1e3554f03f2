"""What servers answer: text, reasoning and usage in the forms that they have."""

import math
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from mixtura.generate.backends.base import Completion
from mixtura.generate.reasoning import split_reasoning

CUT = ("length", "max_tokens", "max_output_tokens", "model_length")
FILTERED = re.compile(
    r"content.{0,3}(?:filter|management|policy)|moderation|flagged|safety|responsible.?ai|"
    r"prohibited|recitation|sensitive|spii|block.?list|inappropriate|data.?inspection",
    re.IGNORECASE,
)
BYTES = 4  # of a token, where a server does not count


def read_answer(body: Any, prompt: str) -> Completion:
    """The completion in the body of a server's answer; without `choices` its text is empty.

    Where the server does not count tokens they are taken to be four bytes of text each. What is of
    another form than it should be is as if it were not there.
    """
    choices = _dict(body).get("choices")
    choice = _dict(choices[0]) if isinstance(choices, list) and choices else {}
    message = _dict(choice.get("message"))
    content = message.get("content", choice.get("text"))
    parts = content if isinstance(content, list) else [content]
    text = "".join(_words(part) for part in parts if not _is_thought(part))
    thoughts = [message.get(name) for name in ("reasoning_content", "reasoning", "thinking")]
    thoughts += [_thought(part) for part in parts if isinstance(part, dict) and _is_thought(part)]
    field = next((thought for thought in thoughts if isinstance(thought, str) and thought), "")
    block, rest = split_reasoning(text)
    reasoning = _clean(field) or block
    finish = choice.get("finish_reason")
    refusal = _words(message.get("refusal"))
    fault = "refusal" if refusal else ""
    if isinstance(finish, str) and FILTERED.search(finish):
        fault = "content filter"
    usage = _dict(_dict(body).get("usage"))
    written = len(reasoning.encode()) + len(rest.encode())
    new_tokens = _count(usage, "completion_tokens", "output_tokens")
    if new_tokens is None:
        new_tokens = math.ceil(written / BYTES)
    prompt_tokens = _count(usage, "prompt_tokens", "input_tokens")
    if prompt_tokens is None:
        prompt_tokens = tokens_of(prompt)
    details = _dict(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    thinking = _count(details, "reasoning_tokens")
    thinking = _count(usage, "reasoning_tokens") if thinking is None else thinking
    if thinking is None:
        thinking = round(new_tokens * len(reasoning.encode()) / written) if reasoning else 0
    elif thinking and _count(usage, "total_tokens") == prompt_tokens + new_tokens + thinking:
        new_tokens += thinking  # some servers count the answer alone
    details = _dict(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    cached = _count(details, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens") or 0
    return Completion(
        text="" if fault else rest,
        finish_reason="length" if str(finish).lower() in CUT else _words(finish) or None,
        prompt_tokens=prompt_tokens,
        new_tokens=new_tokens,
        mean_logprob=_mean_logprob(choice.get("logprobs")),
        reasoning=reasoning,
        reasoning_tokens=thinking,
        cached_tokens=cached,
        fault=fault,
        message=refusal or (text if fault else ""),
    )


def _dict(value: Any) -> dict[str, Any]:
    """A value that is a dictionary, else an empty one."""
    return value if isinstance(value, dict) else {}


def _count(counts: dict[str, Any], *names: str) -> int | None:
    """The first of some counts that is there, whatever form the server gives its numbers."""
    for name in names:
        with suppress(TypeError, ValueError, OverflowError):
            return int(float(counts.get(name)))  # type: ignore[arg-type]
    return None


def _words(part: Any) -> str:
    """A text, or that in a part of a message."""
    part = part.get("text") if isinstance(part, dict) else part
    return "" if part is None or isinstance(part, dict | list) else _clean(str(part))


def _clean(text: str) -> str:
    """A text as a file can hold it: a half of a sign is told, and a null is none."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return math.ceil(len(text.encode()) / BYTES)


def join_chunks(chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The body that the pieces of a streamed answer make together."""
    message: dict[str, str] = {}
    choice: dict[str, Any] = {"message": message}
    body: dict[str, Any] = {"choices": [choice]}
    logprobs: list[Any] = []
    for chunk in chunks:
        body["usage"] = chunk.get("usage") or body.get("usage")
        for part in chunk.get("choices") or []:
            delta = part.get("delta") or {"content": part.get("text")}
            for name in ("content", "reasoning_content", "reasoning", "refusal"):
                if delta.get(name):
                    message[name] = message.get(name, "") + delta[name]
            choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
            logprobs += (part.get("logprobs") or {}).get("content") or []
    if logprobs:
        choice["logprobs"] = {"content": logprobs}
    return body


def _is_thought(part: Any) -> bool:
    """Whether a part of a message is reasoning, not text."""
    return isinstance(part, dict) and part.get("type", "text") not in ("text", "output_text")


def _thought(part: dict[str, Any]) -> str:
    """The reasoning in a part of a message: a text, or parts of its own."""
    thought = part.get("thinking") or part.get("reasoning") or part.get("text") or ""
    return "".join(map(_words, thought if isinstance(thought, list) else [thought]))


def _mean_logprob(logprobs: Any) -> float | None:
    """The mean log-probability of the tokens, in the form of chats or of continuations."""
    tokens = _dict(logprobs).get("content")
    values = [_dict(token).get("logprob") for token in tokens] if isinstance(tokens, list) else []
    values = values or _dict(logprobs).get("token_logprobs") or []
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) / len(numbers) if numbers else None
