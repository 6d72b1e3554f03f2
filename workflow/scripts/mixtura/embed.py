"""Sentence embeddings, and a store of them, so that a text is embedded once for a study."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.digest import digest

Encoder = Callable[[list[str]], NDArray[Any]]


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


def stored_embeddings(
    texts: Sequence[str], encode: Encoder, store: Path, dtype: str = "float32"
) -> tuple[NDArray[Any], int]:
    """(n, d) embeddings of the texts, and how many texts were new to the store.

    `store` is a folder of Parquet parts for one model and one dtype (float16 or float32). What it
    holds is read; the rest is encoded, each different text once, and becomes one more part,
    written beside and renamed: several jobs may share a store, at worst one text is in two parts.
    The last bits of an embedding depend on the batch it was made in, so what is stored stays.
    """
    keys = pl.Series("key", [hashlib.blake2b(t.encode(), digest_size=16).digest() for t in texts])
    first = pl.DataFrame({"key": keys, "text": list(texts)}).unique("key", maintain_order=True)
    held = [
        pl.scan_parquet(part).join(first.lazy().select("key"), on="key", how="semi").collect()
        for part in sorted(store.glob("*.parquet"))
    ]
    known = pl.concat(held).unique("key", keep="first", maintain_order=True) if held else None
    new = first if known is None else first.join(known, on="key", how="anti")
    if new.height:
        with np.errstate(over="ignore"):  # told below, with what to do
            made = encode(new["text"].to_list()).astype(dtype)
        if not np.isfinite(made).all():
            raise ValueError(f"an embedding is NaN, infinite or too large for {dtype}")
        kind = pl.Array(pl.Float16 if dtype == "float16" else pl.Float32, made.shape[1])
        part = new.select("key", embedding=pl.Series(made, dtype=kind))
        store.mkdir(parents=True, exist_ok=True)
        beside = store / f".{digest(new['text'].to_list())}.{os.getpid()}"
        part.write_parquet(beside)
        beside.rename(store / f"{digest(new['text'].to_list(), 12)}.parquet")
        known = part if known is None else pl.concat([known, part])
    assert known is not None
    rows = pl.DataFrame({"key": keys}).join(known, on="key", maintain_order="left")
    return rows["embedding"].to_numpy(), new.height
