"""Curation of one generated pool: every step in order, every removed row with its receipt."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.decontaminate import decontaminate
from mixtura.dedup import exact, fuzzy, semantic
from mixtura.filters import FILTERS, apply_filters, is_on
from mixtura.text import COUNTS, all_receipts, split_broken

Embeddings = npt.NDArray[np.floating]

STEPS = ("exact", "filters", "fuzzy", "semantic", "decontaminate")
DECONTAMINATE = {"ngram": "n", "overlap": "overlap", "similarity": "similarity"}


def curate(
    frame: pl.DataFrame,
    settings: Mapping[str, Any],
    real: pl.DataFrame | None = None,
    protected: pl.DataFrame | None = None,
    embeddings: Embeddings | None = None,
    real_embeddings: Embeddings | None = None,
    protected_embeddings: Embeddings | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Run broken, exact, filters, fuzzy, semantic, decontaminate, as far as `settings` has them.

    A variant is a plain dict; a step that is absent, False or None is off:

        {"exact": True, "filters": {"length": {"min_words": 3}}, "fuzzy": {"threshold": 0.7},
         "semantic": {"threshold": 0.95}, "decontaminate": {"ngram": 8}}

    The frames have the columns id and text, embeddings are (rows, d) in the order of their frame.
    Rows that resemble a `real` row (None: none) count as duplicates, unless against_real is False;
    `protected` is what decontamination guards. Returns (kept, removed, counts): removed with id,
    text, stage, reason, score, kept_id; counts with one row per stage and reason (null where
    nothing went) and step (the place of the stage, from 0), stage, reason, rows_in, removed,
    rows_out, where rows_in - all removed of a stage = rows_out. Raises ValueError on unknown steps
    or settings and on data that a step lacks.
    """
    if unknown := set(settings) - {*STEPS, "against_real"}:
        raise ValueError(f"curation step {sorted(unknown)[0]!r} is unknown")
    duplicated = real if settings.get("against_real", True) else None
    if embeddings is not None and len(embeddings) != len(frame):
        raise ValueError(f"{len(embeddings)} embeddings for {len(frame)} rows")
    rows = frame.with_row_index("__row")

    def vectors(step: str, given: Embeddings | None, of: str) -> Embeddings:
        if given is None:
            raise ValueError(f"curation step {step} needs {of}")
        return given

    def own(kept: pl.DataFrame, step: str) -> Embeddings:
        return vectors(step, embeddings, "embeddings")[kept["__row"].to_numpy()]

    def filters(kept: pl.DataFrame, chosen: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
        return apply_filters(
            kept,
            chosen,
            real=real,
            embeddings=None if embeddings is None else own(kept, "filters"),
            real_embeddings=real_embeddings,
        )

    def meaning(kept: pl.DataFrame, chosen: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
        theirs = None
        if duplicated is not None:
            theirs = vectors("semantic", real_embeddings, "real_embeddings")
        return semantic(
            kept,
            own(kept, "semantic"),
            reference=duplicated,
            reference_embeddings=theirs,
            **_only(chosen, "semantic", {"threshold": "threshold"}),
        )

    def guard(kept: pl.DataFrame, chosen: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
        if protected is None:
            raise ValueError("curation step decontaminate needs protected")
        close = chosen.get("similarity") is not None
        return decontaminate(
            kept,
            protected,
            embeddings=own(kept, "decontaminate") if close else None,
            protected_embeddings=protected_embeddings,
            **_only(chosen, "decontaminate", DECONTAMINATE),
        )

    steps: dict[str, Callable[..., tuple[pl.DataFrame, pl.DataFrame]]] = {
        "exact": lambda kept, chosen: exact(kept, duplicated, **_only(chosen, "exact", {})),
        "filters": filters,
        "fuzzy": lambda kept, chosen: fuzzy(
            kept, reference=duplicated, **_only(chosen, "fuzzy", {"threshold": "threshold"})
        ),
        "semantic": meaning,
        "decontaminate": guard,
    }
    kept, broken = split_broken(rows)
    removed = [broken]
    counts = _funnel(["broken"], len(frame), broken)
    for name, step in steps.items():
        chosen = settings.get(name)
        if chosen is None or chosen is False:
            continue
        before = len(kept)
        chosen = {} if chosen is True else dict(chosen)
        kept, gone = step(kept, chosen)
        removed.append(gone)
        stages = [name]
        if name == "filters":
            stages = [f for f in FILTERS if f in chosen and is_on(chosen[f])]
        counts += _funnel(stages, before, gone)
    places = {stage: step for step, stage in enumerate(dict.fromkeys(row[0] for row in counts))}
    return (
        kept.drop("__row").sort("id"),
        all_receipts(removed).sort("id"),
        pl.DataFrame([(places[row[0]], *row) for row in counts], COUNTS, orient="row"),
    )


def _only(chosen: Mapping[str, Any], step: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Translate the settings of a step to arguments; ValueError on one it does not have."""
    if unknown := set(chosen) - set(names):
        raise ValueError(
            f"curation step {step} has no setting {sorted(unknown)[0]!r}, only {sorted(names)}"
        )
    return {names[key]: value for key, value in chosen.items()}


def _funnel(
    stages: Sequence[str], rows: int, removed: pl.DataFrame
) -> list[tuple[str, str | None, int, int, int]]:
    """Count a step, stage after stage: (stage, reason, rows in, removed, rows out)."""
    found = []
    for stage in stages:
        reasons = removed.filter(stage=stage).group_by("reason").len().sort("reason").rows()
        out = rows - sum(count for _, count in reasons)
        found += [(stage, why, rows, count, out) for why, count in reasons or [(None, 0)]]
        rows = out
    return found


def embeddings_of(rows: pl.DataFrame, table: pl.DataFrame) -> npt.NDArray[Any]:
    """(n, d) embeddings of the rows by `id`, from a table with id and embedding.

    Raises ValueError where a row has none.
    """
    found = rows.select("id").join(table, on="id", how="left", maintain_order="left")["embedding"]
    if found.null_count():
        missing = rows["id"].filter(found.is_null())[0]
        raise ValueError(f"row {missing!r} has no embedding")
    return found.to_numpy()
