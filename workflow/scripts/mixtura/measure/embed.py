"""Sentence embeddings, and a store of them, so that texts that are added cost what is new."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.core.digest import digest
from mixtura.core.files import whole
from mixtura.core.packages import version_of
from mixtura.core.parquet import read_parquet, write_parquet
from mixtura.measure.gradients import gradient_embeddings

Encoder = Callable[[list[str]], NDArray[Any]]

PART = 1024  # different texts that are encoded and stored together


def embed(texts: Sequence[str], folder: str, batch_size: int = 64) -> NDArray[np.float32]:
    """(n, d) float32 embeddings of the texts by the sentence-transformers model in `folder`.

    A plain encoder is mean-pooled. Rows are as the model gives them, not normalised again.
    """
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, local_files_only=True)
    embeddings: NDArray[np.float32] = model.encode(
        list(texts), batch_size=batch_size, convert_to_numpy=True, show_progress_bar=False
    )
    return embeddings.astype(np.float32)


def embedding_packages() -> dict[str, str]:
    """Package -> version of what makes an embedding: the store of one of them holds no other's."""
    names = ("sentence-transformers", "tokenizers", "torch", "transformers")
    return {name: version for name in names if (version := version_of(name))}


def embed_rows(
    rows: pl.DataFrame,
    model: Path,
    store: Path,
    dtype: str = "float32",
    kind: Literal["sentence", "gradient"] = "sentence",
) -> tuple[pl.DataFrame, int]:
    """The table `Embeddings` of rows with id, text and label, and how many texts were new.

    `kind` says whether the model is one of sentences or a causal one, whose gradients
    are taken. A null text, which a pool may hold and curation removes, is embedded as an empty one.
    """
    rows = rows.with_columns(pl.col("text").fill_null(""))
    texts = rows["text"].to_list()
    encode = gradient_embeddings if kind == "gradient" else embed
    embeddings, new = stored_embeddings(texts, lambda some: encode(some, str(model)), store, dtype)
    column = pl.Series(embeddings, dtype=_vector(dtype, embeddings.shape[1]))
    table = rows.select("id", "text", "label", "^labels$", "^topic$")
    return table.with_columns(embedding=column), new


def _vector(dtype: str, width: int) -> pl.Array:
    return pl.Array(pl.Float16 if dtype == "float16" else pl.Float32, width)


def _stored_part(file: Path) -> pl.DataFrame | None:
    """A part of the store; a damaged one is removed, and its texts are embedded again."""
    try:
        return read_parquet(file)
    except ValueError as error:
        logging.warning(f"{error}; it is removed, and its texts are embedded again")
        file.unlink(missing_ok=True)
        return None


def stored_embeddings(
    texts: Sequence[str], encode: Encoder, store: Path, dtype: str = "float32"
) -> tuple[NDArray[Any], int]:
    """(n, d) embeddings of n texts, and how many texts were new to the store.

    Each different text is encoded once, `PART` of them at a time in their order. `store` is a
    folder of such parts for one model and one dtype (float16 or float32), so that more texts at the
    end, or a job that was killed, cost what is new. The last bits of an embedding depend on its
    batch: a part is known by all its texts, and no job reads single ones from another's batches, or
    results would depend on which job came first. Raises ValueError for an embedding that is not
    finite in `dtype`.
    """
    different = list(dict.fromkeys(texts))
    parts, new = [], 0
    for start in range(0, len(different), PART):
        some = different[start : start + PART]
        file = store / f"{digest(some)}.parquet"
        part = _stored_part(file) if file.exists() else None
        if part is None:
            part = _encoded(some, encode, dtype)
            with whole(file) as beside:
                write_parquet(part, beside)
            new += len(some)
        parts.append(part)
    rows = {text: row for row, text in enumerate(different)}
    return pl.concat(parts)["embedding"].to_numpy()[[rows[text] for text in texts]], new


def _encoded(texts: list[str], encode: Encoder, dtype: str) -> pl.DataFrame:
    with np.errstate(over="ignore"):  # the error below says what to do
        embeddings = encode(texts).astype(dtype)
    if not np.isfinite(embeddings).all():
        raise ValueError(f"an embedding is NaN, infinite or too large for {dtype}")
    return pl.DataFrame(
        {"embedding": pl.Series(embeddings, dtype=_vector(dtype, embeddings.shape[1]))}
    )
