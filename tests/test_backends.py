"""Engines that complete prompts: in this process, in one of their own, behind HTTP."""

import contextlib
import copy
import json
import logging
import os
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, MinPLogitsWarper

from builders import build_generator, reviews
from conftest import VLLM, run_snakemake, with_vllm
from mixtura.backends import open_backend
from mixtura.backends.base import Backend
from mixtura.backends.openai import OpenaiBackend
from mixtura.backends.transformers import TransformersBackend, draw
from mixtura.backends.vllm import VllmBackend

SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_new_tokens": 12}
PROMPTS = [" the story", " a film about music was", " this"]
CHAT = "{% for message in messages %} review {{ message.content }}{% endfor %} was"


# --- transformers --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backend(generator: Path) -> Backend:
    return open_backend({"backend": "transformers"}, str(generator))


def test_completions_end_at_the_line_and_repeat_with_the_seed(backend: Backend) -> None:
    seeds = list(range(30))
    first = backend.complete(PROMPTS * 10, SAMPLING, seeds)
    assert first == backend.complete(PROMPTS * 10, SAMPLING, seeds)
    assert first != backend.complete(PROMPTS * 10, SAMPLING, [seed + 1 for seed in seeds])
    assert {done.finish_reason for done in first} == {"stop", "length"}
    for done in first:
        assert "\n" not in done.text and 1 <= done.new_tokens <= 12
        assert (done.finish_reason == "length") <= (done.new_tokens == 12)
    assert [done.prompt_tokens for done in first[:3]] == [2, 5, 1]


def test_a_row_is_the_same_in_whatever_batch_it_is(backend: Backend) -> None:
    together = backend.complete(PROMPTS * 10, SAMPLING, list(range(30)))
    alone = [
        backend.complete([prompt], SAMPLING, [seed])[0] for seed, prompt in enumerate(PROMPTS * 10)
    ]
    assert [done.text for done in together] == [done.text for done in alone]
    assert [done.mean_logprob for done in together] == pytest.approx(
        [done.mean_logprob for done in alone], abs=1e-4
    )


def test_stops_are_those_of_the_config(backend: Backend) -> None:
    greedy = {**SAMPLING, "temperature": 0, "stop": []}
    whole = backend.complete(PROMPTS[:1], greedy, [1])[0]
    word = whole.text.split()[1]
    cut = backend.complete(PROMPTS[:1], {**greedy, "stop": [f" {word}"]}, [1])[0]
    assert (whole.finish_reason, whole.new_tokens) == ("length", 12)
    assert cut.finish_reason == "stop" and cut.text == whole.text.partition(f" {word}")[0]


def test_the_mean_log_probability_is_that_of_the_model(backend: TransformersBackend) -> None:
    short = {**SAMPLING, "max_new_tokens": 4}
    made = backend.complete([PROMPTS[1], PROMPTS[0]] * 10, short, list(range(20)))[1::2]
    words = [done for done in made if re.fullmatch(r"( [a-z]+){4}", done.text)]
    assert len(words) >= 3  # the others hold marks that are other tokens when read again
    for done in words:
        ids = backend.tokenizer(PROMPTS[0] + done.text, return_tensors="pt").input_ids
        with torch.inference_mode():
            told = backend.model(ids).logits[0].log_softmax(1)
        mean = float(told[torch.arange(1, 5), ids[0, 2:]].mean())
        assert done.mean_logprob == pytest.approx(mean, abs=1e-4)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([[0.6, 0.3, 0.1, 0.0]]).log().expand(20_000, 4)
    uniform = torch.rand(20_000, generator=torch.Generator().manual_seed(0))

    def shares(**sampling: Any) -> list[float]:
        token, logprob = draw(logits, {**SAMPLING, **sampling}, uniform)
        assert torch.allclose(logprob, logits[0, token])
        return [round(count / 20_000, 2) for count in torch.bincount(token, minlength=4).tolist()]

    assert shares() == pytest.approx([0.6, 0.3, 0.1, 0], abs=0.011)
    assert shares(temperature=0.5) == pytest.approx([36 / 46, 9 / 46, 1 / 46, 0], abs=0.011)
    assert shares(top_k=2) == shares(top_p=0.8) == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=0.011)
    assert shares(min_p=0.4) == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=0.011)
    assert shares(temperature=0) == [1, 0, 0, 0]


def test_min_p_is_that_of_transformers() -> None:
    logits = torch.randn(50, 400, generator=torch.Generator().manual_seed(0)) * 3
    kept = MinPLogitsWarper(0.05)(None, logits).isfinite()
    tops = torch.linspace(0, 1, 50)
    token, _ = draw(logits, {**SAMPLING, "min_p": 0.05}, tops.clamp(max=1 - 2**-24))
    assert kept.gather(1, token[:, None]).all() and kept.sum() < kept.numel() / 4


def test_a_chat_wraps_the_prompt_in_the_template_of_the_model(
    generator: Path, tmp_path: Path
) -> None:
    greedy = {**SAMPLING, "temperature": 0, "stop": []}
    folder = shutil.copytree(generator, tmp_path / "writer")
    (folder / "chat_template.jinja").write_text(CHAT)
    chat = open_backend({"backend": "transformers", "format": "chat"}, str(folder))
    plain = open_backend({"backend": "transformers"}, str(folder))
    asked = chat.complete(["the story"], greedy, [1])
    assert asked == plain.complete([" review the story was"], greedy, [1])


def test_a_model_without_a_chat_template_is_an_error(generator: Path) -> None:
    with pytest.raises(ValueError, match="has no chat template; use format: completion"):
        open_backend({"backend": "transformers", "format": "chat"}, str(generator))


def test_a_model_that_cannot_be_loaded_is_an_error(generator: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(generator, tmp_path / "writer")
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(RuntimeError, match=r"the model in .*writer cannot be loaded: "):
        open_backend({"backend": "transformers"}, str(folder))


def test_a_prompt_longer_than_the_context_is_an_error(backend: Backend) -> None:
    with pytest.raises(ValueError, match=r"a prompt of 600 tokens and 12 new ones exceed .* 512"):
        backend.complete([" story" * 600], SAMPLING, [1])


# --- vLLM ----------------------------------------------------------------------------------

OPTIONS = {
    "dtype": "float32",
    "max_model_len": 64,
    "adapter": None,
    "tensor_parallel": 1,
    "gpu_memory_utilization": 0.9,
    "enforce_eager": True,
}


@with_vllm
def test_vllm_completes_repeats_and_dies_loudly(tmp_path: Path) -> None:
    folder = build_generator(tmp_path / "writer", head_dim=32)  # 16 is too small for vLLM on a CPU
    engine = VllmBackend(str(folder), python=str(VLLM), **OPTIONS)
    assert engine.about["dtype"] == "float32" and engine.about["vllm"]
    seeds = list(range(30))
    first = engine.complete(PROMPTS * 10, SAMPLING, seeds)
    assert first == engine.complete(PROMPTS * 10, SAMPLING, seeds)
    assert first != engine.complete(PROMPTS * 10, SAMPLING, [seed + 1 for seed in seeds])
    assert {done.finish_reason for done in first} == {"stop", "length"}
    assert all("\n" not in done.text for done in first)
    assert [done.prompt_tokens for done in first[:3]] == [2, 5, 1]
    greedy = {**SAMPLING, "temperature": 0}
    ours = open_backend({"backend": "transformers"}, str(folder)).complete(PROMPTS, greedy, [1] * 3)
    theirs = engine.complete(PROMPTS, greedy, [1] * 3)
    assert [done.text for done in ours] == [done.text for done in theirs]
    assert [done.mean_logprob for done in ours] == pytest.approx(
        [done.mean_logprob for done in theirs], abs=1e-3
    )
    with pytest.raises(ValueError, match=r"a prompt of 60 tokens and 12 new ones exceed .* 64"):
        engine.complete([" story" * 60], SAMPLING, [1])
    engine.process.kill()
    with pytest.raises(RuntimeError, match=r"the vLLM engine ended with exit code -9; its last"):
        engine.complete(PROMPTS, SAMPLING, [1, 2, 3])


@with_vllm
def test_vllm_puts_an_adapter_and_a_chat_template_on_the_model(tmp_path: Path) -> None:
    """As transformers does with the adapter merged into the model."""
    folder = build_generator(tmp_path / "writer", head_dim=32)
    (folder / "chat_template.jinja").write_text(CHAT)
    torch.manual_seed(1)
    adapted = get_peft_model(
        AutoModelForCausalLM.from_pretrained(folder),
        LoraConfig(r=8, init_lora_weights=False, target_modules=["q_proj", "v_proj", "down_proj"]),
    )
    adapted.save_pretrained(tmp_path / "adapter")
    merged = shutil.copytree(folder, tmp_path / "merged")
    adapted.merge_and_unload().save_pretrained(merged)
    greedy = {**SAMPLING, "temperature": 0}
    chat = {"backend": "transformers", "format": "chat"}
    plain, ours = (
        open_backend(chat, str(model)).complete(PROMPTS, greedy, [1] * 3)
        for model in (folder, merged)
    )
    options = OPTIONS | {"adapter": str(tmp_path / "adapter")}
    engine = VllmBackend(str(folder), chat=True, python=str(VLLM), **options)
    theirs = engine.complete(PROMPTS, greedy, [1] * 3)
    assert [done.text for done in theirs] == [done.text for done in ours]
    assert [done.mean_logprob for done in plain] != pytest.approx(
        [done.mean_logprob for done in ours], abs=1e-2
    )
    assert [done.prompt_tokens for done in theirs] == [done.prompt_tokens for done in ours]
    assert [done.mean_logprob for done in theirs] == pytest.approx(
        [done.mean_logprob for done in ours], abs=1e-3
    )


def test_an_interpreter_without_vllm_is_told_with_its_last_words(generator: Path) -> None:
    shell = str(Path(os.__file__).parents[2] / "bin/python3")
    with pytest.raises(RuntimeError, match=r"exit code 1; its last lines:\n(.*\n)*.*No module"):
        VllmBackend(str(generator), python=shell, **OPTIONS)


# --- a server ------------------------------------------------------------------------------

KEY = "secret-1234"


class Server(ThreadingHTTPServer):
    """Answers as told: `script` maps the number of a request to (status, headers, body)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Callable[[int], tuple[int, dict[str, str], Any] | None] = lambda number: None
        self.asked: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.busy = Counter[str]()
        self.delay = 0.0
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append({**body, "path": self.path})
            self.server.times.append(time.monotonic())
            number = len(self.server.asked)
            self.server.busy["now"] += 1
            self.server.busy["most"] = max(self.server.busy["most"], self.server.busy["now"])
        time.sleep(self.server.delay)
        with self.server.lock:
            self.server.busy["now"] -= 1
        told = self.server.script(number)
        if told is None and self.headers["Authorization"] != f"Bearer {KEY}":
            wrong = self.headers["Authorization"]
            told = (401, {}, {"error": {"message": f"wrong key {wrong}"}})
        status, headers, answer = told or (200, {}, reply(body))
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        sent = answer if isinstance(answer, str) else json.dumps(answer)
        self.wfile.write(sent.encode())

    def handle(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # a client that waited no longer
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


def reply(body: dict[str, Any]) -> dict[str, Any]:
    """What a server answers: the prompt, said again."""
    common = {"index": 0, "finish_reason": "stop"}
    if "messages" in body:
        said = f"chat {body['messages'][0]['content']}"
        logprobs = {"content": [{"token": "a", "logprob": -1.0, "top_logprobs": []}] * 2}
        choice = {**common, "message": {"role": "assistant", "content": said}}
    else:
        choice = {**common, "text": f"said {body['prompt']}"}
        logprobs = {"token_logprobs": [-1.0, -2.0]}
    choice["logprobs"] = logprobs if body.get("logprobs") else None
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    named = {"id": "1", "created": 1, "model": "m", "object": "completion"}
    return {**named, "choices": [choice], "usage": usage}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def client(server: Server, chat: bool = False, **options: Any) -> OpenaiBackend:
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    given = {
        **{"model": "m", "key_env": "MIXTURA_TEST_KEY", "concurrent": 4, "attempts": 3},
        **{"requests_per_minute": None, "timeout": 5.0, "send_seed": True, "logprobs": False},
    }
    return OpenaiBackend(None, chat, **{"base_url": url, **given, **options})


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXTURA_TEST_KEY", KEY)


def test_a_server_completes_in_order_and_several_at_a_time(server: Server) -> None:
    server.delay = 0.1
    prompts = [f"p{i}" for i in range(8)]
    done = client(server).complete(prompts, {**SAMPLING, "min_p": 0.1}, list(range(8)))
    assert [one.text for one in done] == [f"said p{i}" for i in range(8)]
    assert done[0].prompt_tokens == 7 and done[0].new_tokens == 2 and not done[0].mean_logprob
    assert server.busy["most"] == 4
    asked = next(body for body in server.asked if body["prompt"] == "p3")
    assert asked["path"] == "/v1/completions" and asked["seed"] == 3 and asked["stop"] == ["\n"]
    assert asked["max_tokens"] == 12 and asked["min_p"] == 0.1 and "top_k" not in asked


def test_a_chat_goes_to_the_chat_endpoint(server: Server) -> None:
    done = client(server, chat=True, logprobs=True).complete(["hello"], SAMPLING, [1])[0]
    assert done.text == "chat hello" and done.mean_logprob == -1
    assert server.asked[0]["path"] == "/v1/chat/completions" and "stop" not in server.asked[0]
    plain = client(server, logprobs=True, send_seed=False).complete(["hello"], SAMPLING, [1])[0]
    assert plain.mean_logprob == -1.5 and "seed" not in server.asked[1]


def test_a_busy_server_is_asked_again_when_it_says_so(server: Server) -> None:
    later = {"Retry-After": "1"}
    server.script = lambda number: (429, later, {"error": "slow"}) if number == 1 else None
    assert client(server).complete(["p"], SAMPLING, [1])[0].text == "said p"
    assert len(server.asked) == 2 and server.times[1] - server.times[0] >= 1


def test_a_server_that_fails_is_asked_a_set_number_of_times(server: Server) -> None:
    server.script = lambda number: (500, {}, {"error": {"message": "engine died"}})
    with pytest.raises(RuntimeError, match=r"/v1 gave no completion: .*engine died"):
        client(server).complete(["p"], SAMPLING, [1])
    assert len(server.asked) == 3


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
    server.script = lambda number: (400, {}, {"error": {"message": "key another-secret is odd"}})
    with pytest.raises(RuntimeError, match=r"key \*\*\* is odd"):
        client(server).complete(["p"], SAMPLING, [1])
    assert "another-secret" not in str(client(server).about)


def test_a_key_that_is_not_set_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIXTURA_TEST_KEY")
    with pytest.raises(ValueError, match="variable MIXTURA_TEST_KEY does not hold a key"):
        client(server)


def test_an_answer_that_is_no_json_is_an_error(server: Server) -> None:
    for answer in ('{"choices": [', {"choices": []}):
        server.script = lambda number, answer=answer: (200, {}, answer)
        with pytest.raises(RuntimeError, match="/v1 gave no completion: "):
            client(server).complete(["p"], SAMPLING, [1])


def test_a_slow_server_is_an_error_after_the_time_limit(server: Server) -> None:
    server.delay = 0.5
    with pytest.raises(RuntimeError, match="gave no completion: APITimeoutError"):
        client(server, timeout=0.1, attempts=1).complete(["p"], SAMPLING, [1])


def test_requests_keep_to_the_rate(server: Server) -> None:
    client(server, requests_per_minute=600).complete(["p"] * 5, SAMPLING, [1] * 5)
    assert max(server.times) - min(server.times) >= 0.4 - 0.05


@pytest.mark.workflow
def test_a_study_through_a_server_keeps_the_key_to_itself(
    server: Server, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, before = reviews(1000), reply

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        told, number = before(body), len(server.asked)
        told["choices"][0]["text"] = f" {texts[number][0]} {number}\n"
        return told

    monkeypatch.setitem(Handler.do_POST.__globals__, "reply", answer)
    study = copy.deepcopy(tiny)
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    study["generators"]["writer"] = {
        "backend": "openai",
        "openai": {
            "base_url": url,
            "model": "m",
            "key_env": "MIXTURA_TEST_KEY",
            "prompt_price": 1.0,
        },
    }
    run = run_snakemake(tmp_path, study)
    assert run.returncode == 0, run.stdout
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"report.html", "generation.parquet"} <= {file.name for file in files}
    assert server.asked and KEY not in run.stdout
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
    told = pl.read_parquet(tmp_path / "results/tiny/tables/generation.parquet")
    assert told["cost"].to_list() == [pytest.approx(7e-6 * n) for n in told["prompts"]]
