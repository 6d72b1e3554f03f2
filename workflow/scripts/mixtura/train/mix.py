"""Mixes: which real and which generated rows a downstream model is trained on."""

import math
from collections.abc import Iterator, Mapping
from functools import cache

import polars as pl

from mixtura.core.draw import prefix_in_proportion, shuffled
from mixtura.prepare.splits import first_real_rows, real_order
from mixtura.train.settings import Mix


def mix_rows(
    splits: pl.DataFrame, generated: pl.DataFrame | None, mix: Mix, replicate: int, seed: int
) -> pl.DataFrame:
    """Frame (id, source) of a mix; source is "real" or "generated".

    Labels have equal parts of the real rows or their natural ones (`mix.balance`), and of the
    generated rows those of the sets. Both parts are nested: a smaller n is a prefix of a larger
    one. The real rows are the same for every seed of a replicate. `generated` holds the rows of the
    sets of the mix. Raises ValueError where rows are short.
    """
    if generated is not None:
        generated = generated_order(generated, mix.study_seed, replicate, seed)
    return cut(real_order(splits, mix.study_seed, replicate), generated, mix)


def mixes_of_arms(
    splits: pl.DataFrame,
    sets: Mapping[str, pl.DataFrame],
    arms: Mapping[str, Mix],
    replicate: int,
    seed: int,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each arm with its `mix_rows`; rows that arms share are put in order once."""

    @cache
    def real(study_seed: int) -> pl.DataFrame:
        return real_order(splits, study_seed, replicate)

    @cache
    def generated(names: tuple[str, ...], study_seed: int) -> pl.DataFrame | None:
        rows = [sets[name].select("id", "label") for name in names]
        if not rows:
            return None
        return generated_order(pl.concat(rows), study_seed, replicate, seed)

    for arm, mix in arms.items():
        rows = generated(tuple(mix.sets), mix.study_seed)
        yield arm, cut(real(mix.study_seed), rows, mix)


def generated_order(rows: pl.DataFrame, study_seed: int, replicate: int, seed: int) -> pl.DataFrame:
    """The rows of one or more sets in the order of a replicate and seed."""
    return shuffled(rows.select("id", "label"), study_seed, "generated", replicate, seed)


def cut(real: pl.DataFrame, generated: pl.DataFrame | None, mix: Mix) -> pl.DataFrame:
    """The mix, from rows in their order; empty for an untrained model."""
    parts = []
    if mix.n_real:
        once = first_real_rows(real, mix.n_real, mix.balance)
        parts.append(_part(_repeated(once, mix), "real"))
    if mix.n_generated:
        if generated is None:
            raise ValueError(f"{mix.n_generated} generated rows are wanted, but no set is given")
        weights = mix.fill or None
        rows = prefix_in_proportion(generated, mix.n_generated, weights)
        parts.append(_part(rows, "generated"))
    return pl.concat([_part(real.clear(), "real"), *parts])


def _repeated(once: pl.DataFrame, mix: Mix) -> pl.DataFrame:
    """Real rows, again and again up to `repeat_to`; with `fill`, those of rare labels alone."""
    if not mix.repeat_to:
        return once
    more = once.filter(pl.col("label").is_in(list(mix.fill))) if mix.fill else once
    rows = mix.repeat_to - once.height if mix.fill else mix.repeat_to
    again = pl.concat([more] * math.ceil(mix.repeat_to / more.height))
    if not mix.fill:
        return prefix_in_proportion(again, rows)
    return pl.concat([once, prefix_in_proportion(again, rows, mix.fill)])


def _part(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    return rows.select("id", pl.lit(source).alias("source"))
