"""vLLM, or another engine, as a server that this job starts on a free port and ends with itself."""

import atexit
import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from dataclasses import replace
from pathlib import Path

from mixtura.core.gpus import gpus
from mixtura.core.processes import end_with_parent
from mixtura.core.settings import Precision
from mixtura.generate.backends.base import Completion
from mixtura.generate.backends.openai import OpenaiBackend
from mixtura.generate.settings import (
    LanguageModel,
    OpenaiModel,
    OpenaiOptions,
    Running,
    Sampling,
    VllmModel,
    VllmOptions,
)

LINES = 15  # last lines of the server that an error shows
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # of adapters, as the engine allows them
NAME = "model"  # of the model at the server
PAUSE = 0.5  # seconds between looks whether the server is ready


class VllmBackend(OpenaiBackend):
    """A client of a server of its own."""

    def __init__(
        self,
        folder: str | None,
        model: LanguageModel,
        running: Running,
        precision: Precision = "auto",
        resume: Path | None = None,
    ) -> None:
        """Start the server and wait until it answers.

        Raises RuntimeError with the last lines of the server where it ends, now or later.
        """
        assert folder and model.vllm and running.vllm
        self.last_lines: deque[str] = deque(maxlen=LINES)
        port = free_port()
        self._start(command_line(str(Path(folder).absolute()), port, model.vllm, running.vllm))
        self._wait_until_ready(f"http://127.0.0.1:{port}/health")
        # Without a GPU a seed of a request ends the engine of vLLM: there the server has one.
        seeded = bool(running.vllm.command or gpus())
        server = OpenaiModel(model=NAME, logprobs=True, parameters={} if seeded else {"seed": None})
        options = OpenaiOptions(
            base_url=f"http://127.0.0.1:{port}/v1", concurrent=model.batch_size, timeout=3600.0
        )
        super().__init__(
            folder,
            model.model_copy(update={"openai": server}),
            running.model_copy(update={"openai": options}),
            precision,
            resume,
        )
        self.about |= {"server": running.vllm.command or "vllm"}
        if version := _version(port):
            self.about["version" if running.vllm.command else "vllm"] = version

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt, as many at a time as a batch has."""
        try:
            completions = super().complete(prompts, sampling, seeds)
            return [_with_room(completion, sampling.max_new_tokens) for completion in completions]
        except RuntimeError:
            if self.process.poll() is None:
                raise
            raise self._ended() from None

    def _start(self, command: list[str]) -> None:
        environment = {**os.environ, "VLLM_NO_USAGE_STATS": "1"}
        environment.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")  # GiB; vLLM would take far more
        # By itself the engine of each job is bound to all cores of the machine but one; so it has
        # as many as its job (OMP_NUM_THREADS).
        environment.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment,
            start_new_session=True,
            preexec_fn=end_with_parent(),
        )
        atexit.register(self.process.terminate)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _wait_until_ready(self, address: str) -> None:
        while True:
            if self.process.poll() is not None:
                raise self._ended()
            try:
                with urllib.request.urlopen(address, timeout=5):
                    return
            except OSError:
                time.sleep(PAUSE)

    def _ended(self) -> RuntimeError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # engines outlive a server that was killed
        self.listener.join(timeout=5)
        return RuntimeError(
            f"the server of the model ended with exit code {self.process.wait()}; its last "
            "lines:\n" + "".join(self.last_lines)
        )

    def _listen(self) -> None:
        """Pass the lines of the server on to the log, and remember the last of them."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.last_lines.append(line)
            sys.stderr.write(line)


def command_line(folder: str, port: int, model: VllmModel, options: VllmOptions) -> list[str]:
    """The command that serves the model in `folder`: vLLM's, or that of the options."""
    if options.command:
        return [word.format(folder=folder, port=port) for word in shlex.split(options.command)]
    command = [options.python, "-m", "vllm.entrypoints.openai.api_server", "--model", folder]
    command += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", NAME]
    command += ["--dtype", model.dtype, "--tensor-parallel-size", str(options.tensor_parallel)]
    command += ["--gpu-memory-utilization", str(options.gpu_memory_utilization), "--seed", "0"]
    if model.max_model_len:
        command += ["--max-model-len", str(model.max_model_len)]
    if options.enforce_eager:
        command.append("--enforce-eager")
    if model.adapter:
        rank = json.loads((Path(model.adapter) / "adapter_config.json").read_text())["r"]
        rank = next(allowed for allowed in RANKS if allowed >= rank)
        # The adapter has the name that is asked for, and the model below it another.
        command[command.index(NAME)] = "base"
        command += ["--enable-lora", "--lora-modules", f"{NAME}={Path(model.adapter).absolute()}"]
        command += ["--max-lora-rank", str(rank)]
    return command


def _with_room(completion: Completion, room: int) -> Completion:
    """The completion, or its fault where the context ended before the answer had its room.

    A server shortens such an answer and says nothing; the other backends refuse the prompt.
    """
    if completion.finish_reason != "length" or completion.new_tokens >= room:
        return completion
    message = (
        f"the {completion.prompt_tokens} tokens of the prompt leave room for "
        f"{completion.new_tokens} new ones, not {room}"
    )
    return replace(completion, text="", fault="prompt too long", message=message)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def _version(port: int) -> str | None:
    """The version of the server, where it tells one."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/version", timeout=5) as answer:
            return str(json.load(answer)["version"])
    except (OSError, ValueError, KeyError):
        return None
