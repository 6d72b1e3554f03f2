"""Frechet distance between two Gaussians fitted to the sets."""

import numpy as np

from mixtura.measure.blocks import Matrix, numpy_array, one_thread, row_slices
from mixtura.measure.shift.pair import pair


def frechet_distance(x: Matrix, y: Matrix, shrinkage: bool = True) -> float:
    """Frechet distance |mu_x - mu_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), 0 or more.

    Heusel et al. 2017, eq. 6, squared as usual. With `shrinkage` the covariances are pulled to a
    multiple of the identity (Ledoit & Wolf 2004), needed unless n is well above d; without it they
    are sample covariances (divisor n - 1). Needs 2 rows each.
    """
    x, y, _ = pair(x, y)
    moments = []
    for a in (numpy_array(x), numpy_array(y)):
        mean = a.mean(0, dtype=np.float64)
        moments.append((mean, _covariance(a, mean, shrinkage)))
    (mx, sx), (my, sy) = moments
    # (S_x S_y)^(1/2) has the trace of (R' S_y R)^(1/2) for any R R' = S_x, which is symmetric.
    with one_thread():
        root = _root(sx)
        cross = np.sqrt(np.linalg.eigvalsh(root.T @ sy @ root).clip(0)).sum()
    return max(0.0, float(((mx - my) ** 2).sum() + np.trace(sx) + np.trace(sy) - 2 * cross))


def _root(covariance: np.ndarray) -> np.ndarray:
    """A matrix R with R R' = covariance: its Cholesky factor, where it has full rank."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        root: np.ndarray = vectors * np.sqrt(values.clip(0))
        return root


def _covariance(a: np.ndarray, mean: np.ndarray, shrinkage: bool) -> np.ndarray:
    n, d = a.shape
    scatter, fourth = np.zeros((d, d)), 0.0
    for rows in row_slices(n, 4096):
        centred = a[rows] - mean
        scatter += centred.T @ centred
        fourth += float(((centred * centred).sum(1) ** 2).sum())
    covariance: np.ndarray = scatter / (n if shrinkage else n - 1)
    if not shrinkage:
        return covariance
    scale = np.trace(covariance) / d
    squares = (covariance * covariance).sum()
    spread = squares - d * scale**2
    if spread <= 0:
        return covariance
    noise = (fourth / n - squares) / n
    weight = min(1.0, max(0.0, noise / spread))
    shrunk: np.ndarray = (1 - weight) * covariance + weight * scale * np.eye(d)
    return shrunk
