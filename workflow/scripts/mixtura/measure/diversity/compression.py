"""How far gzip compresses the texts."""

import gzip
from collections.abc import Sequence


def compression_ratio(texts: Sequence[str]) -> float:
    """Bytes over gzip-compressed bytes of the texts joined by newlines, lower is more diverse.

    Shaib et al. 2024 (arXiv 2403.00553). gzip sees repetition within 32 KiB only. Raises
    ValueError if there is nothing to compress.
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts must be a list of strings")
    raw = "\n".join(texts).encode()
    if not raw.strip():
        raise ValueError("texts are empty: there is nothing to compress")
    return len(raw) / len(gzip.compress(raw, mtime=0))
