"""Rows of a curated set replaced by paraphrases: more of them are a lower level."""

import polars as pl

from mixtura.core.draw import shuffled
from mixtura.core.text import normalise, tokens
from mixtura.curate.receipts import receipts
from mixtura.curate.settings import ReplaceSettings
from mixtura.generate.dials.paraphrase import in_turn

COPIED = {"label", "topic"}  # a paraphrase has these from its source, whatever its prompt had


def accept_paraphrases(
    paraphrases: pl.DataFrame, sources: pl.DataFrame, each: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first `each` paraphrases of every source, and receipts of the others.

    paraphrases: id, index, text, example_ids (the source's id first); sources: id, text. A
    paraphrase is refused where it is its source or an earlier paraphrase of it but for case and
    punctuation, and where it has less than half or more than double the words. Accepted rows have
    `source_id`.
    """
    rows = paraphrases.sort("index").with_columns(source_id=pl.col("example_ids").list.first())
    texts = sources.select(pl.col("id").alias("source_id"), pl.col("text").alias("_source"))
    rows = rows.join(texts, on="source_id", maintain_order="left")
    words, source_words = (tokens(rows[name]).list.len() for name in ("text", "_source"))
    rows = rows.with_columns(
        _same=normalise(rows["text"]) == normalise(rows["_source"]),
        _key=normalise(rows["text"]),
        _length=(words * 2 < source_words) | (words > source_words * 2),
    )
    fault = (
        pl.when("_same")
        .then(pl.lit("same as its source"))
        .when("_length")
        .then(pl.lit("not the length of its source"))
        .when(pl.col("_key").is_first_distinct().over("source_id").not_())
        .then(pl.lit("repeated"))
    )
    rows = rows.with_columns(_reason=fault)
    place = pl.col("_reason").is_null().cum_sum().over("source_id")
    rows = rows.with_columns(
        _reason=pl.when(pl.col("_reason").is_null() & (place > each))
        .then(pl.lit("more than are needed"))
        .otherwise("_reason")
    )
    refused = rows.filter(pl.col("_reason").is_not_null())
    accepted = rows.filter(pl.col("_reason").is_null()).select(*paraphrases.columns, "source_id")
    return accepted, receipts(refused, "paraphrase", pl.col("_reason"), kept_id=pl.col("source_id"))


def replace_rows(
    base: pl.DataFrame,
    paraphrases: pl.DataFrame,
    sources: pl.DataFrame,
    settings: ReplaceSettings,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The base set with some of its rows replaced by paraphrases, and receipts of those.

    The first `settings.sources` of the sources (labels in turn) give `settings.paraphrases`
    accepted paraphrases each; of every label as many rows of the base go, the first in one random
    order, so that a level with more sources holds the paraphrases of one with fewer. The first
    `settings.reserved` sources are themselves rows of the base and never go. A paraphrase has the
    label, topic, answer and whatever else it does not say itself from its source, whose id is
    `source_id`. Raises ValueError where a source has too few paraphrases.
    """
    labels, each = settings.labels, settings.paraphrases
    order = in_turn(sources["id", "text", "label"].rows(), labels)
    ids = [row for row, _, _ in order[: settings.sources]]
    first = pl.DataFrame({"source_id": ids}, schema={"source_id": pl.String})
    new = first.join(paraphrases, on="source_id", maintain_order="left")
    count = first.join(paraphrases.group_by("source_id").len(), on="source_id", how="left")
    short = count.with_columns(pl.col("len").fill_null(0)).filter(pl.col("len") < each)
    if not short.is_empty():
        texts = {row: text for row, text, _ in order}
        examples = [f"  {has} for {texts[row]!r}" for row, has in short.head(3).iter_rows()]
        raise ValueError(
            f"{short.height} of {settings.sources} source texts have fewer than {each} accepted "
            "paraphrases:\n" + "\n".join(examples)
        )
    staying = [row for row, _, _ in order[: settings.reserved]]
    may_go = shuffled(base.filter(~pl.col("id").is_in(staying)), settings.seed, "replace")
    per_label = settings.sources * each // len(labels)
    replaced = may_go.filter(pl.int_range(pl.len()).over("label") < per_label)
    rest = base.filter(~pl.col("id").is_in(replaced["id"].to_list()))
    filled = {name for name in new.columns if new[name].null_count() < new.height}
    inherited = [c for c in sources.columns if c in base.columns and c not in filled - COPIED]
    new = new.drop(inherited, strict=False).join(
        sources.select(pl.col("id").alias("source_id"), *inherited),
        on="source_id",
        maintain_order="left",
    )
    if "question" in new.columns:  # of a question the text is what is asked
        new = new.with_columns(question="text")
    columns = [c for c in [*base.columns, "source_id"] if c in new.columns]
    rows = pl.concat([rest, new.select(columns)], how="diagonal")
    return rows, receipts(replaced, "replace", "replaced by a paraphrase")
