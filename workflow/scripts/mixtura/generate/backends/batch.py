"""The batch interface of servers: a file of requests, answered within a day, at a lower price."""

import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mixtura.core.digest import digest
from mixtura.core.files import write_text

ENDED = ("completed", "expired", "cancelled", "failed")
NAME = "mixtura"  # what says of a batch which one it is
WINDOW = "24h"  # the one that servers offer


class Batches:
    """Batches of a server. Name and id of each lie in `folder`: a killed job waits for the same."""

    def __init__(self, client: Any, folder: Path | None, seconds: float) -> None:
        """`seconds` lie between two questions whether a batch is done."""
        self.client, self.folder, self.seconds = client, folder, seconds

    def answers(
        self, path: str, bodies: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, tuple[int, Any]]:
        """Key of a request -> status and body of its answer; none of one that was not answered.

        `path` is that of the interface, such as /v1/completions. Raises RuntimeError where the
        server refuses the whole batch.
        """
        lines = [
            json.dumps({"custom_id": key, "method": "POST", "url": path, "body": body})
            for key, body in bodies.items()
        ]
        text = "\n".join(lines)
        folder = self.folder / "batches" / digest([text, path], 12) if self.folder else None
        batch = self._waited(self._identity(text, path, folder))
        if batch.status == "failed":  # whoever mends the cause submits another
            for name in ("id", "name"):
                if folder:
                    (folder / name).unlink(missing_ok=True)
            raise RuntimeError(f"the server refuses a batch: {_errors(batch)}")
        answers = {}
        for file in filter(None, (batch.output_file_id, batch.error_file_id)):
            # Signs such as U+2028 are ends of lines to others, not to JSON.
            for line in self.client.files.content(file).text.split("\n"):
                with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                    answer = json.loads(line)  # what is broken is asked for again
                    answers[answer["custom_id"]] = _answer(answer)
        return answers

    def _identity(self, lines: str, path: str, folder: Path | None) -> str:
        """Id of the batch of these lines, which is submitted where none was.

        Its name is written down before, so that a job that is killed meanwhile finds it again.
        """
        known = _read(folder, "id")
        name = _read(folder, "name")
        if name and not known:
            known = self._submitted(name)
        if known:
            return known
        name = name or secrets.token_hex(8)
        _write(folder, "name", name)
        file = self.client.files.create(file=("requests.jsonl", lines.encode()), purpose="batch")
        batch = self.client.batches.create(
            input_file_id=file.id, endpoint=path, completion_window=WINDOW, metadata={NAME: name}
        )
        _write(folder, "id", batch.id)
        return str(batch.id)

    def _submitted(self, name: str) -> str:
        """Id of the batch with a name, empty where the server has none, or lists none."""
        import openai

        with contextlib.suppress(openai.NotFoundError):
            for batch in self.client.batches.list(limit=100):
                if (batch.metadata or {}).get(NAME) == name:
                    return str(batch.id)
        return ""

    def _waited(self, identity: str) -> Any:
        """The batch after it has ended."""
        while (batch := self.client.batches.retrieve(identity)).status not in ENDED:
            time.sleep(self.seconds)
        return batch


def _read(folder: Path | None, name: str) -> str:
    file = folder / name if folder else None
    return file.read_text() if file and file.exists() else ""


def _write(folder: Path | None, name: str, text: str) -> None:
    if folder:
        write_text(folder / name, text)


def _answer(line: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and body of an answer, or what the server says in its place."""
    response = line.get("response")
    if response:
        return int(response["status_code"]), response["body"]
    return 500, {"error": line.get("error") or {}}


def _errors(batch: Any) -> str:
    data = getattr(batch.errors, "data", None) or []
    return "; ".join(str(error.message) for error in data[:3]) or "it gives no reason"
