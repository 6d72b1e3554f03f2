"""A server with OpenAI's interface for tests, which behaves as its script says."""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mixtura.generate.backends.openai import OpenaiBackend
from mixtura.generate.settings import LanguageModel, OpenaiModel, OpenaiOptions, Running

KEY = "secret-1234"
Reaction = tuple[int, dict[str, str], Any]  # status, headers, body


class Server(ThreadingHTTPServer):
    """Answers as its `script` says: it maps number and body of a request to a reaction."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Callable[[int, dict[str, Any]], Reaction | None] = lambda number, body: None
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.busy = Counter[str]()
        self.delay = 0.0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append({**body, "path": self.path})
            self.server.times.append(time.monotonic())
            number = len(self.server.requests)
            self.server.busy["now"] += 1
            self.server.busy["most"] = max(self.server.busy["most"], self.server.busy["now"])
        time.sleep(self.server.delay)
        with self.server.lock:
            self.server.busy["now"] -= 1
        reaction = self.server.script(number, body)
        if reaction is None and self.headers["Authorization"] != f"Bearer {KEY}":
            wrong = self.headers["Authorization"]
            reaction = (401, {}, {"error": {"message": f"wrong key {wrong}"}})
        status, headers, answer = reaction or (200, {}, reply(body))
        if not status:  # the line is cut
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        content = answer if isinstance(answer, str) else json.dumps(answer)
        self.wfile.write(content.encode())

    def handle(self) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # of one that waited not
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


def prompt_of(body: dict[str, Any]) -> str:
    """The prompt of a request."""
    prompt: str = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    return prompt


def reply(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a server answers: the prompt, said again. `changes` are keys of its message or choice.

    `usage` replaces that of the answer; None leaves it out.
    """
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    usage = changes.pop("usage", usage)
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    choice |= {key: changes.pop(key) for key in ("finish_reason", "error") if key in changes}
    if "messages" in body:
        choice["message"] = {"role": "assistant", "content": f"chat {prompt_of(body)}", **changes}
        logprobs = {"content": [{"token": "a", "logprob": -1.0, "top_logprobs": []}] * 2}
    else:
        choice["text"] = changes.get("content", f"said {prompt_of(body)}")
        logprobs = {"token_logprobs": [-1.0, -2.0]}
    choice["logprobs"] = logprobs if body.get("logprobs") else None
    answer = {"id": "1", "created": 1, "model": "m", "object": "completion", "choices": [choice]}
    return answer if usage is None else {**answer, "usage": usage}


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def client(server: Server, chat: bool = False, **settings: Any) -> OpenaiBackend:
    """A backend of a server; settings are those of the language model, the server, the client."""
    resume = settings.pop("resume", None)
    language = {key: settings.pop(key) for key in ("system", "chat_template") if key in settings}
    model = {key: settings.pop(key) for key in OpenaiModel.model_fields if key in settings}
    options = {"concurrent": 4, "attempts": 3, "timeout": 5.0, "key_env": "MIXTURA_TEST_KEY"}
    return OpenaiBackend(
        None,
        LanguageModel(
            backend="openai",
            format="chat" if chat else "completion",
            openai=OpenaiModel(**{"model": "m", **model}),
            **language,
        ),
        Running(openai=OpenaiOptions(base_url=server.url, **{**options, **settings})),
        resume=resume,
    )
