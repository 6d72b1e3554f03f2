"""Digests of files that a person owns: other bytes rerun what reads them, another date nothing."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from mixtura.core.digest import digest
from mixtura.core.record import Record

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


def folder_state(folder: str) -> list[tuple[str, int, int]]:
    """The files in a folder and below it, with their sizes and dates."""
    files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]


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
        self._hashes = Record(record, _hash)

    def digest(self, path: str | None, suffixes: tuple[str, ...] = ()) -> str:
        """As `content_digest`; a file whose size and dates are those on record is not read.

        Empty where there is no path.
        """
        if not path:
            return ""
        files = files_of(Path(path), suffixes)
        result = contents_digest(Path(path), [(file, self._hashes[file]) for file in files])
        self._hashes.save()
        return result


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()
