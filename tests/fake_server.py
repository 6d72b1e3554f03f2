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
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.polls = 2  # questions until a batch is done
        self.batch_end: dict[str, Any] = {}  # what is said of it then
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """Batches and the files of their answers."""
        name = self.path.removeprefix("/v1/")
        if name.startswith("batches?"):
            data = [
                {**batch, "id": "foreign", "metadata": None}
                for batch in self.server.batches.values()
            ]
            data += self.server.batches.values()
            self.answer(200, {}, {"object": "list", "data": data, "has_more": False})
        elif name.startswith("batches/"):
            batch = self.server.batches[name.partition("/")[2]]
            batch["polls"] -= 1
            self.answer(200, {}, batch | ({"status": "in_progress"} if batch["polls"] > 0 else {}))
        else:
            self.answer(200, {}, self.server.files[name.split("/")[1]])

    def uploaded(self, content: bytes) -> dict[str, Any]:
        """A file as it is sent in a form."""
        lines = [line for line in content.decode().splitlines() if line.startswith("{")]
        return self.stored("\n".join(lines))

    def stored(self, text: str) -> dict[str, Any]:
        name = f"file-{len(self.server.files)}"
        self.server.files[name] = text
        about = {"id": name, "object": "file", "bytes": len(text), "created_at": 1}
        return {**about, "filename": "f", "purpose": "batch", "status": "processed"}

    def submitted(self, body: dict[str, Any]) -> dict[str, Any]:
        """A batch, each line of which is answered as the script says."""
        lines: dict[bool, list[str]] = {True: [], False: []}
        for text in self.server.files[body["input_file_id"]].splitlines():
            line = json.loads(text)
            self.server.requests.append({**line["body"], "path": "in a batch"})
            reaction = self.server.script(len(self.server.requests), line["body"])
            status, _, answer = reaction or (200, {}, reply(line["body"]))
            if status:  # else it is lost
                response = {"status_code": status, "body": answer}
                done = {"custom_id": line["custom_id"], "response": response, "error": None}
                lines[status == 200].append(json.dumps(done))
        files = {
            ok: self.stored("\n".join(some))["id"] if some else None for ok, some in lines.items()
        }
        name = f"batch-{len(self.server.batches)}"
        names = {"id": name, "object": "batch", "created_at": 1, "completion_window": "24h"}
        about = {key: body[key] for key in ("endpoint", "input_file_id", "metadata")}
        ends = {"output_file_id": files[True], "error_file_id": files[False]}
        batch = {**names, **about, **ends, "status": "completed", "polls": self.server.polls}
        self.server.batches[name] = batch | self.server.batch_end
        return batch | {"status": "validating"}

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            return self.answer(200, {}, self.uploaded(content))
        body = json.loads(content)
        if self.path == "/v1/batches":
            return self.answer(200, {}, self.submitted(body))
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
            return None
        return self.answer(status, headers, answer)

    def answer(self, status: int, headers: dict[str, str], answer: Any) -> None:
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
    options = {
        "concurrent": 4,
        "attempts": 3,
        "timeout": 5.0,
        "batch_seconds": 0.01,
        "key_env": "MIXTURA_TEST_KEY",
    }
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
