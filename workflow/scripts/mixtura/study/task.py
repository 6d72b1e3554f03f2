"""Section `task`: what is learnt, where its real rows come from, and how they are split."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mixtura.core.settings import Name, Positive
from mixtura.prepare.ranks import label_ranks
from mixtura.prepare.settings import (
    ANSWERABLE,
    UNANSWERABLE,
    Contradictions,
    Dataset,
    Kind,
    Language,
    OtherLabels,
    Proportion,
    Sample,
    Side,
    TaskSettings,
)
from mixtura.prepare.sources import DATA_PACKAGES
from mixtura.study.base import Section
from mixtura.study.label_words import Value, Word

MOST_LABELS = 500
LABELLED: tuple[Kind, ...] = ("classification", "multilabel")  # kinds whose rows have label words
KINDS = {  # task.kind -> keys of task.data that name its columns
    "classification": ("text", "label"),
    "multilabel": ("text", "label"),
    "qa": ("context", "question", "answer"),
    "instruction": ("prompt", "response"),
    "text": ("text",),
}


NOUNS = {"ar": "نص", "de": "Text", "es": "texto", "fr": "texte", "hi": "पाठ", "zh": "文本"}


class Data(Dataset):
    """Real rows: an embedded package, the user's own file, or a Hugging Face data set.

    Files are .csv, .tsv, .jsonl, .ndjson, .parquet, or .json (records, lines of them, or questions
    as in SQuAD), each also in .gz or .zst.
    """

    package: Literal[tuple(DATA_PACKAGES)] | None = Field(  # type: ignore[valid-type]
        None, description="embedded data"
    )
    text: str = Field("text", description="column that holds the text")
    label: str | list[str] = Field(
        "label",
        description="column that holds the label; multilabel: a list of labels, text with "
        "`label_separator` between them, or a list of columns, one a label, of 1 and 0",
    )
    label_separator: str = Field(
        ",", min_length=1, description="multilabel: between the labels in a column of text"
    )
    context: str = Field("context", description="qa: column of the passage")
    question: str = Field("question", description="qa: column of the question")
    answer: str = Field(
        "answer",
        description="qa: column of the answer, a list of answers, or answers as SQuAD holds them",
    )
    prompt: str = Field("prompt", description="instruction: column of the prompt")
    response: str = Field("response", description="instruction: column of the response")
    messages: str | None = Field(
        None,
        description="instruction: column of conversations, in place of prompt and response; each "
        "is a list of turns with `role` (system, user, assistant) and `content`",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.path and not Path(self.path).exists():
            raise ValueError(f"no file or folder at {self.path!r}")
        return self


def _columns(data: Data, kind: Kind) -> dict[str, Any]:
    """Field of a row -> the column of the data that has it."""
    if kind == "instruction" and data.messages:
        return {"messages": data.messages}
    return {field: getattr(data, field) for field in KINDS[kind]}


class Part(Section):
    """A split of the real rows; a number alone is `rows`."""

    rows: int | None = Field(None, ge=0, description="rows of it; with `data` none is all")
    data: Data | None = Field(
        None,
        description="a file, or split of a data set, of its own; keys that are left out are those "
        "of `task.data`, but for the source where another is named",
    )

    @property
    def is_empty(self) -> bool:
        """Whether it has no rows."""
        return not (self.rows or self.data)


class TestPart(Part):
    """The test set."""

    folds: int | None = Field(
        None,
        ge=2,
        le=50,
        description="in place of rows: each labelled row is a test row once, replicate r tests on "
        "fold r and nothing of it is trained on or shown; `replicates` is a multiple of it",
    )

    @model_validator(mode="after")
    def _rows_or_folds(self) -> Self:
        if self.folds and (self.rows or self.data):
            raise ValueError(
                "folds: every row of task.data is a test row; give folds alone, or rows and data"
            )
        if self.rows == 0 or not (self.folds or self.rows or self.data):
            raise ValueError("give rows (1 or more), data or folds")
        return self


def _with_rows(part: Any) -> Any:
    return part if isinstance(part, dict | Part) else {"rows": part}


KEYS = {  # rows -> key of their data
    "data": "task.data",
    "test": "task.test.data",
    "development": "task.development.data",
    "unlabelled": "task.unlabelled",
}
SOURCE_KEYS = ("package", "path", "hub", "revision", "config", "split")


def _inherited(data: Any, part: Any) -> Any:
    """The data of a part, with the keys of `task.data` that it leaves out."""
    if not isinstance(data, dict) or not isinstance(part, dict):
        return part
    other = any(part.get(key) for key in ("package", "path", "hub"))
    return {k: v for k, v in data.items() if not (other and k in SOURCE_KEYS)} | part


class Balance(Section):
    """The proportions of labels: natural, as in the data, or equal, as many rows of each."""

    test: Proportion = Field(
        "natural",
        description="in test, development and shifted rows: natural is what a person meets",
    )
    real: Proportion = Field("equal", description="in the real rows of a mix, and those shown")
    generated: Proportion = Field(
        "equal", description="in generated sets, and in the reference that they are compared with"
    )


class Task(Section):
    """What is learnt, and how its real rows are split."""

    name: Name = Field(description="name of the task")
    kind: Kind = Field(
        "classification",
        description="what a row is. classification: text and label; multilabel: text and any "
        "number of labels; qa: context, question and "
        "answer, of which the question is measured; instruction: prompt and response, measured "
        "together; text: text alone",
    )
    data: Data = Field(description="where the real rows come from")
    labels: dict[Value, Word] | None = Field(
        None,
        description="classification, multilabel: value in the label column -> the word for it "
        "that prompts use, any text; several values may have one word; none: the values of the "
        "data themselves",
    )
    ordered: bool | None = Field(
        None,
        description="classification: whether labels are ranks, in the order of `labels`, by size "
        "where their words are numbers: the mean absolute error and the weighted kappa are told "
        "too; default: where three or more words are numbers",
    )
    other_labels: OtherLabels = Field(
        "error", description="rows whose label is not in `labels`: an error, or left out, counted"
    )
    empty_texts: OtherLabels = Field(
        "error", description="rows with an empty text: an error, or left out, counted"
    )
    contradictions: Contradictions = Field(
        "leave-out",
        description="rows of one text with several labels: all left out, or kept, one for each "
        "label; counted",
    )
    language: Language = Field(
        "en",
        description="language of the texts, ISO 639-1: that of built-in prompts (ar, de, en, es, "
        "fr, hi and zh; others are English), how answers are scored, which words are no topics; "
        "the default of the filter `language`",
    )
    unanswerable: bool = Field(
        False,
        description="qa: questions whose list of answers is empty stay, are generated (`balance` "
        "says how many), learnt, and scored as in SQuAD 2.0: right is to give no answer",
    )
    no_label: Word = Field(
        "other", description="multilabel: word in prompts for a row that has none of the labels"
    )
    balance: Balance = Balance()
    noun: str = Field(
        "text",
        min_length=1,
        description="what a row is, in words that prompts use; default: the word for a text in "
        "the language of built-in prompts",
    )
    test: Annotated[
        TestPart, BeforeValidator(_with_rows, json_schema_input_type=Positive | TestPart)
    ] = Field(
        TestPart(rows=1000),
        description="real rows that only evaluation sees: a number of them, `{data: ...}` for a "
        "test set of its own, whose near-copies leave the training data, or `{folds: ...}` where "
        "rows are few",
    )
    shifted: dict[Name, Data] = Field(
        {},
        description="name -> other test sets with the same labels, such as another domain: what a "
        "mix does to text of another kind; nothing is trained or decided on them. Keys that are "
        "left out are those of `task.data`, as in `test.data`",
    )
    shifted_rows: Positive = Field(500, description="rows of each of them")
    reference: Positive = Field(
        512,
        description="real rows that only the measures see, which run on half of them or on "
        "`generate.n` rows, whichever is less. A larger one takes rows of the pool, so some of the "
        "few real rows may be others",
    )
    unlabelled: Data | None = Field(
        None,
        description="text without labels, as `test.data`: the reference then comes from it, and "
        "every labelled row is left for the other splits",
    )
    development: Annotated[Part, BeforeValidator(_with_rows, json_schema_input_type=int | Part)] = (
        Field(
            Part(rows=0),
            description="real rows on which `downstream.NAME.search` compares settings, in no "
            "other split: labels that every mix has beside its own; a number of them, or "
            "`{data: ...}` for official development rows",
        )
    )

    @model_validator(mode="before")
    @classmethod
    def _keys_of_the_data(cls, section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        data, section = section.get("data"), dict(section)
        for name in ("test", "development"):
            if isinstance(part := section.get(name), dict) and part.get("data") is not None:
                section[name] = {**part, "data": _inherited(data, part["data"])}
        if isinstance(sets := section.get("shifted"), dict):
            section["shifted"] = {name: _inherited(data, part) for name, part in sets.items()}
        if section.get("unlabelled") is not None:
            section["unlabelled"] = _inherited(data, section["unlabelled"])
        return section

    @model_validator(mode="before")
    @classmethod
    def _noun_of_the_language(cls, section: Any) -> Any:
        noun = NOUNS.get(str(section.get("language"))) if isinstance(section, dict) else None
        return {"noun": noun, **section} if noun else section

    @model_validator(mode="after")
    def _free_name(self) -> Self:
        if self.name == "splits":
            raise ValueError("name: 'splits' is the name of a table of every study; give another")
        return self

    @model_validator(mode="after")
    def _labels_of_the_kind(self) -> Self:
        labelled = self.kind in LABELLED
        if labelled and not self.labels:
            raise ValueError(
                "labels: missing; they are learnt from the embedded data and from files below "
                "200 MB, other data needs them"
            )
        if self.labels and not 2 <= len(set(self.labels.values())) <= MOST_LABELS:
            raise ValueError(
                f"labels: {len(set(self.labels.values()))} different words; allowed: 2 to "
                f"{MOST_LABELS}"
            )
        if not labelled and self.labels:
            raise ValueError(f"labels: kind {self.kind} has none; leave the key out")
        if self.ordered and self.kind != "classification":
            raise ValueError(f"ordered: is for kind classification, not {self.kind}")
        if self.kind == "multilabel" and self.no_label in (self.labels or {}).values():
            raise ValueError(
                f"no_label: {self.no_label!r} is one of the labels; name another word for rows "
                "that have none"
            )
        if self.kind != "multilabel" and not isinstance(self.data.label, str):
            raise ValueError(
                "data.label: is a list of columns; allowed with kind multilabel, which has "
                "several labels a row"
            )
        if self.unanswerable and self.kind != "qa":
            raise ValueError(f"unanswerable: kind {self.kind} has no questions; leave the key out")
        if self.kind != "classification" and self.data.package:
            raise ValueError(
                f"data.package: {self.data.package!r} is labelled text; kind {self.kind} needs "
                "data.path or data.hub"
            )
        return self

    @model_validator(mode="after")
    def _unlabelled_text_is_text(self) -> Self:
        if self.unlabelled and self.kind not in (*LABELLED, "text"):
            raise ValueError(
                f"unlabelled: is for kind {', '.join(LABELLED)} or text, not {self.kind}; leave "
                "it out"
            )
        return self

    @property
    def sides(self) -> dict[Side, Data]:
        """The data of splits that come from files of their own."""
        sides: dict[Side, Data | None] = {
            "test": self.test.data,
            "development": self.development.data,
            "unlabelled": self.unlabelled,
        }
        return {side: data for side, data in sides.items() if data}

    @property
    def files(self) -> dict[str, Data]:
        """All data that its rows come from: `data`, and those of `sides`."""
        return {"data": self.data} | {str(side): data for side, data in self.sides.items()}

    def reading_of(self, side: Side) -> TaskSettings:
        """Settings by which the rows of a side are read."""
        return self.reading(self.sides[side], kind="text" if side == "unlabelled" else None)

    def reading(
        self, data: Data, sample: Sample | None = None, kind: Kind | None = None
    ) -> TaskSettings:
        """Settings of the job that reads `data`, rows of the kind of the task or of another."""
        kind = kind or self.kind
        return TaskSettings(
            data=Dataset(**data.model_dump(include=set(Dataset.model_fields))),
            kind=kind,
            columns=_columns(data, kind),
            labels=self.labels if kind == self.kind else None,
            other_labels=self.other_labels,
            contradictions=self.contradictions,
            empty_texts=self.empty_texts,
            unanswerable=self.unanswerable,
            label_separator=data.label_separator,
            sample=sample,
        )

    @property
    def group(self) -> str | None:
        """The column whose values never stand on two sides, of a kind that has one."""
        return "context" if self.kind == "qa" else None

    @property
    def words(self) -> list[str]:
        """What `label` of a row may be: label words, or the kind of rows with none or several."""
        if self.unanswerable:
            return [ANSWERABLE, UNANSWERABLE]
        return [self.kind] if self.kind != "classification" else self._label_words

    @property
    def ranks(self) -> dict[str, float]:
        """The rank of each label word, empty where labels have no order."""
        return label_ranks(self.labels or {}, self.ordered) if self.kind == "classification" else {}

    @property
    def classes(self) -> list[str]:
        """What a model tells apart: label words, several of which a row may have, or `words`."""
        return self._label_words if self.kind == "multilabel" else self.words

    @property
    def _label_words(self) -> list[str]:
        return sorted(set((self.labels or {}).values()))
