"""Distances to the nearest texts: within the set, and from the reference to it."""

from mixtura.measure.blocks import BLOCK, Matrix, unit_rows
from mixtura.measure.nearest import neighbours


def knn_distance(embeddings: Matrix, k: int = 5, *, block: int = BLOCK) -> float:
    """Mean of 1 - cosine to the k nearest other texts, 0 to 2. Raises ValueError if n <= k."""
    x = unit_rows(embeddings, rows=2)
    return float(neighbours(x, x, k, same=True, block=block).mean() / 2)


def chamfer_distance(embeddings: Matrix, *, block: int = BLOCK) -> float:
    """Mean of 1 - cosine to the nearest other text, 0 to 2, for n >= 2 texts."""
    return knn_distance(embeddings, 1, block=block)


def facility_location(embeddings: Matrix, reference: Matrix, *, block: int = BLOCK) -> float:
    """Mean over the reference of the best cosine to a text of the set, -1 to 1: coverage."""
    x, y = unit_rows(embeddings), unit_rows(reference, "reference")
    return float(1 - neighbours(y, x, 1, block=block).mean() / 2)
