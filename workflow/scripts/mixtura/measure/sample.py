"""One set of texts as measures read it, with what is known about each of them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mixtura.measure.blocks import Matrix, matrix, namespace
from mixtura.measure.words import words

REFERENCE_LIMIT = 20_000
"""Most reference rows that a diversity measure compares with: the first ones."""


@dataclass(frozen=True)
class Sample:
    """N texts: strings, words, embeddings (N, d), labels, topics; the reference is (m, d)."""

    texts: list[str] | None = None
    tokens: list[list[str]] | None = None
    embeddings: Matrix = None
    labels: list[Hashable] | None = None
    topics: list[Hashable] | None = None
    reference: Matrix | None = None
    judge: Callable[[list[str]], Sequence[Hashable]] | None = None
    # What several measures or comparisons need is computed once: for all subsets too (clusters of
    # the reference), for these rows as a whole (a language model), or for each row (its density).
    shared: dict[Any, Any] = field(default_factory=dict)
    known: dict[Any, Any] = field(default_factory=dict)
    of_rows: dict[Any, Matrix] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts if self.texts is not None else self.embeddings)

    def take(self, rows: np.ndarray) -> "Sample":
        """Return the rows at these places; the reference stays whole."""
        lists: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else [values[i] for i in rows]
            for name in ("texts", "tokens", "labels", "topics")
        }
        embeddings = None if self.embeddings is None else self.embeddings[rows]
        of_rows = {key: values[rows] for key, values in self.of_rows.items()}
        return replace(self, embeddings=embeddings, known={}, of_rows=of_rows, **lists)

    def joined(self, other: "Sample") -> "Sample":
        """Return the rows of both, in order; what is known of all subsets is that of this one."""
        lists: dict[str, Any] = {
            name: None if None in (a := getattr(self, name), b := getattr(other, name)) else a + b
            for name in ("texts", "tokens", "labels", "topics")
        }
        embeddings = None
        if self.embeddings is not None and other.embeddings is not None:
            xp = namespace(self.embeddings)
            embeddings = xp.concatenate((self.embeddings, other.embeddings))
        return replace(self, embeddings=embeddings, known={}, of_rows={}, **lists)

    def first(self, limit: int | None) -> "Sample":
        """Return the first `limit` rows, all for None."""
        return self if limit is None or len(self) <= limit else self.take(np.arange(limit))


def sample_of(
    texts: Sequence[str] | None,
    embeddings: Matrix | None,
    labels: Sequence[Hashable] | None,
    topics: Sequence[Hashable] | None,
    name: str,
    reference: Matrix | None = None,
) -> Sample:
    """Check the parts of one set. Raises ValueError where they differ in length."""
    if embeddings is not None:
        embeddings = matrix(embeddings, f"{name} embeddings")
    if reference is not None:
        reference = matrix(reference, "reference embeddings")[:REFERENCE_LIMIT]
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts or []):
        raise ValueError(f"{name} texts must be a list of strings")
    parts = {"texts": texts, "embeddings": embeddings, "labels": labels, "topics": topics}
    sizes = {key: len(part) for key, part in parts.items() if part is not None}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise ValueError(f"{name} inputs must have the same number of rows, at least 1: {sizes}")
    labels, topics = (
        None if values is None or all(v is None for v in values) else list(values)
        for values in (labels, topics)
    )
    return Sample(
        None if texts is None else list(texts),
        None if texts is None else [words(text) for text in texts],
        embeddings,
        labels,
        topics,
        reference,
    )


def checked_size(n: int | None, repeats: int, subset: int, rows: int) -> int:
    """Rows to measure: `n`, or all of the `rows`. Raises ValueError for impossible numbers."""
    if n is not None and not 1 <= n <= rows:
        raise ValueError(f"n must be between 1 and the {rows} rows there are, not {n}")
    if repeats < 0 or subset < 2:
        raise ValueError(f"repeats must be at least 0 and subset at least 2: {repeats}, {subset}")
    return rows if n is None else n
