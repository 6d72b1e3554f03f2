"""What is computed from files, computed again only for a file with another size or date."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from mixtura.core.files import write_text

T = TypeVar("T")


class Record(Generic[T]):
    """`compute(file)` for files, kept in `path` with the size and dates of each.

    What it gives must be the same after a way through JSON. Where nothing can be written, or a
    record is broken, it is computed again.
    """

    def __init__(self, path: Path, compute: Callable[[Path], T]) -> None:
        self.path, self.compute = path, compute
        self._changed = False
        self._values: dict[str, list[Any]] = {}
        with contextlib.suppress(OSError, ValueError):  # the first run, or a broken record
            self._values = json.loads(path.read_text("utf-8"))

    def __getitem__(self, file: Path) -> T:
        """The value of a file. Raises OSError if it cannot be read."""
        state, name = file.stat(), str(file.resolve())
        dates = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        if self._values.get(name, [])[:3] != dates:
            self._values[name] = [*dates, self.compute(file)]
            self._changed = True
        value: T = self._values[name][3]
        return value

    def save(self) -> None:
        """Write what is new, if anything is."""
        if self._changed:
            with contextlib.suppress(OSError):
                write_text(self.path, json.dumps(self._values, indent=0, sort_keys=True))
            self._changed = False
