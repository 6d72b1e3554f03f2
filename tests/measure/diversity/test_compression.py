"""Compression ratio."""

from mixtura.measure.diversity import compression_ratio

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log!",
    "A bird flew over the old house, and the cat saw it.",
    "The cat sat on the old mat and the dog saw it.",
]


def test_compression_ratio():
    import gzip

    raw = "\n".join(TEXTS).encode()
    assert compression_ratio(TEXTS) == len(raw) / len(gzip.compress(raw))
    assert compression_ratio(TEXTS * 50) > 10 * compression_ratio(TEXTS)
