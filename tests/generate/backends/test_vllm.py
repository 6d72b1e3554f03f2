"""Completions by a server that the job starts, vLLM or another, and what its death says."""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from builders import build_generator
from conftest import VLLM, with_vllm
from mixtura.generate.backends import open_backend
from mixtura.generate.backends.vllm import VllmBackend, command_line
from mixtura.generate.settings import LanguageModel, Running, Sampling, VllmModel, VllmOptions

SAMPLING = Sampling(max_new_tokens=12)
PROMPTS = [" the story", " a film about music was", " this"]
CHAT = "{% for message in messages %} review {{ message.content }}{% endfor %} was"


def greedily(**sampling: Any) -> Sampling:
    return SAMPLING.model_copy(update={"temperature": 0, **sampling})


MODEL = VllmModel(dtype="float32", max_model_len=64)


def engine(
    folder: Path, model: VllmModel = MODEL, chat: bool = False, **options: Any
) -> VllmBackend:
    language = LanguageModel(backend="vllm", vllm=model, format="chat" if chat else "completion")
    settings = VllmOptions(**{"enforce_eager": True, **options})
    return VllmBackend(str(folder), language, Running(vllm=settings))


SERVER = """
import os, sys
sys.path[:0] = sys.argv[2].split(":")
from fake_server import Handler, Server
import http.server
Handler.do_GET = lambda self: (self.send_response(200), self.end_headers())
Server.server_bind = lambda self: (
    setattr(self, "server_address", ("127.0.0.1", int(sys.argv[1]))),
    http.server.ThreadingHTTPServer.server_bind(self),
)
print("serving, threads:", os.environ["VLLM_CPU_OMP_THREADS_BIND"], flush=True)
server = Server()
from fake_server import reply
server.script = lambda number, body: (200, {}, reply(body))
server.serve_forever()
"""


@pytest.mark.workflow
def test_a_server_of_another_kind_is_started_asked_and_ended(tmp_path: Path) -> None:
    file = tmp_path / "serve it.py"
    file.write_text(SERVER)
    folders = ":".join(path for path in sys.path if path)
    server = engine(
        tmp_path, command=f"{sys.executable} '{file}' {{port}} {folders}", enforce_eager=False
    )
    done = server.complete(["a", "b"], SAMPLING, [1, 2])
    assert [completion.text for completion in done] == ["said a", "said b"]
    assert done[0].mean_logprob == -1.5
    server.process.kill()
    with pytest.raises(
        RuntimeError, match=r"exit code -9; its last lines:\nserving, threads: nobind"
    ):
        server.complete(["c"], SAMPLING, [3])


def test_the_command_line_of_vllm_holds_its_settings(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 9}')
    model = VllmModel(dtype="float16", max_model_len=64, adapter=str(tmp_path))
    options = VllmOptions(python="py", tensor_parallel=2, enforce_eager=True)
    line = " ".join(command_line("/models/writer", 80, model, options))
    assert line.startswith("py -m vllm.entrypoints.openai.api_server --model /models/writer ")
    for part in ("--port 80", "--dtype float16", "--max-model-len 64", "--enforce-eager"):
        assert part in line
    assert "--tensor-parallel-size 2" in line and "--served-model-name base" in line
    assert f"--lora-modules model={tmp_path} --max-lora-rank 16" in line


@with_vllm
def test_vllm_completes_repeats_and_dies_loudly(tmp_path: Path) -> None:
    folder = build_generator(tmp_path / "writer", head_dim=32)  # 16 is too small for vLLM on a CPU
    server = engine(folder, python=str(VLLM))
    assert server.about["vllm"]
    first = server.complete(PROMPTS * 10, SAMPLING, list(range(30)))
    assert {done.finish_reason for done in first} == {"stop", "length"}
    assert all("\n" not in done.text for done in first)
    # an empty answer is asked for again, and both count
    counts = zip(first[:3], [2, 5, 1], strict=True)
    assert all(done.prompt_tokens % tokens == 0 for done, tokens in counts)
    greedy = greedily()
    ours = open_backend(LanguageModel(), str(folder)).complete(PROMPTS, greedy, [1] * 3)
    theirs = server.complete(PROMPTS, greedy, [1] * 3)
    assert [done.text for done in ours] == [done.text for done in theirs]
    assert [done.mean_logprob for done in ours] == pytest.approx(
        [done.mean_logprob for done in theirs], abs=1e-3
    )
    for words in (64, 70):  # room for no new token, and less
        assert server.complete([" story" * words], SAMPLING, [1])[0].fault == "prompt too long"
    short = server.complete([" story" * 60] * 20, SAMPLING, list(range(20)))  # room for four
    assert {(done.finish_reason, done.fault) for done in short} <= {
        ("stop", ""),
        ("length", "prompt too long"),
    }
    assert any(done.fault and not done.text for done in short)
    server.process.kill()
    with pytest.raises(RuntimeError, match=r"ended with exit code -9; its last lines"):
        server.complete(PROMPTS, SAMPLING, [1, 2, 3])
    with pytest.raises(ProcessLookupError):  # its engine went with it
        for _ in range(100):
            os.killpg(server.process.pid, 0)
            time.sleep(0.1)


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
    greedy = greedily()
    chat = LanguageModel(format="chat")
    plain, ours = (
        open_backend(chat, str(model)).complete(PROMPTS, greedy, [1] * 3)
        for model in (folder, merged)
    )
    model = MODEL.model_copy(update={"adapter": str(tmp_path / "adapter")})
    server = engine(folder, model, chat=True, python=str(VLLM))
    theirs = server.complete(PROMPTS, greedy, [1] * 3)
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
        engine(generator, python=shell)
