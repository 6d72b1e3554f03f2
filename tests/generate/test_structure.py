"""Answers in JSON: rows with parts, and labels of a judge."""

from typing import Any

import pytest

from fake_server import KEY, client, reply, serving
from mixtura.curate.judge import parse_label
from mixtura.generate.backends.base import Completion
from mixtura.generate.batches import row_fields
from mixtura.generate.dials.base import Prompt
from mixtura.generate.prompting import render
from mixtura.generate.settings import Sampling
from mixtura.generate.structure import label_form, row_form, structured
from mixtura.generate.templates import template_text
from mixtura.prepare.settings import Kind

PROMPT = Prompt(0, "qa", (), context="The mill was built in 1820.")


@pytest.mark.parametrize(
    ("kind", "text", "finish", "outcome"),
    [
        ("qa", '{"question": "When was it built?", "answer": "1820"}', "stop", "1820"),
        (
            "qa",
            '{"question": "When?", "answer": "1821"}',
            "stop",
            "the answer is not in the context",
        ),
        ("qa", '{"question": "When?"}', "stop", "no JSON"),
        ("qa", '```json\n{"question": "When?", "answer": "1820"}\n```', "stop", "1820"),
        ("qa", 'Here it is: {"question": "When?", "answer": 1820}', "stop", "1820"),
        ("qa", '[{"Question": "When?", "Answer": ["1820"]}]', "stop", "1820"),
        ("qa", '{"question": "When?", "answer": "1820\n"}', "stop", "1820"),  # a bare line break
        ("qa", '{"question": "When?", "answer": ["1820", "then"]}', "stop", "no JSON"),
        ("qa", "When? Answer: 1820", "stop", "no JSON"),
        ("qa", '{"question": "When was', "length", "unfinished"),
        (
            "instruction",
            '{"instruction": "Go\\nResponse: on", "response": "A\\nB"}',
            "stop",
            "A\nB",
        ),
        ("classification", "A fine film.", "stop", "A fine film."),
    ],
)
def test_parts_of_a_row_are_json(kind: Kind, text: str, finish: str, outcome: str) -> None:
    fields, reason = row_fields(Completion(text, finish, 1, 1), kind, PROMPT, [], is_json=True)
    result = fields and {
        "qa": lambda: fields["answers"][0],
        "instruction": lambda: fields["response"],
    }
    assert (reason or (result or {}).get(kind, lambda: fields["text"])()) == outcome


def test_a_form_reaches_the_server_and_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXTURA_TEST_KEY", KEY)

    def script(number: int, body: dict[str, Any]) -> Any:
        return 200, {}, reply(body, content='{"label": "good"}')

    with serving() as server:
        server.script = script
        sampling = structured(Sampling(), label_form(["bad", "good"]))
        done = client(server, chat=True).complete(["p"], sampling, [1])[0]
        assert parse_label(done.text, ["bad", "good"]) == "good"
        form = server.requests[0]["response_format"]["json_schema"]["schema"]
        assert form["properties"]["label"]["enum"] == ["bad", "good"]
    assert row_form("classification") is None
    for kind in ("qa", "instruction"):
        template = template_text(f"{kind}-chat")
        assert "Write JSON with the keys" in render(template, PROMPT, "text", structured=True)
        assert "Write JSON" not in render(template, PROMPT, "text")
