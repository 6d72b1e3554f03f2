"""Sentence embeddings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def embed(texts: Sequence[str], folder: str, batch_size: int = 64) -> NDArray[np.float32]:
    """(n, d) float32 embeddings of the texts by the sentence-transformers model in `folder`.

    A plain encoder is mean-pooled. Rows are as the model gives them, not normalised again.
    """
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, local_files_only=True)
    made: NDArray[np.float32] = model.encode(
        list(texts), batch_size=batch_size, convert_to_numpy=True, show_progress_bar=False
    )
    return made.astype(np.float32)
