"""The batch interface: everything is answered once, for less, whatever dies."""

import json
from pathlib import Path
from typing import Any

import pytest
from openai.resources import Batches as OpenaiBatches

from fake_server import KEY, Handler, Reaction, Server, client, prompt_of, reply
from mixtura.generate.backends.batch import Batches
from mixtura.generate.settings import Sampling
from mixtura.plan.plan import read_plan
from served import study_of

SAMPLING = Sampling(max_new_tokens=12)
PROMPTS = ["p0", "p1", "p2", "p3"]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXTURA_TEST_KEY", KEY)


@pytest.mark.parametrize("chat", [True, False])
def test_a_batch_is_sent_waited_for_and_read(server: Server, chat: bool) -> None:
    backend = client(server, chat=chat, batch=True)
    rows = backend.complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert [row.text for row in rows] == [f"{'chat' if chat else 'said'} {p}" for p in PROMPTS]
    assert [(row.prompt_tokens, row.new_tokens) for row in rows] == [(7, 2)] * 4
    assert {request["path"] for request in server.requests} == {"in a batch"}
    assert [request["seed"] for request in server.requests] == [1, 2, 3, 4]
    (batch,) = server.batches.values()
    assert batch["endpoint"] == f"/v1/{'chat/' if chat else ''}completions"
    assert batch["polls"] <= 0


BUSY: Reaction = (429, {}, {"error": {"message": "busy"}})
FILTERED: Reaction = (400, {}, {"error": {"message": "blocked", "code": "content_filter"}})


@pytest.mark.parametrize(
    ("first", "then", "outcome", "read"),
    [
        (BUSY, None, "chat p1", 7),
        ((0, {}, ""), None, "chat p1", 7),  # lost: the batch expired before it
        ("empty", None, "chat p1", 14),
        (BUSY, BUSY, "server error", 0),
        (FILTERED, FILTERED, "content filter", 0),
    ],
)
def test_what_a_batch_leaves_open_goes_into_another(
    server: Server, first: Any, then: Any, outcome: str, read: int
) -> None:
    tries = []

    def script(number: int, body: dict[str, Any]) -> Reaction | None:
        if prompt_of(body) != "p1":
            return None
        tries.append(body["seed"])
        reaction = first if len(tries) == 1 else then
        return (200, {}, reply(body, content="")) if reaction == "empty" else reaction

    server.script = script
    rows = client(server, chat=True, batch=True).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert [row.text for row in rows if not row.fault][:1] == ["chat p0"]
    assert (rows[1].fault or rows[1].text, rows[1].prompt_tokens) == (outcome, read)
    assert len(server.requests) == 3 + len(tries) and len(set(tries)) == len(tries)


def test_a_killed_job_waits_for_the_same_batch(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Batches, identity: str) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "_waited", killed)
        with pytest.raises(KeyboardInterrupt):
            client(server, batch=True, resume=tmp_path).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    rows = client(server, batch=True, resume=tmp_path).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert len(server.batches) == 1 and len(server.requests) == 4  # nothing is bought twice
    assert [row.text for row in rows] == [f"said {prompt}" for prompt in PROMPTS]
    again = client(server, batch=True, resume=tmp_path).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert again == rows and len(server.batches) == 1


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_job_that_is_killed_at_the_submission_submits_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    submitted = OpenaiBatches.create

    def killed(self: OpenaiBatches, **about: Any) -> Any:
        if place == "after":
            submitted(self, **about)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(OpenaiBatches, "create", killed)
        with pytest.raises(KeyboardInterrupt):
            client(server, batch=True, resume=tmp_path).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert len(server.batches) == (place == "after")
    rows = client(server, batch=True, resume=tmp_path).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert len(server.batches) == 1 and len(server.requests) == 4  # nothing is bought twice
    assert [row.text for row in rows] == [f"said {prompt}" for prompt in PROMPTS]


def test_a_batch_that_is_refused_is_told_and_goes_out_anew(server: Server, tmp_path: Path) -> None:
    errors = {"object": "list", "data": [{"message": "no such model", "code": "x"}]}
    server.batch_end = {"status": "failed", "errors": errors}
    with pytest.raises(RuntimeError, match="refuses a batch: no such model"):
        client(server, batch=True, resume=tmp_path).complete(["p"], SAMPLING, [1])
    server.batch_end = {}  # once the cause is mended
    rows = client(server, batch=True, resume=tmp_path).complete(["p"], SAMPLING, [1])
    assert [row.text for row in rows] == ["said p"] and len(server.batches) == 2


def test_lines_of_a_batch_are_those_of_json(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ends of lines of Unicode stand in texts; what is no answer harms no other."""
    stored = Handler.stored

    def odd(self: Handler, text: str) -> dict[str, Any]:
        lines = [json.dumps(json.loads(line), ensure_ascii=False) for line in text.splitlines()]
        more = ["", "[]", '{"custom_id": "0-0"}', "null"] if "custom_id" in text else []
        return stored(self, "\n".join([*more, *lines]))

    server.script = lambda number, body: (200, {}, reply(body, content="One.\u2028Two.\x85"))
    monkeypatch.setattr(Handler, "stored", odd)
    monkeypatch.setattr(Handler, "uploaded", lambda self, content: stored(self, uploaded(content)))
    rows = client(server, chat=True, batch=True).complete(PROMPTS, SAMPLING, [1, 2, 3, 4])
    assert [row.text for row in rows] == ["One.\u2028Two.\x85"] * 4
    assert len(server.requests) == 4  # nothing is bought twice


def uploaded(content: bytes) -> str:
    """The lines of a file as it is sent in a form."""
    return "\n".join(line for line in content.decode().splitlines() if line.startswith("{"))


def test_a_batch_costs_its_share_of_the_prices(tiny: dict[str, Any], server: Server) -> None:
    study = study_of(tiny, server, {"data": tiny["task"]["data"]})
    study["generators"]["writer"]["openai"] |= {
        **{"batch": True, "prompt_price": 2.0, "cached_price": 1.0, "completion_price": 8.0},
    }
    settings = read_plan(study).generate.collect_settings()
    assert '"cached_price":0.5,"completion_price":4.0,"prompt_price":1.0' in settings
    study["generators"]["writer"]["openai"]["batch_price"] = 0.25
    assert '"completion_price":2.0' in read_plan(study).generate.collect_settings()
