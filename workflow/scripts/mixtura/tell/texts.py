"""The text of a study for the browser of the report: generated rows with the nearest real one."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.core.sets import SetKey
from mixtura.core.wording import visible

ROWS = 4000  # that the page holds at most, as many of each set
LONGEST = 600  # characters of a text that it shows
ANSWERS = ("question", "answer", "answers", "context", "prompt", "response")


def shortened(text: str | None) -> str:
    """A text as it is shown: signs of control visible, the end of a long one left out."""
    shown = visible(text or "")
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


class SetTexts(NamedTuple):
    """A set as the browser reads it: `Curated`, `Removed` and `Embeddings`."""

    key: SetKey
    curated: pl.DataFrame
    removed: pl.DataFrame
    embedded: pl.DataFrame


def browser(
    sets: Iterable[SetTexts], count: int, examples: Mapping[str, tuple[pl.DataFrame, pl.DataFrame]]
) -> dict[str, Any]:
    """What the browser reads: `sets`, `real` texts, and `rows` that refer to both by number.

    A row is [set, label, text, number of the nearest real text, cosine to it, reason]; the reason
    of a kept row is empty, and a removed row has no label and no nearest text, for it was not
    embedded. Rows are the first of each set by id, a hash. `sets` are so many as `count` says, read
    one after the other; `examples` maps a draw to the real rows that its generator saw and their
    embeddings.
    """
    most = max(ROWS // max(count, 1), 1)
    real: list[str] = []
    first = {}
    for draw, (rows, _) in examples.items():
        first[draw] = len(real)
        real += map(shortened, rows["text"])
    names, texts = [], []
    for number, (key, curated, removed, embedded) in enumerate(sets):
        names.append([f"{key.generator}, {key.pipeline}", key.level, key.draw])
        shown = curated.sort("id").head(most)
        several = curated["label"].n_unique() > 1
        near = _nearest(shown, embedded, *examples[key.draw])
        for row, (place, cosine) in zip(shown.iter_rows(named=True), near, strict=True):
            label = ", ".join(row.get("labels") or ()) or (row["label"] if several else "")
            texts.append([number, label, _text(row), first[key.draw] + place, cosine, ""])
        for row in removed.sort("id").head(most).iter_rows(named=True):
            reason = ": ".join(filter(None, (row["stage"], row["reason"])))
            texts.append([number, "", shortened(row["text"]), None, None, reason])
    return {"sets": names, "real": real, "rows": texts}


def _text(row: Mapping[str, Any]) -> str:
    """The text of a row with what else a person reads of it."""
    more = [f"{name}: {row[name]}" for name in ANSWERS if row.get(name)]
    return shortened("\n".join([row["text"] or "", *more]))


def _nearest(
    rows: pl.DataFrame, embedded: pl.DataFrame, real: pl.DataFrame, vectors: pl.DataFrame
) -> list[tuple[int, float]]:
    """Of each row the place of the nearest real row, and the cosine of both."""
    products = _unit(rows, embedded) @ _unit(real, vectors).T
    places, best = products.argmax(axis=1), products.max(axis=1)
    return [(int(at), round(float(cosine), 2)) for at, cosine in zip(places, best, strict=True)]


def _unit(rows: pl.DataFrame, embedded: pl.DataFrame) -> NDArray[np.float64]:
    """Unit vectors of rows by their id, (n, d)."""
    both = rows.select("id").join(
        embedded.select("id", "embedding"), on="id", maintain_order="left"
    )
    vectors: NDArray[np.float64] = both["embedding"].to_numpy().astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))
