"""Files as text: compressed or not, in the encoding that they are found to have."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from mixtura.prepare.settings import FileForm

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
MARKS = {  # byte order mark -> encoding that reads it; those of 32 bits begin as those of 16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HEAD = 512  # bytes by which an encoding is told


@contextmanager
def open_binary(file: Path) -> Iterator[pa.NativeFile]:
    """The bytes of a file, unpacked. Raises ValueError where they cannot be, or there is none."""
    if not file.is_file():
        raise ValueError(f"no file at {file}")
    compression = COMPRESSIONS.get(file.suffix.lower())
    with pa.OSFile(str(file)) as packed:
        stream = pa.CompressedInputStream(packed, compression) if compression else packed
        try:
            yield stream
        except OSError as error:
            if not compression:
                raise
            raise ValueError(f"{file} cannot be unpacked as {compression}: {error}") from None


@contextmanager
def open_text(file: Path, form: FileForm) -> Iterator[io.TextIOWrapper]:
    """The text of a file, line ends as they are, without a byte order mark."""
    encoding = form.encoding or _encoding(file)
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"
    with open_binary(file) as stream:
        yield io.TextIOWrapper(
            io.BufferedReader(stream), encoding=encoding, errors="replace", newline=""
        )


def read_text(file: Path) -> str:
    """All of the text of a file, read as `open_text` does."""
    with open_text(file, FileForm()) as stream:
        return stream.read()


def _encoding(file: Path) -> str:
    with open_binary(file) as stream:
        head = stream.read(HEAD)
    if mark := next((name for mark, name in MARKS.items() if head.startswith(mark)), None):
        return mark
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):  # of signs of European scripts
        if 2 * head[first::2].count(0) > len(head[first::2]):
            return encoding
    return "utf-8"


def likely_encoding(file: Path) -> str | None:
    """The encoding that a file's key must name, none for UTF-8, of which some rows may be broken.

    It is cp1252 where most signs beyond ASCII are no UTF-8.
    """
    broken = beyond = 0
    with open_text(file, FileForm()) as stream:
        for line in stream:
            if not line.isascii():
                broken += line.count("\ufffd")
                beyond += sum(sign > "\x7f" for sign in line)
    return "cp1252" if 2 * broken > beyond else None
