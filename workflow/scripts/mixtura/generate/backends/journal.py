"""Answers of a server as they come, in a file: what was paid for is never asked for again."""

import contextlib
import json
import threading
from dataclasses import asdict
from pathlib import Path

from mixtura.core.digest import digest
from mixtura.generate.backends.base import Completion


class Journal:
    """Completions by request, which a killed job finds again. Without a folder it keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        """Read what stands in `folder`; a line that was cut off does not count."""
        self.path = folder / "answers.jsonl" if folder else None
        self.lock = threading.Lock()
        self.completions: dict[str, Completion] = {}
        text = self.path.read_text("utf-8") if self.path and self.path.exists() else ""
        for line in text.split("\n"):
            with contextlib.suppress(json.JSONDecodeError):
                key, completion = json.loads(line)
                self.completions[key] = Completion(**completion)
        self.cut_off = bool(text) and not text.endswith("\n")

    def read(self, *request: object) -> Completion | None:
        """The completion of a request, None where there is none yet."""
        return self.completions.get(digest(request, 12))

    def write(self, completion: Completion, *request: object) -> None:
        """Add the completion of a request."""
        if not self.path:
            return
        line = json.dumps([digest(request, 12), asdict(completion)], ensure_ascii=False)
        with self.lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" * self.cut_off + line + "\n")
            self.cut_off = False
