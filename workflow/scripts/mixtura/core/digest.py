"""Digests of settings and of text: what decides whether a result is still valid."""

import hashlib
import json


def canonical_json(settings: object) -> str:
    """JSON with sorted keys, so that equal settings are equal strings."""
    return json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(settings: object, size: int = 6) -> str:
    """Hexadecimal digest (2 * `size` characters) of JSON-like `settings`."""
    return hashlib.blake2b(canonical_json(settings).encode(), digest_size=size).hexdigest()


def row_id(origin: str, *content: str) -> str:
    """Stable id of a row: a hash of where it comes from and what it says."""
    return digest([origin, *content], size=8)
