"""Any server that speaks OpenAI's HTTP interface: a company's, or `vllm serve` on one's own."""

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mixtura.backends.base import Completion, stops


class OpenaiBackend:
    """A client of a server. Nothing of its key is logged or kept."""

    def __init__(
        self,
        folder: None = None,
        chat: bool = False,
        *,
        base_url: str,
        model: str,
        key_env: str | None,
        concurrent: int,
        requests_per_minute: float | None,
        attempts: int,
        timeout: float,
        send_seed: bool,
        logprobs: bool,
        **prices: float,
    ) -> None:
        """Arguments as in `mixtura.config.Openai`; a server needs no folder of a model.

        Raises ValueError where the key is not set.
        """
        import openai

        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
        key = os.environ.get(key_env, "") if key_env else "none"
        if not key:
            raise ValueError(f"the environment variable {key_env} does not hold a key")
        self.key, self.key_env, self.url = key, key_env, base_url
        # Failed requests wait longer each time, with jitter, or as long as the server says.
        self.client = openai.OpenAI(
            base_url=base_url, api_key=key, timeout=timeout, max_retries=attempts - 1
        )
        self.model, self.chat, self.concurrent = model, chat, concurrent
        self.send_seed, self.logprobs = send_seed, logprobs
        self.interval = 60 / requests_per_minute if requests_per_minute else 0.0
        self.next_start, self.lock = 0.0, threading.Lock()
        self.about = {"openai": openai.__version__, "server_model": model}

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt, several requests at a time.

        Equal seeds give equal completions only where the server keeps that promise. Raises
        RuntimeError where it refuses, or still fails after all attempts.
        """
        with ThreadPoolExecutor(self.concurrent) as pool:
            asked = [
                pool.submit(self._one, prompt, sampling, seed)
                for prompt, seed in zip(prompts, seeds, strict=True)
            ]
            try:
                return [request.result() for request in asked]
            except BaseException:
                pool.shutdown(cancel_futures=True)  # the first error is the batch's error
                raise

    def _one(self, prompt: str, sampling: dict[str, Any], seed: int) -> Completion:
        import openai

        self._wait()
        try:
            return self._ask(prompt, sampling, seed)
        except (openai.AuthenticationError, openai.PermissionDeniedError):
            raise RuntimeError(
                f"{self.url} refuses the key in the environment variable {self.key_env}"
            ) from None
        except (openai.OpenAIError, ValueError) as error:
            told = f"{type(error).__name__}: {error}".replace(self.key, "***")
            raise RuntimeError(f"{self.url} gave no completion: {told}") from None

    def _ask(self, prompt: str, sampling: dict[str, Any], seed: int) -> Completion:
        # top_k and min_p are not of OpenAI, but of most others: sent where they are used.
        more = {key: sampling[key] for key in ("top_k", "min_p") if sampling[key]}
        given: dict[str, Any] = {
            "model": self.model,
            "temperature": sampling["temperature"],
            "top_p": sampling["top_p"],
            "max_tokens": sampling["max_new_tokens"],
            "extra_body": more,
        }
        if ends := stops(sampling, self.chat):
            given["stop"] = ends
        if self.send_seed:
            given["seed"] = seed
        answer: Any
        if self.chat:
            given |= {"logprobs": True} if self.logprobs else {}
            answer = self.client.chat.completions.create(
                messages=[{"role": "user", "content": prompt}], **given
            )
        else:
            given |= {"logprobs": 1} if self.logprobs else {}
            answer = self.client.completions.create(prompt=prompt, **given)
        if isinstance(answer, str) or not answer.choices or not answer.usage:
            raise ValueError("its answer is no JSON with choices and usage")
        choice = answer.choices[0]
        text = choice.message.content if self.chat else choice.text
        told = getattr(choice, "logprobs", None)
        chances = told and (
            [token.logprob for token in told.content or []] if self.chat else told.token_logprobs
        )
        return Completion(
            text=text or "",
            finish_reason=choice.finish_reason,
            prompt_tokens=answer.usage.prompt_tokens,
            new_tokens=answer.usage.completion_tokens,
            mean_logprob=sum(chances) / len(chances) if chances else None,
        )

    def _wait(self) -> None:
        """Start requests `interval` seconds apart, whichever thread asks."""
        with self.lock:
            start = max(time.monotonic(), self.next_start)
            self.next_start = start + self.interval
        time.sleep(max(0.0, start - time.monotonic()))
