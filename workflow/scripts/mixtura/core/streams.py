"""Named random streams: one independent seed for each purpose and item."""

import hashlib


def stream_seed(study_seed: int, *purpose: object) -> int:
    """Seed of the stream that `purpose` names, in [0, 2**63).

    The same names give the same seed on every machine, and streams with different names are
    independent, so the order in which jobs run cannot change a result.
    """
    name = "\x1f".join(str(part) for part in (study_seed, *purpose))
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1
