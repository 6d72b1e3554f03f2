"""LLM cluster score: how many groups a language model finds among the texts."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np


def llm_cluster_score(
    texts: Sequence[str],
    cluster: Callable[[list[str]], Sequence[Hashable]],
    sample: int = 10,
    repeats: int = 100,
    seed: int = 0,
) -> float:
    """LLM cluster score (arXiv 2410.15226, eq. 1): mean of clusters / mean cluster size.

    `cluster` gets `sample` texts, drawn without replacement, `repeats` times and returns a label
    for each: an LLM, or anything that groups texts. Between 1 / sample and sample. Raises
    ValueError for too few texts or if `cluster` returns another number of labels.
    """
    if not 1 <= sample <= len(texts):
        raise ValueError(f"sample must be between 1 and the {len(texts)} texts, not {sample}")
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    random = np.random.default_rng(seed)
    scores = []
    for _ in range(repeats):
        chosen = [texts[i] for i in random.choice(len(texts), sample, replace=False)]
        labels = list(cluster(chosen))
        if len(labels) != sample:
            raise ValueError(f"cluster returned {len(labels)} labels for {sample} texts")
        scores.append(len(set(labels)) ** 2 / sample)
    return sum(scores) / repeats
