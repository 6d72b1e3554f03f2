"""Settings of the rules model, task, shifted, split and examples.

The sections `models` and `task.data` of the configuration extend `Source` and `Dataset`.
"""

import codecs
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mixtura.core.settings import Positive, Settings

Kind = Literal["classification", "multilabel", "qa", "instruction", "text"]  # of a task
Columns = Mapping[str, str | list[str]]  # field of a row -> column; of labels, perhaps several
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]  # a code of ISO 639-1, such as "de"
LONGEST = 200  # characters of a label word
OtherLabels = Literal["error", "leave-out"]  # rows that are no rows of the task
ANSWERABLE, UNANSWERABLE = "answerable", "unanswerable"  # labels of questions, where some are
Proportion = Literal["natural", "equal"]  # of labels: as in the data, or as many rows of each
Contradictions = Literal["leave-out", "keep"]  # rows of one text with several labels
Side = Literal["test", "development", "unlabelled"]  # rows from a file of their own


class Source(Settings):
    """Where a model or data set comes from: exactly one of the three."""

    package: str | None = Field(None, description="name of an embedded source")
    path: str | None = Field(None, description="local file (data) or folder (model, data set)")
    hub: str | None = Field(None, description="Hugging Face id, such as stanfordnlp/imdb")
    revision: str | None = Field(None, description="commit, tag or branch of the hub id")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = [key for key in ("package", "path", "hub") if getattr(self, key)]
        if len(sources) != 1:
            raise ValueError(f"give exactly one of package, path, hub; given: {sources or 'none'}")
        return self


class FileForm(Settings):
    """How a file of text is read, where it is not as its suffix and its first bytes tell."""

    separator: str | None = Field(
        None, min_length=1, max_length=1, description="between columns; none: as the file shows"
    )
    quotes: bool | None = Field(
        None,
        description="whether a double quote encloses a text rather than being a character of it; "
        "none: in .csv it does, in .tsv it does not",
    )
    encoding: str | None = Field(
        None, description="such as cp1252; none: UTF-8, or UTF-16 with a byte order mark"
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        try:
            codecs.lookup(name or "utf-8")
        except LookupError:
            raise ValueError("no such encoding; known are utf-8, utf-16, cp1252 ...") from None
        return name


class Dataset(FileForm, Source):
    """Where labelled text comes from."""

    config: str | None = Field(None, description="configuration name of a Hugging Face data set")
    split: str = Field("train", description="split of a Hugging Face data set")


class ModelSettings(Source):
    """Where a model comes from."""


class Sample(Settings):
    """Rows that are drawn."""

    rows: Positive
    balance: Proportion = Field("natural", description="of labels")
    seed: int = Field(description="`seed` of the study")


class TaskSettings(Settings):
    """Where real rows come from, and what in them is what; of rules task and shifted."""

    data: Dataset
    kind: Kind = Field(description="what a row is")
    columns: dict[str, str | list[str]] = Field(description="field of a row -> column of the data")
    labels: dict[str, str] | None = Field(
        description="value in the label column -> the word for it; none where rows have no label"
    )
    other_labels: OtherLabels = Field("error", description="rows whose label is none of these")
    contradictions: Contradictions = Field(
        "leave-out", description="rows of one text with several labels"
    )
    empty_texts: OtherLabels = Field("error", description="rows with an empty text")
    unanswerable: bool = Field(False, description="whether questions without an answer stay")
    label_separator: str = Field(",", description="between labels in a column of text")
    sample: Sample | None = Field(None, description="of another test set; none: every row")
    sides: dict[Side, "TaskSettings"] = Field({}, description="rows from files of their own")


class SplitSettings(Settings):
    """Sizes of the splits, rows each."""

    test: Positive | None = Field(description="none: all rows of its own file, or a fold")
    reference: Positive
    development: int | None = Field(0, ge=0, description="none: all rows of its own file")
    sides: list[Side] = Field([], description="which rows are from files of their own")
    folds: int | None = Field(None, ge=2, description="parts of the rows, each a test set in turn")
    replicate: int = Field(0, ge=0, description="of folds: its number says which fold is the test")
    group: str | None = Field(None, description="column whose values stand on one side each")
    balance: Proportion = Field("natural", description="of labels in test and development")
    reference_balance: Proportion = Field("equal", description="of labels in the reference")
    seed: int = Field(description="`seed` of the study")


class ExamplesSettings(Settings):
    """Which real rows a generator sees: the first ones of the order of a replicate."""

    rows: Positive
    balance: Proportion = Field("equal", description="of labels")
    replicate: int = Field(ge=0, description="number of the replicate")
    seed: int = Field(description="`seed` of the study")


class ScoreColumns(Settings):
    """What a table of scores calls its columns, and which scores and groups are read."""

    item: str = Field("item", description="column that names what was asked")
    scores: list[str] = Field(
        [], description="columns of scores, or metrics of a log; none: score, of a log all"
    )
    model: str = Field("model", description="column of the system, where a table has it")
    seed: str = Field("seed", description="column of the seed, where a table has it")
    replicate: str = Field("replicate", description="column of the replicate, where it has it")
    task: str = Field("task", description="column of the task, where a table has it")
    group: str | None = Field(
        None, description="column, key of lm-eval's doc or of Inspect's metadata; none: group"
    )
    lower: list[str] = Field([], description="metrics of which smaller is better, besides a log's")
