"""Sets from sets: rows replaced by paraphrases, and the text of several generators in one set."""

from collections.abc import Sequence

import polars as pl

from mixtura.balance import take_balanced
from mixtura.dials.paraphrase import in_turn
from mixtura.draw import shuffled
from mixtura.text import COUNTS, all_receipts, normalise, receipts, tokens

COPIED = {"label", "topic"}  # a paraphrase has these from its source, whatever its prompt had


def accept_paraphrases(
    made: pl.DataFrame, sources: pl.DataFrame, wanted: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first `wanted` paraphrases of each source, and receipts of the others.

    made: id, index, text, example_ids (the source's id first); sources: id, text. A paraphrase is
    refused where it is its source or an earlier paraphrase of it but for case and punctuation, and
    where it has less than half or more than double the words. Accepted rows have `source_id`.
    """
    rows = made.sort("index").with_columns(source_id=pl.col("example_ids").list.first())
    told = sources.select(pl.col("id").alias("source_id"), pl.col("text").alias("_source"))
    rows = rows.join(told, on="source_id", maintain_order="left")
    words, own = tokens(rows["text"]).list.len(), tokens(rows["_source"]).list.len()
    rows = rows.with_columns(
        _same=normalise(rows["text"]) == normalise(rows["_source"]),
        _key=normalise(rows["text"]),
        _length=(words * 2 < own) | (words > own * 2),
    )
    refused = (
        pl.when("_same")
        .then(pl.lit("same as its source"))
        .when("_length")
        .then(pl.lit("not the length of its source"))
        .when(pl.col("_key").is_first_distinct().over("source_id").not_())
        .then(pl.lit("repeated"))
    )
    rows = rows.with_columns(_why=refused)
    kept = pl.col("_why").is_null().cum_sum().over("source_id")
    rows = rows.with_columns(
        _why=pl.when(pl.col("_why").is_null() & (kept > wanted))
        .then(pl.lit("more than are needed"))
        .otherwise("_why")
    )
    gone = rows.filter(pl.col("_why").is_not_null())
    accepted = rows.filter(pl.col("_why").is_null()).select(*made.columns, "source_id")
    return accepted, receipts(gone, "paraphrase", pl.col("_why"), kept_id=pl.col("source_id"))


def replace_rows(
    base: pl.DataFrame,
    paraphrases: pl.DataFrame,
    sources: pl.DataFrame,
    *,
    labels: Sequence[str],
    take: int,
    each: int,
    reserved: int,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The base set with take * each of its rows replaced by paraphrases, and their receipts.

    The first `take` of the sources (labels in turn) give `each` accepted paraphrases; of every
    label as many rows of the base go, the first in one random order, so that a level with more
    sources holds the paraphrases of one with fewer. The first `reserved` sources are themselves
    rows of the base and never go. A paraphrase has the label, topic, answer and whatever else it
    does not say itself from its source, whose id is `source_id`. Raises ValueError where a source
    has too few paraphrases.
    """
    order = in_turn(sources["id", "text", "label"].rows(), labels)
    chosen = pl.DataFrame(
        {"source_id": [row for row, _, _ in order[:take]]}, schema={"source_id": pl.String}
    )
    found = chosen.join(paraphrases, on="source_id", maintain_order="left")
    count = chosen.join(paraphrases.group_by("source_id").len(), on="source_id", how="left")
    short = count.with_columns(pl.col("len").fill_null(0)).filter(pl.col("len") < each)
    if not short.is_empty():
        texts = {row: text for row, text, _ in order}
        shown = "\n".join(f"  {has} for {texts[row]!r}" for row, has in short.head(3).iter_rows())
        raise ValueError(
            f"{short.height} of {take} source texts have fewer than {each} accepted paraphrases:"
            f"\n{shown}"
        )
    kept_sources = [row for row, _, _ in order[:reserved]]
    may_go = shuffled(base.filter(~pl.col("id").is_in(kept_sources)), seed, "replace")
    gone = may_go.filter(pl.int_range(pl.len()).over("label") < take * each // len(labels))
    rest = base.filter(~pl.col("id").is_in(gone["id"].to_list()))
    own = {name for name in found.columns if found[name].null_count() < found.height}
    inherited = [c for c in sources.columns if c in base.columns and c not in own - COPIED]
    new = found.drop(inherited, strict=False).join(
        sources.select(pl.col("id").alias("source_id"), *inherited),
        on="source_id",
        maintain_order="left",
    )
    if "question" in new.columns:  # of a question the text is what is asked
        new = new.with_columns(question="text")
    columns = [c for c in [*base.columns, "source_id"] if c in new.columns]
    rows = pl.concat([rest, new.select(columns)], how="diagonal")
    return rows, receipts(gone, "replace", "replaced by a paraphrase")


def combine_sets(
    sets: Sequence[tuple[str, pl.DataFrame]], n: int, labels: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """n rows in equal shares from (generator, set) pairs, labels balanced, and receipts.

    A text that an earlier set holds too is left out. Raises ValueError where a set has too few.
    """
    parts: list[pl.DataFrame] = []
    gone: list[pl.DataFrame] = []
    seen: list[str] = []
    for name, rows in sets:
        again = rows.filter(normalise(rows["text"]).is_in(seen))
        left = rows.join(again, on="id", how="anti", maintain_order="left")
        try:
            part = take_balanced(left, n // len(sets), labels=labels)
        except ValueError as error:
            raise ValueError(f"{error} of generator {name}") from None
        beyond = left.join(part, on="id", how="anti", maintain_order="left")
        gone.append(receipts(again, "combine", "in the set of another generator"))
        gone.append(receipts(beyond, "combine", "more than its share"))
        seen += normalise(rows["text"]).to_list()
        parts.append(part.with_columns(generator=pl.lit(name)))
    return pl.concat(parts, how="diagonal"), all_receipts(gone)


def stage_counts(rows_in: dict[str, int], removed: pl.DataFrame) -> pl.DataFrame:
    """Counts as `mixtura.curate.curate` has them, for the stages named with their rows in."""
    rows = []
    for step, (stage, number) in enumerate(rows_in.items()):
        reasons = removed.filter(stage=stage).group_by("reason").len().sort("reason").rows()
        out = number - sum(count for _, count in reasons)
        rows += [(step, stage, why, number, count, out) for why, count in reasons or [(None, 0)]]
    return pl.DataFrame(rows, COUNTS, orient="row")
