"""Conversations: turns with a role and a content, the last of them the assistant's."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

ROLES = ("system", "user", "assistant")
Message = dict[str, str]  # role, content


def read_conversation(value: Any) -> list[Message]:
    """The turns of a conversation: a list of {role, content}, or JSON of one.

    A system's turn may come first, user and assistant follow in turn. Raises ValueError that says
    what is wrong.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            raise ValueError(f"is no JSON: {value[:60]!r}") from None
    if value is None or isinstance(value, Mapping | str) or not isinstance(value, Sequence):
        raise ValueError(f"is no list of turns: {str(value)[:60]!r}")
    messages = []
    for number, turn in enumerate(value, start=1):
        role, content = (
            (turn.get("role"), turn.get("content")) if isinstance(turn, Mapping) else ("", "")
        )
        if role not in ROLES:
            raise ValueError(f"turn {number} has role {role!r}; allowed: {', '.join(ROLES)}")
        if not isinstance(content, str) or not content.strip():
            raise ValueError(f"turn {number} has no text in `content`")
        messages.append({"role": role, "content": content.strip()})
    roles = [message["role"] for message in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if not turns or turns != ["user", "assistant"] * (len(turns) // 2):
        raise ValueError(
            f"has turns of {', '.join(roles) or 'nobody'}; allowed: system or not, then user and "
            "assistant in turn, the assistant last"
        )
    return messages


def context_text(messages: Sequence[Message]) -> str:
    """The turns before an answer in plain words: a user's only turn as it is, else with roles."""
    if len(messages) == 1:
        return messages[0]["content"]
    lines = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
    return "\n".join([*lines, "Assistant:"])
