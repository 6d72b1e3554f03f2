"""What tells one model from another, whatever it is called."""

import hashlib
from pathlib import Path

from mixtura.digest import digest


def model_digest(folder: Path) -> str:
    """Digest of a model folder: name and bytes of every file in it."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    parts = []
    for file in files:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "blake2b").hexdigest()
        parts.append([file.relative_to(folder).as_posix(), found])
    return digest(parts)
