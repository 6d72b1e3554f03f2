"""Settings of the rules judge, curate, replace, select and combine, and of top_up's curation.

`Curation` and `SelectionOptions` are also what a person writes in the configuration.
"""

from typing import Literal, Self

from pydantic import Field

from mixtura.core.settings import Name, Positive, Settings, Share, Threshold
from mixtura.generate.settings import LanguageModel, TopUp
from mixtura.prepare.settings import Kind


class Length(Settings):
    """Texts that are too short or too long."""

    min_words: int = Field(1, ge=0, description="least words")
    max_words: Positive | None = Field(None, description="most words")
    min_chars: int = Field(1, ge=0, description="least characters")
    max_chars: Positive | None = Field(None, description="most characters")


class Repetition(Settings):
    """Texts that repeat themselves."""

    max_share: Share = Field(0.3, description="share of the n-grams that occurred before")
    n: Positive = Field(3, description="words in such an n-gram")
    max_run: Positive = Field(3, description="how often a word may stand in a row")


class Language(Settings):
    """Texts in another language."""

    languages: list[str] | None = Field(
        None, min_length=1, description="wanted ones, ISO 639-1; default: `task.language`"
    )
    min_probability: Share = Field(0.1, description="probability of the wanted ones, together")
    min_words: int = Field(5, ge=0, description="shorter texts pass: they are told apart badly")


class Echo(Settings):
    """Texts that repeat the prompt, with the examples that it showed."""

    max_overlap: Share = Field(0.5, description="share of the text's n-grams that it has")
    n: Positive = Field(5, description="words in such an n-gram")


class Refusal(Settings):
    """Refusals, phrases of an assistant, rests of a template."""

    patterns: list[str] = Field([], description="regular expressions of your own")


class LabelLeak(Settings):
    """Texts that name a label."""

    words: list[str] | None = Field(None, description="in place of the words in `task.labels`")


class Unfinished(Settings):
    """Texts that break off."""

    finish_reason: bool = Field(True, description="whether the model was cut off")
    end: bool = Field(False, description="whether a final mark is missing; real texts lack it too")


class LabelConsistency(Settings):
    """Texts that do not look like their label."""

    judge: Name | None = Field(
        None,
        description="key of `generators`: a language model that is shown real rows and names the "
        "label; default: a classifier of embeddings, trained on the few real rows",
    )
    min_probability: Share = Field(0.2, description="of the label, to the classifier")
    folds: int = Field(5, ge=2, description="of the cross-validation of the classifier")


SCORES = ["1", "2", "3", "4", "5"]
READ: dict[Kind, tuple[str, ...]] = {  # kind of task -> columns that a judge of quality reads; the
    "qa": ("context", "question", "answers"),  # last one is what a corrupted row has of another
    "instruction": ("prompt", "response"),
}


class Quality(Settings):
    """Rows of kind qa or instruction whose answer is poor."""

    judge: Name = Field(
        description="key of `generators`: a language model that gives every row a score from 1 to 5"
    )
    min_score: int = Field(3, ge=1, le=5, description="least score of a row that stays")


class Perplexity(Settings):
    """Texts that the model found far more or less likely than the others."""

    max_deviation: float = Field(
        3.5, gt=0, strict=False, description="distance from the median, robust deviations"
    )


PII = (
    "e-mail address",
    "IP address",
    "card number",
    "social security number",
    "phone number",
    "bank account",
)


class Pii(Settings):
    """Patterns of personal data."""

    kinds: list[Literal[PII]] = Field(  # type: ignore[valid-type]
        list(PII), min_length=1, description="kinds that are removed"
    )


class Filters(Settings):
    """Filters of single texts, in the order in which they run; one that is not named is off."""

    length: Length | None = None
    repetition: Repetition | None = None
    language: Language | None = None
    echo: Echo | None = None
    refusal: Refusal | None = None
    label_leak: LabelLeak | None = None
    unfinished: Unfinished | None = None
    pii: Pii | None = None
    perplexity: Perplexity | None = None
    label_consistency: LabelConsistency | None = None
    quality: Quality | None = None


class Fuzzy(Settings):
    """Near-duplicates in wording."""

    threshold: Threshold = Field(0.7, description="Jaccard similarity of 5-character shingles")


class Semantic(Settings):
    """Near-duplicates in meaning."""

    threshold: Threshold = Field(0.95, description="cosine of the embeddings")


class Decontaminate(Settings):
    """Rows that resemble a test row or an example."""

    ngram: int = Field(8, ge=3, description="tokens in a row that a test row must not share")
    overlap: Threshold = Field(
        0.6, description="share of its 3-grams that a test row must not share"
    )
    similarity: Threshold | None = Field(
        None, description="cosine of the embeddings that a test row must stay below"
    )


class Curation(Settings):
    """What is removed from generated text."""

    exact: bool = Field(True, description="remove rows that are equal after normalisation")
    filters: Filters = Field(
        Filters(length=Length(min_words=3, max_words=60)),
        description="filters of single texts, in this order; one that is not named is off, and "
        "one with `{}` has its defaults",
    )
    fuzzy: Fuzzy | None = Field(Fuzzy(), description="remove near-duplicates in wording")
    semantic: Semantic | None = Field(None, description="remove near-duplicates in meaning")
    against_real: bool = Field(
        True, description="a duplicate of one of the few real rows is a duplicate as well"
    )
    decontaminate: Decontaminate | None = Field(
        Decontaminate(), description="remove what resembles the test split or an example"
    )
    embedder: Name | None = Field(
        None,
        description="key of `models`: what semantic, similarity and label_consistency read; "
        "default: the first of `embedders`",
    )

    @property
    def reads_embeddings(self) -> bool:
        """Whether a step of this variant compares embeddings."""
        consistent = self.filters.label_consistency
        close = self.decontaminate and self.decontaminate.similarity is not None
        return bool(self.semantic or close or (consistent and not consistent.judge))

    def by_text(self) -> Self:
        """The steps of this variant that read the text alone: what is quick enough to do twice."""
        guard = self.decontaminate
        steps = {
            "semantic": None,
            "embedder": None,
            "filters": self.filters.model_copy(update={"label_consistency": None, "quality": None}),
            "decontaminate": guard and guard.model_copy(update={"similarity": None}),
        }
        return self.model_copy(update=steps)

    def in_language(self, code: str) -> Self:
        """This variant, its filter of languages for `code` where the variant names none."""
        wanted = self.filters.language
        if not wanted or wanted.languages:
            return self
        language = wanted.model_copy(update={"languages": [code]})
        return self.model_copy(
            update={"filters": self.filters.model_copy(update={"language": language})}
        )

    @property
    def judge(self) -> str | None:
        """The generator that names labels, or scores rows, None without one."""
        section = self.filters.quality or self.filters.label_consistency
        return section.judge if section else None


class CurateSettings(Settings):
    """What a curated set depends on, beside its pool and the real rows."""

    n: Positive = Field(description="rows that stay, labels in equal parts")
    labels: list[str] = Field(description="label words that must occur")
    curation: Curation = Field(description="what is removed")


class TopUpSettings(TopUp):
    """What the shards depend on that are added to a level, until curation leaves n rows."""

    curation: Curation = Field(description="steps that read texts alone: quick enough for twice")


class JudgeSettings(Settings):
    """What the answers of a judge depend on."""

    generator: LanguageModel = Field(description="the judge; its prompt is made of real rows")
    kind: Kind = Field("classification", description="what a row is: labels, or else scores")
    labels: list[str] = Field(description="label words, or scores, to choose from")
    noun: str = Field(description="what a row is, in words that prompts use")
    seed: int


class ClassifySettings(JudgeSettings):
    """What the labels depend on that a generator gives to test rows or to unlabelled text."""

    shots: Positive = Field(description="real rows of each label that a prompt shows")
    n: int | None = Field(None, description="rows that must get a label; default: all")


class TranslateSettings(Settings):
    """What the texts depend on that are translated there and back."""

    generator: LanguageModel = Field(description="what translates")
    back: LanguageModel | None = Field(None, description="what translates back, if another")
    pivot: str | None = Field(None, description="language in between, in words of a prompt")
    language: str | None = Field(None, description="language of the real rows, likewise")
    n: Positive = Field(description="rows of the set")
    seed: int = Field(description="`seed` of the study")


class LabelledSettings(Settings):
    """What a set of unlabelled text with labels of a generator depends on."""

    n: Positive = Field(description="rows of the set")


class EdaSettings(Settings):
    """What a set of real rows with changed words depends on."""

    n: Positive = Field(description="rows of the set")
    alpha: Threshold = Field(description="share of the words of a text that change")
    seed: int = Field(description="`seed` of the study")


class ReplaceSettings(Settings):
    """How many rows of a base set become paraphrases."""

    key: str = Field(description="key of the configuration that holds the pipeline")
    sources: int = Field(ge=0, description="texts whose paraphrases replace other rows")
    paraphrases: Positive = Field(description="accepted paraphrases of each source text")
    reserved: int = Field(
        ge=0, description="first sources that are rows of the base and stay, whatever the level"
    )
    labels: list[str] = Field(description="label words, which take turns")
    seed: int


class SelectionOptions(Settings):
    """How rows are chosen from a pool by their measured diversity."""

    measure: Literal["vendi_score", "dcscore"] = Field(
        "vendi_score", description="on the embeddings of the first of `embedders`, at generate.n"
    )
    options: dict[str, float] = Field({}, description="options of the measure, such as tau: 0.05")
    tolerance: Share = Field(0.02, description="distance from the target, as a share of it")
    length_tolerance: Threshold = Field(
        0.1, description="Kolmogorov-Smirnov distance of the lengths from the pool's, per label"
    )
    out_of_reach: Literal["error", "record"] = Field(
        "error", description="what a target that the pool cannot reach is; record: nearest set"
    )


class SelectSettings(SelectionOptions):
    """What a selected set depends on, beside its pool."""

    n: Positive = Field(description="rows that are chosen")
    target: float = Field(gt=0, description="value of the measure that the set should have")
    seed: int


class CombineSettings(Settings):
    """How large a set of several generators is."""

    n: Positive = Field(description="rows of all generators together")
    labels: list[str] = Field(description="label words that must occur")
