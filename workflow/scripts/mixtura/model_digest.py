"""What tells one model, or another folder, from the next, whatever it is called."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from mixtura.digest import digest


def model_digest(folder: Path) -> str:
    """Digest of a model folder: name and bytes of every file in it."""
    return files_digest(folder, sorted(file for file in folder.rglob("*") if file.is_file()))


def files_digest(folder: Path, files: Iterable[Path]) -> str:
    """Digest of the names within a folder and of the bytes of `files`."""
    parts = []
    for file in files:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "blake2b").hexdigest()
        parts.append([file.relative_to(folder).as_posix(), found])
    return digest(parts)
