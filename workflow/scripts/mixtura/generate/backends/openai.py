"""Any server that speaks OpenAI's HTTP interface: a company's, or one on one's own machine."""

import logging
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from mixtura.core.settings import Precision
from mixtura.core.streams import stream_seed
from mixtura.generate.backends.answers import FILTERED, join_chunks, read_answer, tokens_of
from mixtura.generate.backends.base import Completion, messages, stops
from mixtura.generate.backends.batch import Batches
from mixtura.generate.backends.families import sent_as
from mixtura.generate.backends.journal import Journal
from mixtura.generate.backends.pace import Pace
from mixtura.generate.settings import (
    LanguageModel,
    Parameter,
    Running,
    Sampling,
    StructuredSampling,
)

EMPTY = 3  # tries of a request whose answer is empty
DOWN = 3  # requests in a row that fail after all attempts: the server is down
TOO_LONG = re.compile(
    r"context.{0,3}(?:length|window|size)|too long|too many tokens|reduce the length"
    r"|(?:input|prompt|request).{0,30}exceeds?.{0,30}(?:length|limit|maximum)"
    r"|max_tokens must be at least 1",  # vLLM: the prompt fills the context
    re.I,
)
UNKNOWN = re.compile(
    r"unsupported|unknown|unrecogni[sz]ed|not supported|unexpected|not permitted"
    r"|(?:parameter|property|argument|field|value (?:for|of))\W{1,3}(?:parameter\W{1,3})?"
    r"(?:temperature|top_[kp]|min_p|logprobs|seed|stop|response_format)\b",
    re.I,
)
WRONG_KEY = re.compile(
    r"(?:invalid|incorrect|missing|expired|wrong|no).{0,20}api.?key|api.?key.{0,20}"
    r"(?:invalid|incorrect|missing|expired|not (?:valid|found|provided))",
    re.I,
)
STREAMED = "the server answers in pieces: give openai.stream: true"


class OpenaiBackend:
    """A client of a server. Nothing of its key is logged or kept."""

    def __init__(
        self,
        folder: str | None,
        model: LanguageModel,
        running: Running,
        precision: Precision = "auto",
        resume: Path | None = None,
    ) -> None:
        """Open the connection; a server needs no folder of a model.

        Raises ValueError where the key is not set.
        """
        import openai

        assert model.openai and running.openai
        options = running.openai
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs every request
        self.key = os.environ.get(options.key_env, "") if options.key_env else "none"
        if not self.key:
            raise ValueError(f"the environment variable {options.key_env} does not hold a key")
        self.language, self.model, self.options = model, model.openai, options
        self.chat = model.format == "chat"
        # Failed requests wait longer each time, with jitter, or as long as the server says.
        self.client = openai.OpenAI(
            base_url=options.base_url,
            api_key=self.key,
            timeout=options.timeout,
            max_retries=options.attempts - 1,
            http_client=openai.DefaultHttpxClient(event_hooks={"response": [_tell_errors]}),
        )
        self.pace, self.journal = Pace(options), Journal(resume)
        self.batches = Batches(self.client, resume, options.batch_seconds)
        self.failed, self.lock = 0, threading.Lock()  # requests in a row
        self.about = {"openai": openai.__version__, "server_model": self.model.model}

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt, several requests at a time.

        Equal seeds give equal completions only where the server keeps that promise. A prompt that
        it refuses, or fails at when it answers others, gets a completion with a fault. Raises
        RuntimeError where it refuses all, or fails at several in a row after all attempts.
        """
        if self.options.batch:
            return self._batch(prompts, sampling, seeds)
        with ThreadPoolExecutor(self.options.concurrent) as pool:
            requests = [
                pool.submit(self._complete, prompt, sampling, seed)
                for prompt, seed in zip(prompts, seeds, strict=True)
            ]
            try:
                completions = [request.result() for request in requests]
            except BaseException:
                pool.shutdown(cancel_futures=True)  # the first error is the batch's error
                raise
        if completions and all(completion.fault == "server error" for completion in completions):
            raise self._error(completions[0].message)
        return completions

    def _complete(self, prompt: str, sampling: Sampling, seed: int) -> Completion:
        """The completion of a prompt; an empty one is asked for again, and all tokens count."""
        request = self._request(prompt, sampling)
        if known := self.journal.read(request, seed):
            return known
        parts: list[Completion] = []
        for attempt in range(EMPTY):
            parts.append(self._answer(request, prompt, sampling, _seed(seed, attempt)))
            if _is_answer(parts[-1]):
                break
        return self._last(parts, request, seed)

    def _last(self, parts: list[Completion], request: dict[str, Any], seed: int) -> Completion:
        """The last of several answers to a request, with the tokens of all, in the journal."""
        counts = ("prompt_tokens", "new_tokens", "reasoning_tokens", "cached_tokens")
        sums = {name: sum(getattr(part, name) for part in parts) for name in counts}
        completion: Completion = replace(parts[-1], **sums)
        if completion.fault != "server error":
            self.journal.write(completion, request, seed)
        return completion

    def _batch(self, prompts: list[str], sampling: Sampling, seeds: list[int]) -> list[Completion]:
        """The completions of prompts in a batch; what came back empty or failed goes into another.

        Raises RuntimeError as `complete`.
        """
        requests = [self._request(prompt, sampling) for prompt in prompts]
        pairs = list(zip(requests, seeds, strict=True))
        known = [self.journal.read(*pair) for pair in pairs]
        parts: dict[int, list[Completion]] = {n: [] for n, answer in enumerate(known) if not answer}
        path = "/v1/chat/completions" if self.chat else "/v1/completions"
        name = sent_as(self.model, "seed")
        for attempt in range(EMPTY):
            todo = [n for n, each in parts.items() if not each or _is_open(each[-1])]
            if not todo:
                break
            bodies = {}
            for n in todo:
                seeded = {name: _seed(seeds[n], attempt)} if name else {}
                bodies[f"{n}-{attempt}"] = requests[n] | seeded
            answers = self._answers(path, bodies)
            for n in todo:
                status, body = answers.get(f"{n}-{attempt}", (500, "no answer in the batch"))
                parts[n].append(self._of_batch(status, body, prompts[n]))
        complete = {n: self._last(each, requests[n], seeds[n]) for n, each in parts.items()}
        completions = [answer or complete[n] for n, answer in enumerate(known)]
        if completions and all(each.fault == "server error" for each in completions):
            raise self._error(completions[0].message)
        return completions

    def _answers(self, path: str, bodies: dict[str, dict[str, Any]]) -> dict[str, tuple[int, Any]]:
        """What the server says to a batch. Raises RuntimeError where it takes none."""
        import openai

        try:
            return self.batches.answers(path, bodies)
        except openai.APIStatusError as error:
            self._refused(error)
            raise self._error(self._masked(str(error))) from None
        except openai.OpenAIError as error:
            raise self._error(self._masked(f"{type(error).__name__}: {error}")) from None

    def _of_batch(self, status: int, body: Any, prompt: str) -> Completion:
        """The completion of an answer in a batch."""
        if status == 200:
            return read_answer(body, prompt)
        error = body.get("error", body) if isinstance(body, dict) else body
        code = error.get("code") if isinstance(error, dict) else None
        words = error.get("message") if isinstance(error, dict) else None
        words = self._masked(f"{words or error}{f' ({code})' if code else ''}")
        if status == 429 or status >= 500:
            return _without_answer("server error", words)
        return self._fault(status, words)

    def _request(self, prompt: str, sampling: Sampling) -> dict[str, Any]:
        """The body of a request but its seed, parameters by their names at this server."""
        values: dict[Parameter, Any] = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p if sampling.top_p < 1 else None,
            "max_tokens": sampling.max_new_tokens,
            # These two are not of OpenAI, but of most others.
            "top_k": sampling.top_k or None,
            "min_p": sampling.min_p or None,
            "stop": stops(sampling, self.chat) or None,
            "logprobs": (True if self.chat else 1) if self.model.logprobs else None,
            "effort": self.model.effort,
        }
        body = {
            name: value
            for parameter, value in values.items()
            if value is not None and (name := sent_as(self.model, parameter))
        }
        if isinstance(sampling, StructuredSampling):
            schema = {"name": "answer", "strict": True, "schema": sampling.form}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if self.chat:
            body["messages"] = messages(prompt, self.language.system)
        else:
            body["prompt"] = prompt
        if self.language.chat_template:
            body["chat_template_kwargs"] = self.language.chat_template
        return {"model": self.model.model, **body, **self.model.extra_body}

    def _answer(
        self, request: dict[str, Any], prompt: str, sampling: Sampling, seed: int
    ) -> Completion:
        """What the server says to a request, faults that are the prompt's own included."""
        import openai

        if name := sent_as(self.model, "seed"):
            request = {**request, name: seed}
        self.pace.wait(tokens_of(prompt) + sampling.max_new_tokens)
        try:
            completion = read_answer(self._send(request), prompt)
        except openai.APIStatusError as error:
            completion = self._refused(error)
        except (openai.OpenAIError, ValueError) as error:
            completion = self._failed(f"{type(error).__name__}: {error}")
        if completion.fault != "server error":
            self.failed = 0
        return completion

    def _send(self, request: dict[str, Any]) -> dict[str, Any]:
        """The body of the server's answer."""
        kinds: Any = self.client.chat.completions if self.chat else self.client.completions
        required = {key: request[key] for key in ("model", "messages", "prompt") if key in request}
        if self.options.stream:
            usage = {"include_usage": True}
            stream: Any = kinds.create(
                **required, stream=True, stream_options=usage, extra_body=request
            )
            return join_chunks(chunk.model_dump() for chunk in stream)
        response = kinds.with_raw_response.create(**required, extra_body=request).http_response
        if "event-stream" in response.headers.get("content-type", ""):
            raise ValueError(STREAMED)
        return dict(response.json())

    def _refused(self, error: Any) -> Completion:
        """A completion with the fault that the server finds in a prompt.

        Raises RuntimeError where it refuses every request: for the key, the address, a parameter.
        """
        status, code = error.status_code, f" ({error.code})" if error.code else ""
        words = str(error)
        if words == f"Error code: {status}":  # in a form that the client does not know
            words += f" - {' '.join(error.response.text.split())[:300]}"
        words = self._masked(f"{words}{code}")
        if (status == 429 and "insufficient_quota" not in words) or status >= 500:
            return self._failed(words)
        return self._fault(status, words)

    def _fault(self, status: int, words: str) -> Completion:
        """As `_refused`, by the status and words of the server."""
        is_key = status == 401 or (status == 400 and WRONG_KEY.search(words))
        if is_key or (status == 403 and not FILTERED.search(words)):
            raise self._wrong_key(words) from None
        if status in (402, 404) or "insufficient_quota" in words:
            raise self._error(words) from None
        if FILTERED.search(words):
            return _without_answer("content filter", words)
        if TOO_LONG.search(words) or status == 413:
            return _without_answer("prompt too long", words)
        if UNKNOWN.search(words):
            raise self._error(
                f"{words}; leave a parameter out by openai.parameters: {{temperature: null}}, or "
                "give it the name that the server wants: {max_tokens: max_completion_tokens}"
            ) from None
        return _without_answer(f"HTTP {status}", words)

    def _failed(self, words: str) -> Completion:
        """A completion whose fault is the server's. Raises RuntimeError where it is down."""
        words = self._masked(words)
        with self.lock:
            self.failed += 1
            if self.failed >= DOWN:
                raise self._error(words) from None
        return _without_answer("server error", words)

    def _wrong_key(self, words: str) -> RuntimeError:
        if self.options.key_env:
            return RuntimeError(
                f"{self.options.base_url} refuses the key in the environment variable "
                f"{self.options.key_env} ({words})"
            )
        return RuntimeError(
            f"{self.options.base_url} wants a key: put it into an environment variable and name "
            f"that in openai.key_env of the generator ({words})"
        )

    def _error(self, words: str) -> RuntimeError:
        return RuntimeError(f"{self.options.base_url} gave no completion: {words}")

    def _masked(self, words: str) -> str:
        return words.replace(self.key, "***") if self.options.key_env else words


def _seed(seed: int, attempt: int) -> int:
    """Seed of a try of a request."""
    return stream_seed(0, seed, attempt) if attempt else seed


def _is_answer(completion: Completion) -> bool:
    """Whether a completion has words, was cut off, or is a fault: else it is asked for again."""
    return bool(completion.text.strip() or completion.fault) or completion.finish_reason == "length"


def _is_open(completion: Completion) -> bool:
    """Whether a request of a batch goes into another."""
    return completion.fault == "server error" or not _is_answer(completion)


def _without_answer(fault: str, words: str) -> Completion:
    """A completion without an answer: nothing is paid for it."""
    return Completion("", None, 0, 0, fault=fault, message=words[:1000])


def _tell_errors(response: Any) -> None:
    """Give an answer that is an error in truth the status of one: it is then tried again, or told.

    Such are an error object with status 200, and a body that is no JSON.
    """
    if response.status_code != 200 or "event-stream" in response.headers.get("content-type", ""):
        return
    if not response.request.url.path.endswith("completions"):  # a file or batch
        return
    response.read()
    try:
        body = response.json()
    except ValueError:
        response.status_code = 502
        return
    choices = body.get("choices") if isinstance(body, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    nested = first.get("error") if isinstance(first, dict) else None
    error = nested or (body.get("error") if isinstance(body, dict) else "no JSON object")
    if isinstance(body, dict) and "choices" not in body:
        error = error or body
    if error:
        code = error.get("code") if isinstance(error, dict) else None
        kind = f"{code} {error.get('type')}" if isinstance(error, dict) else ""
        is_status = isinstance(code, int) and 400 <= code < 600
        response.status_code = code if is_status else 400 if "invalid" in kind else 502
