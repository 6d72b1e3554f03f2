"""The tables of embeddings and of measures."""

import dataframely as dy
import polars as pl

from mixtura.core.tables import Table, Vector

MULTILABEL = {"only": "tasks of kind multilabel"}
TOPIC = {"only": "sets whose prompts have topics"}
SET = ("generator", "pipeline", "level", "replicate", "shown")


class Embeddings(Table, file="embeddings/EMBEDDER/SET.parquet"):
    """Rows with their embeddings: of a generated set, of real splits, of another test set."""

    id = dy.String(primary_key=True, description="id of the row")
    text = dy.String(description="what is embedded")
    label = dy.String(nullable=True, description="label of the row")
    labels = dy.List(
        dy.String(), nullable=True, metadata=MULTILABEL, description="several labels of the row"
    )
    topic = dy.String(nullable=True, metadata=TOPIC, description="topic of its prompt")
    embedding = Vector(description="as the model gives it, not scaled; of the width of the model")


class OfSet(Table):
    """The names of a set, which stand first in every table about sets."""

    generator = dy.String(description="generator of the set")
    pipeline = dy.String(description="pipeline of the set")
    level = dy.String(description="level of the set")
    replicate = dy.Int64(description="replicate of the set")
    shown = dy.Int64(description="real rows that its generator saw")


class Diversity(OfSet, file="tables/diversity.parquet"):
    """Diversity of every set by every embedder, one row a measure and setting."""

    embedder = dy.String(description="which model embedded the texts")
    measure = dy.String(description="name of the measure")
    settings = dy.String(description="its settings, JSON")
    n = dy.Int64(description="rows that were measured")
    repeats = dy.Int64(description="subsets behind the interval")
    value = dy.Float64(nullable=True, description="the measure; null where it is not defined")
    low = dy.Float64(nullable=True, description="lower end of the 95 % interval")
    high = dy.Float64(nullable=True, description="upper end of the 95 % interval")


class Shift(Diversity, file="tables/shift.parquet"):
    """Shift of every set from real text by every embedder, beside held-out real text: the floor."""

    floor = dy.Float64(nullable=True, description="mean of the measure over splits of real text")
    floor_low = dy.Float64(nullable=True, description="95 % of such splits lie between this")
    floor_high = dy.Float64(nullable=True, description="and this")
    z = dy.Float64(
        nullable=True, description="(value - floor) / standard deviation over the splits; or null"
    )
    p_value = dy.Float64(nullable=True, description="of the permutation or rank test, else null")


class Similarity(OfSet, file="tables/similarity.parquet"):
    """Sets of two generators, of one pipeline, level and draw, by every embedder."""

    other = dy.String(description="generator of the other set")
    embedder = dy.String(description="which model embedded the texts")
    n = dy.Int64(description="rows of both sets")
    value = dy.Float64(description="mean cosine of a row to the nearest row of the other set")
    low = dy.Float64(description="lower end of its 95 % interval over rows")
    high = dy.Float64(description="upper end of this interval")
    within = dy.Float64(description="mean cosine of a row to the nearest other row of its own set")


def panel_columns(schema: type[Diversity]) -> dict[str, pl.DataType]:
    """Names and types of the columns of a panel: those after the names of set and embedder."""
    names = (*SET, "embedder")
    return {name: c.dtype for name, c in schema.columns().items() if name not in names}
