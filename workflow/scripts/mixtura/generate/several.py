"""One answer with several texts: as many completions, whose tokens are together those of it."""

import re
from dataclasses import replace
from typing import Any

from mixtura.generate.backends.base import Completion

TEXT = re.compile(
    r"<text\b([^<>]*)>(.*?)(?:(</text>)(\s*<probability>[^<>]*)?|(?=<text\b)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
PROBABILITY = re.compile(r"\bprob\w*\W{1,4}?(\d*[.,]?\d+)\s*(%?)", re.IGNORECASE)
MISSING = "fewer texts than were asked for"
COUNTS = ("prompt_tokens", "cached_tokens", "new_tokens", "reasoning_tokens")


def split_completion(completion: Completion, texts: int) -> list[tuple[Completion, dict[str, Any]]]:
    """`texts` completions, each with what the model says of its text (`probability`).

    Their counts of tokens sum up to those of the answer. A text that the answer lacks has a fault;
    more than `texts` are left out. The last one is cut off where the answer was, if it has no end.
    """
    if texts == 1:
        return [(completion, {})]
    # An answer without a text at all is no better understood piece by piece.
    matches = [] if completion.fault else list(TEXT.finditer(completion.text))[:texts]
    parts: list[tuple[Completion, dict[str, Any]]] = []
    for place in range(texts):
        shares: dict[str, Any] = {
            name: _share(getattr(completion, name), texts, place) for name in COUNTS
        }
        part = replace(completion, **shares)
        if place:
            part = replace(part, reasoning="")
        if place < len(matches):
            attributes, text, end, tag = matches[place].groups()
            finish = "stop" if end else completion.finish_reason
            part = replace(part, text=text.strip(), finish_reason=finish)
            parts.append((part, _probability(f"{attributes} {tag or ''}")))
        else:  # the raw answer stays in its first row
            text = "" if matches or place else completion.text
            parts.append((replace(part, text=text, fault=completion.fault or MISSING), {}))
    return parts


def _probability(words: str) -> dict[str, Any]:
    """{"probability": that which the attributes or the tag after a text say}, if they do."""
    match = PROBABILITY.search(words)
    if not match:
        return {}
    value = float(match[1].replace(",", ".")) / (100 if match[2] else 1)
    return {"probability": value}


def _share(count: int, parts: int, place: int) -> int:
    """The share of a count that a part has, the first ones one more where it does not divide."""
    return count // parts + (place < count % parts)
