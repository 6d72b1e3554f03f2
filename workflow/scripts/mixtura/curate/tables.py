"""The tables of curation: what remains, what was removed and why, and what a judge says."""

import dataframely as dy

from mixtura.core.tables import Table
from mixtura.generate.tables import Generated
from mixtura.measure.tables import OfSet


class Curated(Generated, file="curated/GENERATOR/PIPELINE/LEVEL/DRAW.parquet"):
    """The n rows of a set, labels in equal parts; a paraphrase has the label of its source."""

    source_id = dy.String(
        nullable=True,
        metadata={"only": "sets with paraphrases, and those made of them"},
        description="row that this one replaces in other words, null for no paraphrase",
    )
    generator = dy.String(
        nullable=True,
        metadata={"only": "sets of several generators, and those made of them"},
        description="generator of the row",
    )


class Judged(Table, file="judged/JUDGE/GENERATOR/PIPELINE/LEVEL/DRAW.parquet"):
    """Labels or scores of a language model, of a pool and of real rows to check it by."""

    id = dy.String(primary_key=True, description="id of the row")
    judged = dy.String(description="label or score that the judge names, empty where it names none")
    corrupted = dy.String(
        nullable=True,
        metadata={"only": "judges of quality"},
        description="score of the same row with the answer of another, null of generated rows",
    )


class JudgedTest(Judged, file="judged/JUDGE/test.parquet"):
    """Scores of real answers to test rows, by which the judge of `evaluation` is checked."""


class Answers(Table, file="answers/GENERATOR/DRAW/ROWS.parquet"):
    """Labels that a generator gives to test rows or other text, or translations of real rows."""

    test = dy.String(
        primary_key=True,
        description='name of the test set, "unlabelled" of text without labels; of a real row how '
        "often it was translated before",
    )
    id = dy.String(primary_key=True, description="id of the row")
    judged = dy.String(
        description="label that the answer names, or text that came back; empty where there is none"
    )
    reason = dy.String(nullable=True, description="why there is none, null where there is one")
    prompt_tokens = dy.Int64(description="length of the prompt", metadata={"unit": "tokens"})
    cached_tokens = dy.Int64(
        description="of these, what the server had read before", metadata={"unit": "tokens"}
    )
    new_tokens = dy.Int64(description="length of the answer", metadata={"unit": "tokens"})
    reasoning_tokens = dy.Int64(
        description="of these, what was written before the answer", metadata={"unit": "tokens"}
    )


class Removed(Table, file="removed/GENERATOR/PIPELINE/LEVEL/DRAW.parquet"):
    """One receipt for every row that curation removed."""

    id = dy.String(primary_key=True, description="id of the row")
    text = dy.String(nullable=True, description="its text; one that is too long is cut")
    stage = dy.String(description="step of curation, or filter")
    reason = dy.String(description="what is wrong with the row")
    score = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="similarity, share or probability that decided, null where nothing is counted",
    )
    kept_id = dy.String(
        nullable=True, description="row that it lost to, real or protected ones too; null for none"
    )


class Counts(Table, file="removed/counts/GENERATOR/PIPELINE/LEVEL/DRAW.parquet"):
    """The funnel of a set: rows that each stage gets, removes and passes on, by reason."""

    step = dy.Int64(description="place of the stage, from 0")
    stage = dy.String(description="step of curation, or filter")
    reason = dy.String(nullable=True, description="why rows went, null where none did")
    rows_in = dy.Int64(description="rows that come into the stage", metadata={"unit": "rows"})
    removed = dy.Int64(description="rows removed for this reason", metadata={"unit": "rows"})
    rows_out = dy.Int64(description="rows that the stage leaves", metadata={"unit": "rows"})


class Curation(OfSet, Counts, file="tables/curation.parquet"):
    """The funnels of all sets, one below the other."""
