"""Difference in perplexity under one language model."""

from collections.abc import Sequence

import numpy as np


def perplexity_gap(
    x_log_probs: Sequence[float],
    x_tokens: Sequence[int],
    y_log_probs: Sequence[float],
    y_tokens: Sequence[int],
) -> float:
    """Log-perplexity of generated less that of real text, in nats a token, under one model.

    The model must have learned from OTHER real text than x. One summed natural log-probability and
    one token count per text; from any language model, or from `NgramModel.log_probs`. Negative
    where generated text is more predictable than real text.
    """
    return _log_perplexity(y_log_probs, y_tokens, "y (generated)") - _log_perplexity(
        x_log_probs, x_tokens, "x (real)"
    )


def _log_perplexity(log_probs: Sequence[float], tokens: Sequence[int], name: str) -> float:
    logs, counts = np.asarray(log_probs, float), np.asarray(tokens, float)
    if logs.shape != counts.shape or logs.ndim != 1 or not counts.sum() > 0 or counts.min() < 0:
        raise ValueError(f"{name} needs a log-probability and a token count for each text")
    if not np.isfinite(logs).all() or (logs > 0).any():
        raise ValueError(f"{name} needs finite log-probabilities of at most 0")
    return float(-logs.sum() / counts.sum())
