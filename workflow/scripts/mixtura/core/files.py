"""Files that appear whole or not at all, and texts: written, read line by line."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
LEAST_FREE = 2**16  # bytes: torch says of a full disk only that it could not write


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` at the end: a file or folder appears whole or never.

    Raises OSError that names the disk where it is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with naming_full_disk(path):
            yield beside
            beside.replace(path)
    finally:
        remove(beside)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole, in UTF-8. Raises OSError that names the disk where it is full."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Raise OSError that names the disk of `path` where what is written inside finds it full.

    Libraries have errors of their own for this; any other error stays as it is.
    """
    try:
        yield
    except Exception as error:
        disk = next(place for place in path.absolute().parents if place.is_dir())
        free = shutil.disk_usage(disk).free
        while not disk.is_mount():
            disk = disk.parent
        if free >= LEAST_FREE and not any(words in str(error) for words in FULL):
            raise
        raise OSError(
            f"the disk is full at {path} (disk {disk}); free space and run again: what is "
            "finished is kept"
        ) from error


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder; nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; a file system that can lets both share their blocks until one is written."""
    try:
        with source.open("rb") as read, target.open("wb") as write:
            while os.copy_file_range(read.fileno(), write.fileno(), 2**30):
                pass
    except (AttributeError, OSError):  # another system, or two file systems that cannot
        shutil.copyfile(source, target)


def text_of(path: str | Path) -> str:
    """The text of a file that a person wrote, without a byte order mark.

    Raises ValueError that names file and line where it is no text in UTF-8, or empty.
    """
    if not Path(path).is_file():
        raise ValueError(f"{path} is a folder" if Path(path).is_dir() else f"no file at {path}")
    written = Path(path).read_bytes()
    try:
        text = written.decode("utf-8-sig")
        place = text.find("\0")
        line = text.count("\n", 0, place) + 1
    except UnicodeDecodeError as error:
        place, line = error.start, written.count(b"\n", 0, error.start) + 1
    if place >= 0:
        raise ValueError(f"{path}: line {line} is no text in UTF-8; save the file in this encoding")
    if not text.strip():
        raise ValueError(f"{path}: no line holds anything")
    return text


def read_lines(path: str | Path) -> list[str]:
    """The different lines of a text file, stripped, empty ones left out.

    Raises ValueError as `text_of`.
    """
    lines = [line.strip() for line in text_of(path).splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


def parquet_files(paths: Iterable[str | Path]) -> list[Path]:
    """The Parquet files among `paths`; of a folder those in it, in the order of their names."""
    files: list[Path] = []
    for path in map(Path, paths):
        files += sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return files
