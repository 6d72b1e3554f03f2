"""What the eigenvalues of the similarities say: Vendi score, log-determinant."""

import math

import numpy as np

from mixtura.measure.blocks import (
    Matrix,
    matrix,
    namespace,
    numpy_array,
    one_thread,
    row_slices,
    run,
    unit_rows,
    zeros,
)


def spectrum(embeddings: Matrix, normalise: bool = True) -> np.ndarray:
    """Eigenvalues of E E' that can differ from zero: min(n, d) of them, ascending, in float64.

    Time O(n d min(n, d)), memory O(min(n, d)^2). Values below the rounding error of the input's
    precision are set to zero.
    """
    x = unit_rows(embeddings) if normalise else matrix(embeddings)
    xp = namespace(x)
    n, d = x.shape
    wide = x.T if n < d else x

    def product(rows: slice) -> Matrix:
        part = wide[rows].T @ wide[rows]
        return part.astype("f8") if xp is np else part.double()

    # Few slices: each holds a float64 product until it is added.
    slices = row_slices(len(wide), max(4096, len(wide) // 32))
    gram = sum(run(product, slices, xp), start=zeros(1, x))
    with one_thread():
        values = xp.linalg.eigvalsh(gram)
    values = numpy_array(values).astype(float)
    noise = values[-1] * max(n, d) ** 0.5 * xp.finfo(x.dtype).eps
    return np.where(values > noise, values, 0.0)


def vendi_score(embeddings: Matrix, q: float = 1.0) -> float:
    """Vendi score of order q: exp of the Renyi entropy of the eigenvalues of E E' / n.

    Between 1 (all the same) and min(n, d). q = 1 is the Shannon form (arXiv 2210.02410),
    small q weighs rare directions, q = inf is 1 / the largest eigenvalue (arXiv 2310.12952),
    q = 0 counts the directions above rounding error. Raises ValueError for a negative q.
    """
    if not q >= 0:
        raise ValueError(f"q must be at least 0, not {q}")
    share = spectrum(embeddings)
    share = share[share > 0] / share.sum()
    if q == math.inf:
        return float(1 / share.max())
    if q == 1:
        return float(np.exp(-(share * np.log(share)).sum()))
    return float((share**q).sum() ** (1 / (1 - q)))


def log_determinant(embeddings: Matrix, eps: float = 1.0, normalise: bool = True) -> float:
    """(1/n) log det(I + E E' / eps), in nats per text; grows with the volume that E spans."""
    if not 0 < eps < math.inf:
        raise ValueError(f"eps must be positive, not {eps}")
    return float(np.log1p(spectrum(embeddings, normalise) / eps).sum() / len(embeddings))
