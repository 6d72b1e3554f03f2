"""Texts whose end a model does not read: counted, logged and written beside its predictions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

from mixtura.train.runs import Rows


def cut_shares(
    tokenizer: Any, max_length: int, rows: Rows, say: Callable[[str], None]
) -> dict[str, float]:
    """Share of the training and of the test texts with more than `max_length` tokens, if any."""
    shares = {}
    for name, part in {"training": rows.train, "test": rows.test}.items():
        texts = part["text"].to_list()
        tokens = tokenizer(texts, verbose=False)["input_ids"] if texts else []
        if count := sum(len(ids) > max_length for ids in tokens):
            shares[name] = count / part.height
            say(
                f"{count} of {part.height} {name} texts have more than max_length tokens "
                f"({max_length}): the rest of them is not read"
            )
    return shares


def largest_cuts(
    runs: Iterable[tuple[pl.DataFrame, Mapping[str, Any]]],
) -> dict[str, dict[str, float]]:
    """Model -> its largest shares of `training` and `test` texts, of the models that cut any.

    `runs` holds the predictions of a run and what was written about them.
    """
    largest: dict[str, dict[str, float]] = {}
    for predictions, about in runs:
        for part, share in about.get("cut", {}).items():
            shares = largest.setdefault(predictions["model"][0], {"training": 0.0, "test": 0.0})
            shares[part] = max(share, shares[part])
    return largest
