"""The embedder of option --embedder."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.errors import need


def encoder(embedder: str) -> Callable[[list[str]], NDArray[np.float32]]:
    """A function from texts to (n, d) embeddings by a sentence-transformers model.

    Raises ModuleNotFoundError where the library is missing.
    """
    from mixtura.measure.embed import embed

    need("sentence_transformers")
    return lambda texts: embed(texts, embedder)
