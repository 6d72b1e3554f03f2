"""Digests of files that a person owns: other bytes rerun what reads them, another date nothing."""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from mixtura.core.digest import digest
from mixtura.core.files import whole

RECORD = Path("results/.contents.json")  # of all studies of a folder


def files_of(path: Path, suffixes: tuple[str, ...] = ()) -> list[Path]:
    """The file `path`, or the files in a folder and below it; hidden ones and byte code aside.

    `suffixes` are those that count in a folder, none: every one.
    """
    if not path.is_dir():
        return [path]
    return [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and (not suffixes or file.suffix in suffixes)
        and not any(x[0] == "." or x == "__pycache__" for x in file.relative_to(path).parts)
    ]


def contents_digest(path: Path, hashes: Iterable[tuple[Path, str]]) -> str:
    """Digest of `path` from the hashes of its files; a folder's with the names within it."""
    return digest([[file.relative_to(path).as_posix(), value] for file, value in hashes])


def content_digest(path: Path, suffixes: tuple[str, ...] = ()) -> str:
    """Digest of the bytes of a file, or of the names and bytes in a folder, all read now."""
    return contents_digest(path, ((file, _hash(file)) for file in files_of(path, suffixes)))


def check_content(path: Path, expected: str, suffixes: tuple[str, ...] = ()) -> None:
    """Raise ValueError where `path` no longer holds what it held when the run was planned."""
    if content_digest(path, suffixes) != expected:
        raise ValueError(f"{path} changed after this run was planned; run Snakemake again")


class Contents:
    """Content digests that are kept in the file `record`, by size and dates of each file."""

    def __init__(self, record: Path = RECORD) -> None:
        self.record = record
        self._hashes: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError):  # the first run, or a broken record
            self._hashes = json.loads(record.read_text("utf-8"))

    def digest(self, path: str | None, suffixes: tuple[str, ...] = ()) -> str:
        """As `content_digest`; a file whose size and dates are those on record is not read.

        Empty where there is no path.
        """
        if not path:
            return ""
        before = dict(self._hashes)
        files = files_of(Path(path), suffixes)
        result = contents_digest(Path(path), [(file, self._hash(file)) for file in files])
        if self._hashes != before:
            with contextlib.suppress(OSError), whole(self.record) as beside:  # it may be read-only
                beside.write_text(json.dumps(self._hashes, indent=0, sort_keys=True), "utf-8")
        return result

    def _hash(self, file: Path) -> str:
        state, name = file.stat(), str(file.resolve())
        dates = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        if self._hashes.get(name, [])[:3] != dates:
            self._hashes[name] = [*dates, _hash(file)]
        return str(self._hashes[name][3])


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()
