"""What servers answer: text, reasoning and usage in the forms that they have."""

import math
import re
from collections.abc import Iterable
from typing import Any

from mixtura.generate.backends.base import Completion
from mixtura.generate.reasoning import split_reasoning

CUT = ("length", "max_tokens", "max_output_tokens", "model_length")
FILTERED = re.compile(
    r"content.{0,3}(?:filter|management|policy)|moderation|flagged|safety|responsible.?ai|"
    r"prohibited|recitation",
    re.IGNORECASE,
)
BYTES = 4  # of a token, where a server does not count


def read_answer(body: dict[str, Any], prompt: str) -> Completion:
    """The completion in the body of a server's answer; without `choices` its text is empty.

    Where the server does not count tokens they are taken to be four bytes of text each.
    """
    choice = next(iter(body.get("choices") or []), None) or {}
    message = choice.get("message") or {}
    content = message.get("content", choice.get("text"))
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    text = "".join(part.get("text") or "" for part in parts if part.get("type") == "text")
    thoughts = [message.get(name) for name in ("reasoning_content", "reasoning", "thinking")]
    thoughts += [_thought(part) for part in parts if part.get("type") != "text"]
    field = next((thought for thought in thoughts if isinstance(thought, str) and thought), "")
    block, rest = split_reasoning(text)
    reasoning = field or block
    finish = choice.get("finish_reason")
    fault = "refusal" if message.get("refusal") else ""
    if isinstance(finish, str) and FILTERED.search(finish):
        fault = "content filter"
    usage = body.get("usage") or {}
    written = len(reasoning.encode()) + len(rest.encode())
    new_tokens = usage.get("completion_tokens")
    if new_tokens is None:
        new_tokens = math.ceil(written / BYTES)
    prompt_tokens = usage.get("prompt_tokens")
    if prompt_tokens is None:
        prompt_tokens = tokens_of(prompt)
    thinking = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
    thinking = usage.get("reasoning_tokens") if thinking is None else thinking
    if thinking is None:
        thinking = round(new_tokens * len(reasoning.encode()) / written) if reasoning else 0
    elif thinking and usage.get("total_tokens") == prompt_tokens + new_tokens + thinking:
        new_tokens += thinking  # some servers count the answer alone
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
    return Completion(
        text="" if fault else rest,
        finish_reason="length" if str(finish).lower() in CUT else finish,
        prompt_tokens=prompt_tokens,
        new_tokens=new_tokens,
        mean_logprob=_mean_logprob(choice.get("logprobs")),
        reasoning=reasoning,
        reasoning_tokens=thinking,
        cached_tokens=cached,
        fault=fault,
        message=message.get("refusal") or (text if fault else ""),
    )


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


def _thought(part: dict[str, Any]) -> str:
    """The reasoning in a part of a message: a text, or parts of its own."""
    thought = part.get("thinking") or part.get("reasoning") or part.get("text") or ""
    return thought if isinstance(thought, str) else "".join(p.get("text") or "" for p in thought)


def _mean_logprob(logprobs: Any) -> float | None:
    """The mean log-probability of the tokens, in the form of chats or of continuations."""
    logprobs = logprobs or {}
    values = [token["logprob"] for token in logprobs.get("content") or []]
    values = values or [
        value for value in logprobs.get("token_logprobs") or [] if value is not None
    ]
    return sum(values) / len(values) if values else None
