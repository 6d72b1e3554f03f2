"""Curation of one generated pool: every step in order, every removed row with its receipt."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mixtura.core.draw import take_balanced
from mixtura.curate.broken import split_broken
from mixtura.curate.counts import stage_counts
from mixtura.curate.decontaminate import decontaminate
from mixtura.curate.duplicates.exact import exact
from mixtura.curate.duplicates.fuzzy import fuzzy
from mixtura.curate.duplicates.semantic import semantic
from mixtura.curate.filters import apply_filters, names_on
from mixtura.curate.receipts import all_receipts
from mixtura.curate.settings import CurateSettings, Curation, Decontaminate, Semantic

Embeddings = npt.NDArray[np.floating]
Split = tuple[pl.DataFrame, pl.DataFrame]  # remaining rows, receipts of the removed ones
Step = Callable[[pl.DataFrame], Split]


def curate(
    frame: pl.DataFrame,
    settings: Curation,
    real: pl.DataFrame | None = None,
    protected: pl.DataFrame | None = None,
    embeddings: Embeddings | None = None,
    real_embeddings: Embeddings | None = None,
    protected_embeddings: Embeddings | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Run broken, exact, filters, fuzzy, semantic, decontaminate, as far as `settings` has them.

    The frames have the columns id and text, embeddings are (rows, d) in the order of their frame.
    Rows that resemble a `real` row (None: none) count as duplicates, unless against_real is off;
    `protected` is what decontamination guards. Returns (remaining rows, receipts, counts): receipts
    of the removed rows with id, text, stage, reason, score, kept_id; counts with one row per stage
    and reason (null where nothing went) and step (the place of the stage, from 0), stage, reason,
    rows_in, removed, rows_out, where rows_in - all removed of a stage = rows_out. Raises ValueError
    on data that a step lacks.
    """
    if embeddings is not None and len(embeddings) != len(frame):
        raise ValueError(f"{len(embeddings)} embeddings for {len(frame)} rows")
    reference = real if settings.against_real else None

    def embeddings_for(rows: pl.DataFrame, step: str) -> Embeddings:
        vectors: Embeddings = _needed(embeddings, step, "embeddings")[rows["__row"].to_numpy()]
        return vectors

    def filters(rows: pl.DataFrame) -> Split:
        return apply_filters(
            rows,
            settings.filters,
            real=real,
            embeddings=None if embeddings is None else embeddings_for(rows, "filters"),
            real_embeddings=real_embeddings,
        )

    def similar_meaning(rows: pl.DataFrame, options: Semantic) -> Split:
        reference_embeddings = None
        if reference is not None:
            reference_embeddings = _needed(real_embeddings, "semantic", "real_embeddings")
        return semantic(
            rows,
            embeddings_for(rows, "semantic"),
            options.threshold,
            reference=reference,
            reference_embeddings=reference_embeddings,
        )

    def guard(rows: pl.DataFrame, options: Decontaminate) -> Split:
        if protected is None:
            raise ValueError("curation step decontaminate needs protected")
        compared = options.similarity is not None
        return decontaminate(
            rows,
            protected,
            options.ngram,
            options.overlap,
            options.similarity,
            embeddings=embeddings_for(rows, "decontaminate") if compared else None,
            protected_embeddings=protected_embeddings,
        )

    steps: list[tuple[Sequence[str], Step]] = [(["broken"], split_broken)]
    if settings.exact:
        steps.append((["exact"], lambda rows: exact(rows, reference)))
    steps.append((names_on(settings.filters), filters))
    if wording := settings.fuzzy:
        steps.append((["fuzzy"], lambda rows: fuzzy(rows, wording.threshold, reference=reference)))
    if meaning := settings.semantic:
        steps.append((["semantic"], lambda rows: similar_meaning(rows, meaning)))
    if contamination := settings.decontaminate:
        steps.append((["decontaminate"], lambda rows: guard(rows, contamination)))

    remaining, removed = frame.with_row_index("__row"), []
    rows_in: dict[str, int] = {}
    for stages, step in steps:
        count = len(remaining)
        remaining, receipts = step(remaining)
        removed.append(receipts)
        for stage in stages:
            rows_in[stage] = count
            count -= receipts.filter(stage=stage).height
    receipts = all_receipts(removed).sort("id")
    return remaining.drop("__row").sort("id"), receipts, stage_counts(rows_in, receipts)


def _needed(vectors: Embeddings | None, step: str, name: str) -> Embeddings:
    if vectors is None:
        raise ValueError(f"curation step {step} needs {name}")
    return vectors


def embeddings_of(rows: pl.DataFrame, table: pl.DataFrame) -> npt.NDArray[Any]:
    """(n, d) embeddings of the rows by `id`, from a table with id and embedding.

    Raises ValueError where a row has none.
    """
    vectors = rows.select("id").join(table, on="id", how="left", maintain_order="left")["embedding"]
    if vectors.null_count():
        missing = rows["id"].filter(vectors.is_null())[0]
        raise ValueError(f"row {missing!r} has no embedding")
    return vectors.to_numpy()


def embeddings_by_role(
    pool: tuple[pl.DataFrame, pl.DataFrame],
    real: tuple[pl.DataFrame, pl.DataFrame],
    protected: tuple[pl.DataFrame, pl.DataFrame],
) -> dict[str, npt.NDArray[Any]]:
    """The embeddings that `curate` takes, by argument; each of rows and a table of embeddings."""
    roles = {"embeddings": pool, "real_embeddings": real, "protected_embeddings": protected}
    return {role: embeddings_of(*tables) for role, tables in roles.items()}


def protected_rows(
    data: pl.DataFrame,
    splits: pl.DataFrame,
    examples: pl.DataFrame,
    shifted: Iterable[pl.DataFrame],
) -> pl.DataFrame:
    """(id, text) of the rows that decontamination guards: examples, and the rows of all test sets.

    `data` are the rows of the task, `splits` the side of each, `examples` those that the generator
    saw, `shifted` other test sets.
    """
    test = data.join(splits.filter(split="test"), on="id", how="semi")
    # a test set from another domain may hold a text of this one
    parts = [table.select("id", "text") for table in (test, examples, *shifted)]
    return pl.concat(parts).unique("id", maintain_order=True)


def balanced_rows(
    rows: pl.DataFrame, settings: CurateSettings, completions: int, removed: pl.DataFrame
) -> pl.DataFrame:
    """The n rows of a set, labels in equal parts. Raises ValueError where a label has too few.

    `rows` are those that curation left of so many parsed `completions`, `removed` its receipts.
    """
    try:
        return take_balanced(rows, settings.n, labels=settings.labels)
    except ValueError as error:
        stages = dict(removed["stage"].value_counts().iter_rows())
        raise ValueError(
            f"{error}, from {completions} parsed completions; raise generate.overgenerate, or "
            f"loosen what removed them: {stages}"
        ) from None
