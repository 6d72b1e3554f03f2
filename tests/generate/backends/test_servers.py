"""How servers behave: nothing paid is lost, each row is accepted or rejected, tokens are exact."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import polars as pl
import pytest

from fake_server import KEY, Reaction, Server, client, prompt_of, reply
from mixtura.generate.backends.families import sent_as
from mixtura.generate.batches import complete_batch
from mixtura.generate.dials.base import Prompt
from mixtura.generate.settings import OpenaiModel, Sampling

SAMPLING = Sampling(max_new_tokens=12)
PROMPTS = ["p0", "p1", "p2", "p3"]
FINE = "A fine film."
MAIL = "Subject: Charged twice\n\nHello,\nI paid 3 times.\nBest, Ann"
FIRST: list[int] = [1]  # numbers of the tries of p1 that a behaviour is for
ALWAYS = list(range(1, 20))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXTURA_TEST_KEY", KEY)
    monkeypatch.setattr(openai.OpenAI, "_calculate_retry_timeout", lambda *_: 0.01)


def usage(prompt: int | None, new: int | None, **details: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": new}
    return {name: count for name, count in counts.items() if count is not None} | details


def says(**changes: Any) -> Callable[[dict[str, Any]], Reaction]:
    """An answer with changes, see `reply`."""
    return lambda body: (200, {}, reply(body, **{"content": FINE, **changes}))


def fails(status: int, message: str = "no", headers: Any = None, **error: Any) -> Any:
    return lambda body: (status, headers or {}, {"error": {"message": message, **error}})


def body_of(answer: Any) -> Callable[[dict[str, Any]], Reaction]:
    return lambda body: (200, {}, answer)


THOUGHT = usage(7, 9, completion_tokens_details={"reasoning_tokens": 6})
APART = usage(7, 2, total_tokens=15, completion_tokens_details={"reasoning_tokens": 6})
EMPTY = {"id": "1", "object": "chat.completion", "choices": [], "usage": usage(7, 0)}
PARTS = [{"type": "thinking", "thinking": [{"text": "Hm."}]}, {"type": "text", "text": FINE}]
CHOICE_ERROR = {"error": {"code": 502, "message": "upstream"}, "finish_reason": "error"}

# what the server does to p1 -> for which tries, and the row: text or reason, tokens read, written
BEHAVIOURS: dict[str, tuple[Any, list[int], str, int, int]] = {
    "thinks in a block": (says(content=f"<think>Okay.</think>\n\n{FINE}"), ALWAYS, FINE, 7, 2),
    "thinks in a field": (says(reasoning_content="Okay.", usage=THOUGHT), ALWAYS, FINE, 7, 9),
    "thinks in another field": (says(reasoning="Okay.", usage=THOUGHT), ALWAYS, FINE, 7, 9),
    "counts thoughts apart": (says(reasoning="Okay.", usage=APART), ALWAYS, FINE, 7, 8),
    "thinks in secret": (says(usage=THOUGHT), ALWAYS, FINE, 7, 9),
    "is cut off while it thinks": (
        *(says(content="<think>Okay, a f", finish_reason="length"), ALWAYS),
        *("reasoning without an answer", 7, 2),
    ),
    "answers in parts": (says(content=PARTS), ALWAYS, FINE, 7, 2),
    "writes several lines": (says(content=MAIL), ALWAYS, MAIL, 7, 2),
    "refuses a prompt by a filter": (
        fails(400, "blocked", code="content_filter"), ALWAYS, "content filter", 0, 0,
    ),
    "refuses a prompt by moderation": (
        fails(403, "your input was flagged"), ALWAYS, "content filter", 0, 0,
    ),
    "filters an answer": (says(finish_reason="content_filter"), ALWAYS, "content filter", 7, 2),
    "refuses in a field": (says(content=None, refusal="I won't"), ALWAYS, "refusal", 7, 2),
    "refuses in words": (says(content="I can't help with that."), ALWAYS, "refusal", 7, 2),
    "is empty once": (body_of(EMPTY), FIRST, "chat p1", 14, 2),
    "is always empty": (body_of(EMPTY), ALWAYS, "empty", 21, 0),
    "has no content": (says(content=None), ALWAYS, "empty", 21, 6),
    "tells no usage": (says(usage=None), ALWAYS, FINE, 1, 3),
    "tells the prompt alone": (says(usage=usage(7, None)), ALWAYS, FINE, 7, 3),
    "tells the answer alone": (says(usage=usage(None, 2)), ALWAYS, FINE, 1, 2),
    "has an error with status 200": (fails(200, "busy", code=503), FIRST, "chat p1", 7, 2),
    "has an error without a code": (fails(200, "busy"), FIRST, "chat p1", 7, 2),
    "refuses with status 200": (fails(200, "odd prompt", code=400), ALWAYS, "HTTP 400", 0, 0),
    "has an error in the choice": (says(**CHOICE_ERROR), FIRST, "chat p1", 7, 2),
    "breaks its JSON": (body_of('{"choices": [{"mess'), FIRST, "chat p1", 7, 2),
    "is busy and says until when": (
        fails(429, headers={"Retry-After": "0"}), FIRST, "chat p1", 7, 2,
    ),
    "is busy": (fails(429), [1, 2], "chat p1", 7, 2),
    "fails once": (fails(500), FIRST, "chat p1", 7, 2),
    "fails at one prompt": (fails(500), ALWAYS, "server error", 0, 0),
    "cuts the line": (lambda body: (0, {}, ""), FIRST, "chat p1", 7, 2),
    "finds a prompt too long": (
        fails(400, "maximum context length is 9 tokens"), ALWAYS, "prompt too long", 0, 0,
    ),
    "refuses for a reason of its own": (fails(422, "odd"), ALWAYS, "HTTP 422", 0, 0),
    "gives every answer one id": (says(), ALWAYS, FINE, 7, 2),
    "has a word of its own for the end": (says(finish_reason="eos"), ALWAYS, FINE, 7, 2),
    "calls an answer sensitive": (
        says(finish_reason="sensitive"), ALWAYS, "content filter", 7, 2,
    ),
    "counts in other words": (
        says(usage={"input_tokens": 5, "output_tokens": 3}), ALWAYS, FINE, 5, 3,
    ),
    "counts in text": (says(usage=usage("5", "3")), ALWAYS, FINE, 5, 3),
    "counts in a list": (says(usage=[1, 2]), ALWAYS, FINE, 1, 3),
    "answers in a list of texts": (says(content=["A fine ", "film."]), ALWAYS, FINE, 7, 2),
    "answers in one part": (says(content={"type": "text", "text": FINE}), ALWAYS, FINE, 7, 2),
    "answers with half a sign": (
        body_of('{"choices": [{"message": {"content": "Fine \\ud83d."}}], "usage": {}}'),
        *(ALWAYS, "Fine ?.", 1, 2),
    ),
    "answers with a null": (says(content="A fine\x00 film."), ALWAYS, FINE, 7, 2),
    "calls a tool": (says(content=None, tool_calls=[{}]), ALWAYS, "empty", 21, 6),
    "has choices of another form": (
        body_of({"choices": {"0": {}}, "usage": usage(7, 0)}), ALWAYS, "empty", 21, 0,
    ),
    "has an error in a form of its own": (
        body_of({"object": "error", "message": "loading", "code": 50001}), FIRST, "chat p1", 7, 2,
    ),
    "finds a prompt larger than its context": (
        fails(400, "the request exceeds the available context size"),
        *(ALWAYS, "prompt too long", 0, 0),
    ),
    "finds data inappropriate": (
        fails(400, "Input data may contain inappropriate content"), ALWAYS, "content filter", 0, 0,
    ),
    "cuts an answer off": (
        says(content=f"{FINE} I lov", finish_reason="max_tokens"), ALWAYS, FINE, 7, 2,
    ),
    "says what it does": (says(content=f"Sure! Here is a review:\n\n{FINE}"), ALWAYS, FINE, 7, 2),
}  # fmt: skip


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_row_is_accepted_or_rejected(server: Server, behaviour: str) -> None:
    react, tries, outcome, read, written = BEHAVIOURS[behaviour]
    seen = Counter[str]()

    def script(number: int, body: dict[str, Any]) -> Reaction | None:
        seen[prompt_of(body)] += 1
        special = prompt_of(body) == "p1" and seen["p1"] in tries
        reaction: Reaction | None = react(body) if special else None
        return reaction

    server.script = script
    backend = client(server, chat=True)
    rows = complete_batch(
        [Prompt(index, "positive", ()) for index in range(4)],
        PROMPTS,
        [1, 2, 3, 4],
        lambda texts, seeds: backend.complete(texts, SAMPLING, seeds),
        "here",
        names=["review"],
    )
    others = rows.filter(pl.col("index") != 1)
    assert others["text"].to_list() == ["chat p0", "chat p2", "chat p3"]
    assert others["reason"].is_null().all() and others["new_tokens"].to_list() == [2] * 3
    row = rows.row(1, named=True)
    assert (row["reason"] or row["text"], row["prompt_tokens"], row["new_tokens"]) == (
        *(outcome, read, written),
    )
    assert rows["id"].n_unique() == 4


def test_reasoning_is_kept_apart(server: Server) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 5}, **THOUGHT}
    server.script = lambda n, body: says(reasoning="Okay.", usage=details)(body)
    done = client(server, chat=True).complete(["p"], SAMPLING, [1])[0]
    assert (done.text, done.reasoning) == (FINE, "Okay.")
    assert (done.cached_tokens, done.reasoning_tokens) == (5, 6)


def test_a_server_that_only_streams(server: Server) -> None:
    pieces = [
        {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]},
        {"choices": [{"index": 0, "delta": {"content": "A fine "}}]},
        {"choices": [{"index": 0, "delta": {"content": "film."}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage(7, 5)},
    ]
    lines = [f"data: {json.dumps({'id': '1', **piece})}\n\n" for piece in pieces]
    events = "".join([*lines, "data: [DONE]\n\n"])

    def script(number: int, body: dict[str, Any]) -> Reaction:
        if not body.get("stream"):
            return 400, {}, {"error": {"message": "set stream"}}
        return 200, {"Content-Type": "text/event-stream"}, events

    server.script = script
    done = client(server, chat=True, stream=True).complete(["p"], SAMPLING, [1])[0]
    assert (done.text, done.reasoning, done.finish_reason) == (FINE, "Hm.", "stop")
    assert (done.prompt_tokens, done.new_tokens) == (7, 5)
    assert (
        client(server, chat=True).complete(["p"], SAMPLING, [1])[0].message.endswith("set stream")
    )


@pytest.mark.parametrize(
    ("status", "error", "settings", "message"),
    [
        (401, {"message": "no key"}, {"key_env": None}, r"wants a key: .*openai\.key_env .*no key"),
        (401, {"message": "no"}, {}, "refuses the key in the environment variable MIXTURA_TEST"),
        (404, {"message": "no model m"}, {}, "gave no completion: .*no model m"),
        (429, {"message": "pay", "code": "insufficient_quota"}, {}, "gave no completion: .*pay"),
        (400, {"message": "Unsupported parameter: 'temperature'"}, {}, "openai.parameters: {temp"),
        (400, {"message": "property 'min_p' is not allowed"}, {}, "openai.parameters: {temp"),
        (400, {"message": "API key not valid"}, {}, "refuses the key .*API key not valid"),
        (403, {"message": "region not supported"}, {}, "refuses the key .*region not supported"),
    ],
)
def test_what_concerns_every_request_ends_the_job(
    server: Server, status: int, error: Any, settings: Any, message: str
) -> None:
    server.script = lambda n, body: (status, {}, {"error": error})
    with pytest.raises(RuntimeError, match=message):
        client(server, chat=True, **settings).complete(["p"], SAMPLING, [1])


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (502, "<html>bad  gateway</html>", "<html>bad gateway</html>"),
        (200, {"detail": "Not ready"}, "Not ready"),
        (200, {"error": "overloaded"}, "overloaded"),
        (200, {"base_resp": {"status_msg": "bad token"}}, "bad token"),
    ],
)
def test_the_servers_own_words_are_shown(
    server: Server, status: int, answer: Any, words: str
) -> None:
    server.script = lambda n, body: (status, {}, answer)
    with pytest.raises(RuntimeError, match=f"gave no completion: .*{words}"):
        client(server, chat=True).complete(["p"], SAMPLING, [1])


def test_a_server_that_streams_unasked_says_which_key_helps(server: Server) -> None:
    server.script = lambda n, body: (200, {"Content-Type": "text/event-stream"}, "data: {}\n\n")
    with pytest.raises(RuntimeError, match=r"give openai\.stream: true"):
        client(server, chat=True).complete(["p"], SAMPLING, [1])


def test_a_server_that_dies_loses_no_answer(server: Server, tmp_path: Path) -> None:
    def dying(number: int, body: dict[str, Any]) -> Reaction | None:
        return None if number <= 5 else (500, {}, {"error": {"message": "engine died"}})

    server.script = dying
    prompts, seeds = [f"p{place}" for place in range(12)], list(range(12))
    with pytest.raises(RuntimeError, match="engine died"):
        client(server, concurrent=1, resume=tmp_path).complete(prompts, SAMPLING, seeds)
    with (tmp_path / "answers.jsonl").open("a") as file:
        file.write('["cut off')  # as a killed job leaves it
    server.script, before = (lambda n, body: None), len(server.requests)
    done = client(server, resume=tmp_path).complete(prompts, SAMPLING, seeds)
    assert [completion.text for completion in done] == [f"said p{place}" for place in range(12)]
    assert len(server.requests) - before == 7


def test_parameters_have_the_names_that_a_server_wants(server: Server) -> None:
    sampling = Sampling(temperature=0.5, top_p=0.9, max_new_tokens=12, stop=["x"])
    client(server, chat=True, model="o3", effort="low").complete(["p"], sampling, [1])
    client(
        server,
        chat=True,
        parameters={"max_tokens": "max_output", "seed": None, "effort": "think"},
        effort="high",
        extra_body={"provider": {"only": ["a"]}},
        system="Be brief.",
        chat_template={"enable_thinking": False},
    ).complete(["p"], sampling, [1])
    family, named = ({k: v for k, v in body.items() if k != "path"} for body in server.requests)
    user = {"role": "user", "content": "p"}
    assert family == {
        **{"model": "o3", "messages": [user], "max_completion_tokens": 12, "seed": 1},
        "reasoning_effort": "low",
    }
    assert named == {
        **{"model": "m", "messages": [{"role": "system", "content": "Be brief."}, user]},
        **{"temperature": 0.5, "top_p": 0.9, "stop": ["x"], "max_output": 12, "think": "high"},
        **{"provider": {"only": ["a"]}, "chat_template_kwargs": {"enable_thinking": False}},
    }


@pytest.mark.parametrize(
    ("name", "longest", "seed"),
    [
        ("openai/o4-mini", "max_completion_tokens", "seed"),
        ("ft:o4-mini:team::x", "max_completion_tokens", "seed"),
        ("gpt-5.1", "max_completion_tokens", "seed"),
        ("gpt-5-chat-latest", "max_tokens", "seed"),
        ("gpt-oss-120b", "max_tokens", "seed"),
        ("us.anthropic.claude-sonnet-4", "max_tokens", None),
        ("phi-4", "max_tokens", "seed"),
    ],
)
def test_families_are_known_by_whatever_stands_before_their_name(
    name: str, longest: str, seed: str | None
) -> None:
    model = OpenaiModel(model=name)
    assert (sent_as(model, "max_tokens"), sent_as(model, "seed")) == (longest, seed)
