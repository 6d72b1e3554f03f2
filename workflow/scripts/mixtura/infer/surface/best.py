"""Which of many may be the best."""

import numpy as np

from mixtura.infer.metrics import Array


def may_be_best(draws: Array, level: float) -> Array:
    """Whether each of K may be the best, (K,), for draws (draws, K) of what they are.

    What is the best is in the set in `level` of studies: left out is what another surpasses by more
    than the largest difference that chance makes, taken over all others together.

    Source: multiple comparisons with the best, Hsu 1984, with errors from the draws.
    """
    means = draws.mean(axis=0)
    errors = (draws - means).astype(np.float32)
    covariance = errors.T @ errors / len(errors)
    variances = np.diag(covariance)
    best = np.ones(len(means), dtype=bool)
    for place in range(len(means)):
        square = variances + variances[place] - 2 * covariance[place]
        some = square > 1e-6 * variances.max()
        if not some.any():
            continue
        scale = np.sqrt(square[some])
        largest = ((errors[:, some] - errors[:, [place]]) / scale).max(axis=1)
        surpassed = ((means[some] - means[place]) / scale).max()
        best[place] = surpassed <= np.quantile(largest, level)
    return best


def varies(draws: Array, level: float) -> bool:
    """Whether K values (draws, K) are shown to differ from their mean.

    Source: a simultaneous band, Westfall and Young 1993.
    """
    around = draws - draws.mean(axis=1, keepdims=True)
    scale = around.std(axis=0)
    some = scale > 1e-12
    if not some.any():
        return False
    means, around, scale = around.mean(axis=0)[some], around[:, some], scale[some]
    largest = np.quantile((np.abs(around - means) / scale).max(axis=1), level)
    return bool((np.abs(means) / scale).max() > largest)
