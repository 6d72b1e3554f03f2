"""Completions by a server: order, chats, failures, limits, and a key that stands nowhere."""

import copy
import logging
from pathlib import Path
from typing import Any

import openai
import polars as pl
import pytest

from builders import reviews
from conftest import run_snakemake
from fake_server import KEY, Handler, Server, client, reply
from mixtura.generate.settings import Sampling

SAMPLING = Sampling(max_new_tokens=12)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXTURA_TEST_KEY", KEY)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that failed are tried again at once."""
    monkeypatch.setattr(openai.OpenAI, "_calculate_retry_timeout", lambda *_: 0.01)


def test_a_server_completes_in_order_and_several_at_a_time(server: Server) -> None:
    server.delay = 0.1
    prompts = [f"p{i}" for i in range(8)]
    done = client(server).complete(prompts, Sampling(max_new_tokens=12, min_p=0.1), list(range(8)))
    assert [completion.text for completion in done] == [f"said p{i}" for i in range(8)]
    assert done[0].prompt_tokens == 7 and done[0].new_tokens == 2 and not done[0].mean_logprob
    assert server.busy["most"] == 4
    request = next(body for body in server.requests if body["prompt"] == "p3")
    assert (
        request["path"] == "/v1/completions" and request["seed"] == 3 and request["stop"] == ["\n"]
    )
    assert request["max_tokens"] == 12 and request["min_p"] == 0.1 and "top_k" not in request


def test_a_chat_goes_to_the_chat_endpoint(server: Server) -> None:
    done = client(server, chat=True, logprobs=True).complete(["hello"], SAMPLING, [1])[0]
    assert done.text == "chat hello" and done.mean_logprob == -1
    assert server.requests[0]["path"] == "/v1/chat/completions" and "stop" not in server.requests[0]
    settings = {"logprobs": True, "parameters": {"seed": None}}
    plain = client(server, **settings).complete(["hello"], SAMPLING, [1])[0]
    assert plain.mean_logprob == -1.5 and "seed" not in server.requests[1]


def test_a_busy_server_is_asked_again_when_it_says_so(server: Server) -> None:
    later = {"Retry-After": "1"}
    server.script = lambda number, body: (429, later, {"error": "slow"}) if number == 1 else None
    assert client(server).complete(["p"], SAMPLING, [1])[0].text == "said p"
    assert len(server.requests) == 2 and server.times[1] - server.times[0] >= 1


def test_a_server_that_fails_is_asked_a_set_number_of_times(server: Server, soon: None) -> None:
    server.script = lambda number, body: (500, {}, {"error": {"message": "engine died"}})
    with pytest.raises(RuntimeError, match=r"/v1 gave no completion: .*engine died"):
        client(server).complete(["p"], SAMPLING, [1])
    assert len(server.requests) == 3


def test_a_wrong_key_is_told_once_and_never_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MIXTURA_TEST_KEY", "another-secret")
    with pytest.raises(RuntimeError, match=r"refuses the key in .*MIXTURA_TEST_KEY") as error:
        client(server, concurrent=1).complete(["p", "q"], SAMPLING, [1, 2])
    assert (
        "another-secret" not in f"{error.value}{caplog.text}" and error.value.__suppress_context__
    )
    server.script = lambda number, body: (
        400,
        {},
        {"error": {"message": "key another-secret is odd"}},
    )
    done = client(server).complete(["p"], SAMPLING, [1])[0]
    assert done.fault == "HTTP 400" and "key *** is odd" in done.message
    assert "another-secret" not in str(client(server).about)


def test_a_key_that_is_not_set_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIXTURA_TEST_KEY")
    with pytest.raises(ValueError, match="variable MIXTURA_TEST_KEY does not hold a key"):
        client(server)


@pytest.mark.parametrize("answer", ['{"choices": [', [1], {"error": {"message": "overloaded"}}])
def test_an_answer_that_is_no_answer_is_an_error(server: Server, soon: None, answer: Any) -> None:
    server.script = lambda number, body: (200, {}, answer)
    with pytest.raises(RuntimeError, match=r"/v1 gave no completion: .*(502|overloaded)"):
        client(server).complete(["p"], SAMPLING, [1])
    assert len(server.requests) == 3


def test_a_slow_server_is_an_error_after_the_time_limit(server: Server) -> None:
    server.delay = 0.5
    with pytest.raises(RuntimeError, match="gave no completion: APITimeoutError"):
        client(server, timeout=0.1, attempts=1).complete(["p"], SAMPLING, [1])


def test_requests_keep_to_the_rate_of_all_jobs(server: Server) -> None:
    for _ in range(2):  # two jobs of one machine
        client(server, requests_per_minute=600).complete(["p"] * 3, SAMPLING, [1] * 3)
    assert max(server.times) - min(server.times) >= 0.5 - 0.05


def test_tokens_keep_to_their_rate(server: Server) -> None:
    many = Sampling(max_new_tokens=99)  # and a token of the prompt
    client(server, tokens_per_minute=60_000).complete(["p"] * 4, many, [1] * 4)
    assert 0.3 - 0.05 <= max(server.times) - min(server.times) < 2


@pytest.mark.workflow
def test_a_study_through_a_server_keeps_the_key_to_itself(
    server: Server, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, before = reviews(1000), reply

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        answer, number = before(body), len(server.requests)
        answer["choices"][0]["text"] = f" {texts[number][0]} {number}\n"
        return answer

    monkeypatch.setitem(Handler.do_POST.__globals__, "reply", answer)
    study = copy.deepcopy(tiny)
    study["generators"]["writer"] = {
        "backend": "openai",
        "openai": {
            "base_url": server.url,
            "model": "m",
            "key_env": "MIXTURA_TEST_KEY",
            "prompt_price": 1.0,
        },
    }
    run = run_snakemake(tmp_path, study)
    assert run.returncode == 0, run.stdout
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"report.html", "generation.parquet"} <= {file.name for file in files}
    assert server.requests and KEY not in run.stdout
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
    table = pl.read_parquet(tmp_path / "results/tiny/tables/generation.parquet")
    assert table["cost"].to_list() == [pytest.approx(7e-6 * n) for n in table["prompts"]]
