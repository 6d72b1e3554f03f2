"""NovelSum: distances weighted by proximity and by density in the reference."""

import numpy as np

from mixtura.measure.blocks import (
    BLOCK,
    Matrix,
    Scratch,
    double,
    namespace,
    row_slices,
    run,
    same_space,
    unit_rows,
    zeros,
)
from mixtura.measure.nearest import neighbours


def novelsum_density(
    embeddings: Matrix,
    reference: Matrix,
    *,
    beta: float = 0.5,
    k: int = 10,
    block: int = BLOCK,
) -> Matrix:
    """(n,) densities of NovelSum: (mean squared distance to the k nearest of the reference)^-beta.

    1e-9 is added to the mean. They depend on a text and the reference alone, not on the other
    texts. embeddings: (n, d), reference: (m, d) with m >= k.
    """
    x, y = unit_rows(embeddings), unit_rows(reference, "reference")
    same_space(x, y, ("embeddings", "reference"))
    return (neighbours(x, y, k, block=block).mean(1) + 1e-9) ** -beta


def novelsum(
    embeddings: Matrix,
    reference: Matrix,
    *,
    alpha: float = 1.0,
    beta: float = 0.5,
    k: int = 10,
    density: Matrix | None = None,
    block: int = BLOCK,
) -> float:
    """NovelSum (arXiv 2502.17184): distances weighted by proximity and by density.

    density_j = (mean squared distance of text j to its k nearest in the reference + 1e-9)^-beta,
    computed here unless `density` holds the texts' own (`novelsum_density`). For each text i the
    values density_j * (1 - cos_ij) are sorted ascending, itself first, and averaged with weights
    rank^-alpha; the score is the mean over i. embeddings: (n, d), reference: (m, d) with m >= k,
    usually the real data. A text that is itself in the reference finds itself.
    Time O(n^2 (d + log n)), memory O(n * block / 8 per core).
    """
    x = unit_rows(embeddings, rows=2)
    xp = namespace(x)
    if density is None:
        density = novelsum_density(x, reference, beta=beta, k=k, block=block)
    elif len(density) != len(x):
        raise ValueError(f"density must have {len(x)} entries, not {len(density)}")
    density = density.astype(x.dtype) if xp is np else density.to(x.dtype)
    weights = zeros(len(x), x) + 1
    weights = weights.cumsum(0) ** -alpha
    weights = weights / weights.sum()

    scratch = Scratch()

    def of_rows(rows: slice) -> float:
        value = scratch.product(-x[rows], x)
        value += 1
        value *= density
        diagonal = np.arange(rows.start, rows.stop)
        # -inf puts a text before its own duplicates, whose distance may round below zero.
        value[diagonal - rows.start, diagonal] = -np.inf
        if xp is np:
            value.sort(axis=1)
        else:
            value = value.sort(1).values
        value[:, 0] = 0
        return float((double(value) @ weights).sum())

    return sum(run(of_rows, row_slices(len(x), max(1, block // 8)), xp)) / len(x)
