"""The study configuration: every key, its type, default and meaning, checked as a whole."""

import ast
import difflib
import os
import shutil
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from mixtura.sources import DATA_PACKAGES, MODEL_PACKAGES
from mixtura.templates import DIAL_FIELDS, FIELDS, template_of, unknown_fields

# A name becomes a folder or a file name: nothing in it may leave the results folder.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Level = Annotated[str, Field(pattern=r"^D[0-6]$")]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Threshold = Annotated[float, Field(gt=0, le=1)]


def _existing(path: str) -> str:
    if not Path(path).is_file():
        raise ValueError(f"no file at {path!r}")
    return path


def _parses(path: str) -> str:
    try:
        ast.parse(Path(path).read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ValueError(f"{path}, line {error.lineno}: {error.msg}") from None
    return path


Text = Annotated[str, AfterValidator(_existing)]  # the path of a file that is there
Python = Annotated[str, Field(pattern=r"\.py$"), AfterValidator(_existing), AfterValidator(_parses)]


def _template(name: str) -> str:
    unknown_fields(name)  # raises where there is none, or its syntax is wrong
    return name


Template = Annotated[str, AfterValidator(_template)]


class ConfigError(ValueError):
    """The configuration cannot be used; the message names key, value and what is allowed."""


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values are not coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(Section):
    """Where a model or data set comes from: exactly one of the three."""

    package: str | None = Field(None, description="name of an embedded source")
    path: str | None = Field(None, description="local file (data) or folder (model, data set)")
    hub: str | None = Field(None, description="Hugging Face id, such as stanfordnlp/imdb")
    revision: str | None = Field(None, description="commit, tag or branch of the hub id")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [key for key in ("package", "path", "hub") if getattr(self, key)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of package, path, hub; given: {given or 'none'}")
        return self


class Data(Source):
    """Real rows: an embedded package, the user's own file, or a Hugging Face data set.

    Files are .csv, .tsv, .jsonl, .ndjson, .parquet, or .json: records, or questions as in SQuAD.
    """

    package: Literal[tuple(DATA_PACKAGES)] | None = Field(  # type: ignore[valid-type]
        None, description="embedded data"
    )
    config: str | None = Field(None, description="configuration name of a Hugging Face data set")
    split: str = Field("train", description="split of a Hugging Face data set")
    text: str = Field("text", description="column that holds the text")
    label: str = Field("label", description="column that holds the label")
    context: str = Field("context", description="qa: column of the passage")
    question: str = Field("question", description="qa: column of the question")
    answer: str = Field(
        "answer",
        description="qa: column of the answer, a list of answers, or answers as SQuAD holds them",
    )
    prompt: str = Field("prompt", description="instruction: column of the prompt")
    response: str = Field("response", description="instruction: column of the response")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.path and not Path(self.path).exists():
            raise ValueError(f"no file or folder at {self.path!r}")
        return self


class Model(Source):
    """A model: an embedded package, a local folder of safetensors, or a Hugging Face id."""

    parameters: float | None = Field(
        None,
        gt=0,
        strict=False,
        exclude=True,
        description="billions of parameters: what `mixtura plan` estimates training and disk by",
    )
    package: Literal[tuple(MODEL_PACKAGES)] | None = Field(  # type: ignore[valid-type]
        None, description="embedded model"
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.path and not (Path(self.path) / "config.json").is_file():
            raise ValueError(f"no model folder (with config.json) at {self.path!r}")
        return self


class Task(Section):
    """What is learnt, and how its real rows are split."""

    name: Name = Field(description="name of the task")
    kind: Literal["classification", "qa", "instruction", "text"] = Field(
        "classification",
        description="what a row is. classification: text and label; qa: context, question and "
        "answer, of which the question is measured; instruction: prompt and response, measured "
        "together; text: text alone",
    )
    data: Data = Field(description="where the real rows come from")
    labels: dict[Annotated[str, BeforeValidator(str)], Name] | None = Field(
        None,
        min_length=2,
        description="classification: value in the label column -> the word for it that prompts use",
    )
    noun: str = Field("text", min_length=1, description="what a row is, in words that prompts use")
    test: Positive = Field(1000, description="real rows that only evaluation sees")
    shifted: dict[Name, Data] = Field(
        {},
        description="name -> other test sets with the same labels, such as another domain: what a "
        "mix does to text of another kind; nothing is trained or decided on them",
    )
    shifted_rows: Positive = Field(500, description="rows of each of them")
    reference: Positive = Field(
        512, description="real rows that only the measures see; twice `generate.n` at least"
    )
    examples: Positive = Field(
        64, description="real rows that generators are shown: the labelled rows a person has"
    )
    development: int = Field(
        0,
        ge=0,
        description="real rows on which `downstream.NAME.search` compares settings, in no other "
        "split: labels that every mix has beside its own",
    )
    draw: Literal["fixed", "per-seed"] = Field(
        "fixed",
        description="the few real training rows: the examples themselves, the same for every "
        "seed (the answer then holds for this draw), or drawn anew for every seed",
    )

    @model_validator(mode="after")
    def _labels_of_the_kind(self) -> Self:
        if self.kind == "classification" and not self.labels:
            raise ValueError("labels: missing; kind classification needs them")
        if self.kind != "classification" and self.labels:
            raise ValueError(f"labels: kind {self.kind} has none; leave the key out")
        if self.kind != "classification" and self.data.package:
            raise ValueError(
                f"data.package: {self.data.package!r} is labelled text; kind {self.kind} needs "
                "data.path or data.hub"
            )
        return self

    @property
    def words(self) -> list[str]:
        """Label words in alphabetical order; the kind itself where rows have no label."""
        return sorted(set(self.labels.values())) if self.labels else [self.kind]


class Sampling(Section):
    """How the next token is drawn."""

    temperature: float = Field(1.0, ge=0, description="0 is greedy")
    top_p: float = Field(1.0, gt=0, le=1, description="nucleus; sorts the vocabulary, so it costs")
    min_p: Share = Field(0.0, description="least share of the likeliest token's probability")
    top_k: int = Field(0, ge=0, description="0 switches it off")
    max_new_tokens: Positive = Field(40, description="longest answer, tokens")
    stop: list[str] | None = Field(
        None, description="strings that end an answer; default: a line break, in a chat nothing"
    )


class Vllm(Section):
    """The engine of backend vllm, in an environment of its own."""

    python: str = Field(
        min_length=1,
        description="Python that has vLLM: a path such as .venv-vllm/bin/python, or a name that "
        "jobs find in their PATH",
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto", description="precision of the weights; auto is that of the model"
    )
    max_model_len: Positive | None = Field(
        None, description="longest prompt and answer, tokens; default: what the model allows"
    )
    adapter: str | None = Field(None, description="folder of a LoRA adapter")
    tensor_parallel: Positive = Field(1, description="GPUs that share the model")
    gpu_memory_utilization: float = Field(
        0.9, gt=0, le=1, description="share of a GPU's memory that the engine takes"
    )
    enforce_eager: bool = Field(False, description="start sooner, run slower: no CUDA graphs")

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if "/" in self.python and not os.access(self.python, os.X_OK):
            raise ValueError(
                f"python: no program at {self.python!r}; allowed: a Python with vLLM, which "
                "`make vllm` puts in .venv-vllm/bin/python"
            )
        if self.adapter and not (Path(self.adapter) / "adapter_config.json").is_file():
            raise ValueError(f"adapter: no adapter_config.json in {self.adapter!r}")
        return self


class Openai(Section):
    """The server of backend openai. Limits are those of one job."""

    base_url: str = Field(pattern="^https?://", description="such as http://localhost:8000/v1")
    model: str = Field(min_length=1, description="name that the server gives the model")
    key_env: str | None = Field(
        None,
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable that holds the key; the key itself stands nowhere",
    )
    concurrent: Positive = Field(8, description="requests at a time")
    requests_per_minute: float | None = Field(
        None, gt=0, strict=False, description="most requests started in a minute; default: any"
    )
    attempts: Positive = Field(6, description="tries of a request that fails; waits grow")
    timeout: float = Field(120.0, gt=0, strict=False, description="seconds for one answer")
    send_seed: bool = Field(True, description="send a seed with each request")
    logprobs: bool = Field(False, description="ask for log-probabilities of the tokens")
    prompt_price: float = Field(0.0, ge=0, strict=False, description="per million prompt tokens")
    completion_price: float = Field(0.0, ge=0, strict=False, description="per million new tokens")


class Resources(Section):
    """What a job of one stage asks for; memory and time grow with the attempt."""

    threads: Positive = Field(1, description="cores")
    mem_mb: Positive = Field(2000, description="memory of the first attempt, MB")
    runtime: Positive = Field(30, description="time limit of the first attempt, minutes")
    gpu: int = Field(0, ge=0, description="GPUs")
    checkpoint_minutes: Positive = Field(10, description="most work that a killed training loses")


class Generator(Section):
    """A language model and how it is run."""

    model: Name | None = Field(None, description="key in `models`; none for backend openai")
    backend: Literal["transformers", "vllm", "openai"] = Field(
        "transformers", description="engine that runs it"
    )
    vllm: Vllm | None = Field(None, description="for backend vllm")
    openai: Openai | None = Field(None, description="for backend openai")
    format: Literal["completion", "chat"] = Field(
        "completion",
        description="the prompt is text to go on with, or a message in the model's chat template",
    )
    prompt: Template | None = Field(
        None,
        description="template: a .j2 file or a built-in name; default: the one that is named as "
        "the kind of task, with -chat in a chat",
    )
    shots: int = Field(2, ge=0, description="real examples shown in one prompt")
    batch_size: Positive = Field(64, description="prompts in one batch")
    sampling: Sampling = Field(Sampling(), description="how the next token is drawn")
    resources: Resources | None = Field(
        None, exclude=True, description="what its jobs ask for, before `resources.generate`"
    )

    @model_validator(mode="after")
    def _fits_backend(self) -> Self:
        for backend in ("vllm", "openai"):
            if (self.backend == backend) != (getattr(self, backend) is not None):
                raise ValueError(f"give the section {backend} with backend {backend}, and only so")
        if (self.backend == "openai") != (self.model is None):
            raise ValueError(
                "give a model, one of `models`"
                if self.model is None
                else "model: a server has its own; name it in openai.model"
            )
        return self

    def template(self, kind: str, prompt: str | None) -> str:
        """Name or file of the template: `prompt`, or the built-in one of the kind of text."""
        return prompt or template_of(kind, self.format == "chat")


class Pipeline(Section):
    """A pipeline that generates: what all of them have."""

    dial: str
    curation: Name = Field("full", description="key of `curation`: what is removed")
    levels: dict[Level, Any]


class TopicLevel(Section):
    """One level of a topic pipeline."""

    topics: Positive = Field(description="size of the topic set")


class TopicPipeline(Pipeline):
    """A topic in every prompt: a larger set of topics is a higher level."""

    dial: Literal["topic"]
    topics: Literal["mined", "written", "file"] = Field(
        "mined",
        description="where topics come from. mined: the words that most examples hold, and a level "
        "beyond their number has them all; written: the generator is asked for them once; file",
    )
    file: Text | None = Field(None, description="topics: file. One topic a line")
    prompt: Template | None = Field(
        None, description="topics: written. Template that asks for topics; default: topics[-chat]"
    )
    levels: dict[Level, TopicLevel] = Field(min_length=1, description="level -> its setting")

    @model_validator(mode="after")
    def _enough_topics(self) -> Self:
        if (self.topics == "file") != bool(self.file):
            raise ValueError("topics: file and the key file need each other")
        if self.file:
            lines = {line.strip() for line in Path(self.file).read_text("utf-8").splitlines()}
            for level, setting in self.levels.items():
                if setting.topics > len(lines - {""}):
                    raise ValueError(
                        f"levels.{level}.topics: {setting.topics} is too many; {self.file!r} has "
                        f"{len(lines - {''})} different topics"
                    )
        return self


class TemperatureLevel(Section):
    """One level of a temperature pipeline: what it gives overrides the generator's sampling."""

    temperature: float | None = Field(None, ge=0, description="as in `sampling`")
    top_p: float | None = Field(None, gt=0, le=1, description="as in `sampling`")
    min_p: Share | None = Field(None, description="as in `sampling`")

    @model_validator(mode="after")
    def _gives_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one of temperature, top_p, min_p")
        return self


class TemperaturePipeline(Pipeline):
    """The same prompts, other sampling: a flatter distribution is a higher level."""

    dial: Literal["temperature"]
    levels: dict[Level, TemperatureLevel] = Field(min_length=1, description="level -> its setting")


class PersonaLevel(Section):
    """One level of a persona pipeline."""

    personas: Positive = Field(description="number of personas")


class PersonaPipeline(Pipeline):
    """A persona in every prompt: more of them are a higher level."""

    dial: Literal["persona"]
    personas: list[str] | None = Field(
        None, min_length=1, description='such as "a shy poet"; default: 1,280 built-in ones'
    )
    file: Text | None = Field(None, description="personas, one a line, in place of `personas`")
    levels: dict[Level, PersonaLevel] = Field(min_length=1, description="level -> its setting")

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.personas and self.file:
            raise ValueError("give personas or file, not both")
        return self


class IncentiveLevel(Section):
    """One level of an incentive pipeline."""

    taboo: int = Field(0, ge=0, description="words that a prompt forbids: those most texts hold")
    hints: int = Field(0, ge=0, description="words that a prompt asks for: those one text holds")
    chain: int = Field(0, ge=0, description="shown texts that are outliers of what came before")


class IncentivePipeline(Pipeline):
    """Prompts that push away from what is common: a stronger push is a higher level."""

    dial: Literal["incentive"]
    levels: dict[Level, IncentiveLevel] = Field(min_length=1, description="level -> its setting")


class ContextLevel(Section):
    """One level of a context pipeline."""

    contexts: Positive = Field(description="number of passages that questions are asked about")


class ContextPipeline(Pipeline):
    """Questions about passages (task.kind qa): more passages are a higher level."""

    dial: Literal["context"]
    levels: dict[Level, ContextLevel] = Field(min_length=1, description="level -> its setting")


class ModulePipeline(Pipeline):
    """A dial of your own: a Python file with a function `specify`, see mixtura/dials."""

    dial: Literal["module"]
    file: Python = Field(description="the Python file")
    levels: dict[Level, dict[str, Any]] = Field(min_length=1, description="level -> its settings")


class Recuration(Section):
    """The text of another pipeline, level by level, curated by another variant."""

    dial: Literal["curation"] = Field("curation", description="need not be given beside `of`")
    of: Name = Field(description="key of `pipelines`: whose text; none is generated anew")
    curation: Name = Field(description="key of `curation`: what is removed")


class Derived(Section):
    """A pipeline whose sets are made from other sets: what all of them have."""

    dial: str
    levels: dict[Level, Any]


class ParaphraseLevel(Section):
    """One level of a paraphrase pipeline."""

    sources: int = Field(
        ge=0, description="texts whose paraphrases replace other rows; more: lower"
    )


class ParaphrasePipeline(Derived):
    """Rows of a curated base set are replaced by paraphrases: more of them are a lower level."""

    dial: Literal["paraphrase"]
    of: Name = Field(description="key of `pipelines`: the base")
    level: Level = Field(description="level of the base, generated and curated once")
    source: Literal["generated", "real"] = Field(
        "generated", description="what is paraphrased: rows of the base set, or the real examples"
    )
    paraphrases: Positive = Field(3, description="accepted paraphrases of each source text")
    overgenerate: float = Field(2.0, ge=1, description="prompts per paraphrase that is needed")
    prompt: Template | None = Field(
        None, description="template: a built-in name or a .j2 file; default: paraphrase[-chat]"
    )
    sampling: Sampling | None = Field(None, description="default: the generator's")
    levels: dict[Level, ParaphraseLevel] = Field(min_length=1, description="level -> its setting")


class SelectionLevel(Section):
    """One level of a selection pipeline."""

    target: float = Field(gt=0, description="value of the measure that the set should have")


class SelectionPipeline(Derived):
    """Rows chosen from a curated pool by their measured diversity, labels and lengths held."""

    dial: Literal["selection"]
    pool: dict[Name, Annotated[list[Level], Field(min_length=1)]] = Field(
        min_length=1, description="pipeline -> its levels: their curated sets are the pool"
    )
    measure: Literal["vendi_score", "dcscore"] = Field(
        "vendi_score", description="on the embeddings of the first of `embedders`, at generate.n"
    )
    options: dict[str, float] = Field({}, description="options of the measure, such as tau: 0.05")
    tolerance: Share = Field(0.02, description="distance from the target, as a share of it")
    length_tolerance: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="Kolmogorov-Smirnov distance of the lengths from the pool's, per label"
    )
    out_of_reach: Literal["error", "record"] = Field(
        "error", description="what a target that the pool cannot reach is; record: nearest set"
    )
    levels: dict[Level, SelectionLevel] = Field(min_length=1, description="level -> its setting")


class SourcesLevel(Section):
    """One level of a sources pipeline."""

    generators: list[Name] = Field(min_length=1, description="keys of `generators`, equal shares")


class SourcesPipeline(Derived):
    """The text of several generators in one set: more of them are a higher level."""

    dial: Literal["sources"]
    of: Name = Field(description="key of `pipelines`: whose curated sets are mixed")
    level: Level = Field(description="level of these sets")
    levels: dict[Level, SourcesLevel] = Field(min_length=1, description="level -> its setting")


def _with_dial(given: Any) -> Any:
    return {"dial": "curation", **given} if isinstance(given, dict) and "of" in given else given


AnyPipeline = Annotated[
    TopicPipeline
    | TemperaturePipeline
    | PersonaPipeline
    | IncentivePipeline
    | ContextPipeline
    | ModulePipeline
    | Recuration
    | ParaphrasePipeline
    | SelectionPipeline
    | SourcesPipeline,
    Field(discriminator="dial"),
    BeforeValidator(_with_dial),
]


class Generate(Section):
    """What is generated."""

    generators: list[Name] = Field(min_length=1, description="keys of `generators`")
    pipelines: list[Name] = Field(min_length=1, description="keys of `pipelines`")
    levels: list[Level] = Field(min_length=1, description="levels that this study generates")
    n: Positive = Field(192, description="rows per level after curation, the same for all")
    overgenerate: float = Field(1.3, ge=1, description="prompts per row that is needed")
    shard: Positive = Field(256, description="prompts in one shard, the unit of work; all are full")
    cap: float = Field(
        3.0,
        ge=1,
        description="most prompts per row that is needed: where curation leaves too few rows, "
        "shards are added up to this; no more than `overgenerate`: none are",
    )
    least_parsed: Share = Field(
        0.2, description="share of a shard's answers that must parse; fewer are an error"
    )


class Length(Section):
    """Texts that are too short or too long."""

    min_words: int = Field(1, ge=0, description="least words")
    max_words: Positive | None = Field(None, description="most words")
    min_chars: int = Field(1, ge=0, description="least characters")
    max_chars: Positive | None = Field(None, description="most characters")


class Repetition(Section):
    """Texts that repeat themselves."""

    max_share: Share = Field(0.3, description="share of the n-grams that occurred before")
    n: Positive = Field(3, description="words in such an n-gram")
    max_run: Positive = Field(3, description="how often a word may stand in a row")


class Language(Section):
    """Texts in another language."""

    languages: list[str] = Field(["en"], min_length=1, description="wanted ones, ISO 639-1")
    min_probability: Share = Field(0.1, description="probability of the wanted ones, together")
    min_words: int = Field(5, ge=0, description="shorter texts pass: they are told apart badly")


class Echo(Section):
    """Texts that repeat the prompt, with the examples that it showed."""

    max_overlap: Share = Field(0.5, description="share of the text's n-grams that it has")
    n: Positive = Field(5, description="words in such an n-gram")


class Refusal(Section):
    """Refusals, phrases of an assistant, rests of a template."""

    patterns: list[str] = Field([], description="regular expressions of your own")


class LabelLeak(Section):
    """Texts that name a label."""

    words: list[str] | None = Field(None, description="in place of the words in `task.labels`")


class Unfinished(Section):
    """Texts that break off."""

    finish_reason: bool = Field(True, description="whether the model was cut off")
    end: bool = Field(False, description="whether a final mark is missing; real texts lack it too")


class LabelConsistency(Section):
    """Texts that do not look like their label."""

    judge: Name | None = Field(
        None,
        description="key of `generators`: a language model that is shown real rows and names the "
        "label; default: a classifier of embeddings, trained on the few real rows",
    )
    min_probability: Share = Field(0.2, description="of the label, to the classifier")
    folds: int = Field(5, ge=2, description="of the cross-validation of the classifier")


class Perplexity(Section):
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


class Pii(Section):
    """Patterns of personal data."""

    kinds: list[Literal[PII]] = Field(  # type: ignore[valid-type]
        list(PII), min_length=1, description="kinds that are removed"
    )


class Filters(Section):
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


class Fuzzy(Section):
    """Near-duplicates in wording."""

    threshold: Threshold = Field(0.7, description="Jaccard similarity of 5-character shingles")


class Semantic(Section):
    """Near-duplicates in meaning."""

    threshold: Threshold = Field(0.95, description="cosine of the embeddings")


class Decontaminate(Section):
    """Rows that resemble a test row or an example."""

    ngram: int = Field(8, ge=3, description="tokens in a row that a test row must not share")
    overlap: Threshold = Field(
        0.6, description="share of its 3-grams that a test row must not share"
    )
    similarity: Threshold | None = Field(
        None, description="cosine of the embeddings that a test row must stay below"
    )


class Curation(Section):
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

    @property
    def judge(self) -> str | None:
        """The generator that names labels, None without one."""
        consistent = self.filters.label_consistency
        return consistent.judge if consistent else None


OFF: dict[str, Any] = {"exact": False, "filters": {}, "fuzzy": None, "decontaminate": None}
VARIANTS: dict[str, dict[str, Any]] = {"none": OFF, "exact": {**OFF, "exact": True}, "full": {}}


def _with_built_in(given: Any) -> Any:
    """The variants of a study and the built-in ones, key by key."""
    if not isinstance(given, dict):
        return given
    return {
        name: {**VARIANTS.get(name, {}), **variant} if isinstance(variant, dict) else variant
        for name, variant in {**VARIANTS, **given}.items()
    }


DIVERSITY = (
    "dcscore",
    "vendi_score",
    "novelsum",
    "mean_pairwise_distance",
    "chamfer_distance",
    "knn_distance",
    "kmeans_inertia",
    "radius",
    "log_determinant",
    "partition_entropy",
    "facility_location",
    "distinct_n",
    "ngram_diversity",
    "self_bleu",
    "rouge_l_homogenisation",
    "compression_ratio",
    "self_repetition",
    "mattr",
    "mtld",
    "hdd",
    "length_entropy",
    "label_entropy",
    "topic_entropy",
    "topic_count",
    "llm_cluster_score",
)
SHIFT = (
    "mmd",
    "mmd_test",
    "energy_distance",
    "sliced_wasserstein",
    "frechet_distance",
    "prdc",
    "c2st",
    "mauve",
    "nearest_real_distance",
    "ngram_jensen_shannon",
    "length_shift",
    "perplexity",
    "label_shift",
    "tail_loss",
)
PRDC = ("precision", "recall", "density", "coverage")  # the rows of prdc


class Measure(Section):
    """Which measures run and how their intervals are made."""

    repeats: int = Field(20, ge=2, description="subsamples behind an interval")
    options: dict[str, dict[str, Any]] = Field({}, description="measure -> options of its own")
    own: dict[Name, Python] = Field(
        {}, description="name -> Python file with a function `measure`: measures of your own"
    )

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        if taken := sorted(self.own.keys() & {*DIVERSITY, *SHIFT, *PRDC}):
            raise ValueError(f"own.{taken[0]}: there is a measure of this name; take another")
        return self


class Diversity(Measure):
    """Measures of diversity."""

    measures: list[Literal[DIVERSITY]] = Field(  # type: ignore[valid-type]
        ["dcscore", "vendi_score", "distinct_n"], min_length=1, description="names of measures"
    )
    token_budget: Positive | None = Field(
        None,
        description="words that distinct_n and ngram_diversity read of every set; default: "
        "`generate.n` times the least words that the length filter lets pass",
    )
    judge: Name | None = Field(
        None,
        description="generator that groups texts for llm_cluster_score, many prompts a set; "
        "default: off",
    )


class Shift(Measure):
    """Measures of the shift from real text, each beside its noise floor."""

    measures: list[Literal[SHIFT]] = Field(  # type: ignore[valid-type]
        ["mmd_test", "c2st", "nearest_real_distance"], min_length=1, description="names of measures"
    )


class Embeddings(Section):
    """How embeddings are kept."""

    dtype: Literal["float16", "float32"] = Field(
        "float32", description="precision that is stored; measures compute in float32 at least"
    )


class MixAdd(Section):
    """Real rows fixed, generated rows added."""

    ratios: list[Annotated[float, Field(gt=0)]] = Field(
        min_length=1, description="generated rows per real row"
    )


class LevelAlone(Section):
    """Generated rows alone."""

    n: Positive | None = Field(None, description="rows; default: all `generate.n`")


class MixFixed(Section):
    """The number of rows fixed, generated rows in the place of real ones."""

    total: Positive = Field(description="rows of every mix")
    shares: list[Share] = Field(
        min_length=1, description="generated rows of all rows; 0, all real, is always made"
    )


class Grid(Section):
    """Every number of real rows with every number of generated rows; small sets in large ones."""

    real: list[Positive] | None = Field(None, description="real rows; default: `designs.real`")
    generated: list[Positive] = Field(min_length=1, description="generated rows")


class Sources(Section):
    """The same number of rows from each generator, and from all together where a set holds them."""

    n: Positive | None = Field(None, description="generated rows; default: all `generate.n`")


class Lora(Section):
    """Low-rank adapters; the weights of the model stay as they are."""

    rank: Positive = Field(8, description="rank of an adapter")
    alpha: float = Field(16.0, gt=0, strict=False, description="scale; its effect is alpha / rank")
    dropout: Share = Field(0.0, strict=False, description="dropout before an adapter")
    target_modules: list[str] | None = Field(
        None, min_length=1, description="layers with an adapter; default: all linear ones"
    )


SCHEMES = ("replace", "accumulate", "accumulate-subsample", "replace+real", "grown")
LOOP = "loop-"  # pipelines of this name hold the rounds of a scheme


class Tune(Section):
    """How a generator is trained in a loop: on the text alone, after the prompt without examples.

    Other settings of the training are the defaults of a downstream model of kind causal-lm.
    """

    steps: Positive = Field(100, description="optimiser steps, the same in every round")
    epochs: Positive | None = Field(
        None, description="in place of `steps`: passes over a set; a larger set is trained longer"
    )
    batch_size: Positive = Field(16, description="rows in one step")
    learning_rate: float = Field(2e-4, gt=0, strict=False, description="peak of a linear schedule")
    lora: Lora | None = Field(
        Lora(), description="adapters, merged after training; null: all weights are trained"
    )
    max_length: Positive = Field(512, description="longest prompt and text, tokens")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.epochs and "steps" in self.model_fields_set:
            raise ValueError("give steps or epochs, not both")
        return self


class Loop(Section):
    """Rounds of self-training: generate, curate, mix, fine-tune the generator, generate with it."""

    pipeline: Name = Field(description="one of `generate.pipelines` that generates")
    level: Level = Field(description="one of `generate.levels`: its set is round 0")
    schemes: list[Literal[SCHEMES]] = Field(  # type: ignore[valid-type]
        list(SCHEMES),
        min_length=1,
        description="what the generator of the next round and the downstream models train on. "
        "replace: the newest set; accumulate: the real rows and the sets of all rounds; "
        "accumulate-subsample: generate.n rows of these; replace+real: the newest set, a share of "
        "it replaced by real rows; grown: as accumulate, but the untuned generator wrote all sets",
    )
    rounds: Positive = Field(3, description="rounds after round 0")
    real: Positive | None = Field(
        None, description="real rows that accumulate; default: the first of `designs.real`"
    )
    real_share: Threshold = Field(0.1, description="real rows of all rows of replace+real")
    perplexity_rows: Positive | None = Field(
        None, description="test rows whose perplexity is measured; default: all of `task.test`"
    )
    tune: Tune = Field(Tune(), description="how the generator is trained")


class Mix(NamedTuple):
    """The sizes of one mix and of the real rows alone that it is compared with."""

    design: str
    key: str  # of the configuration
    n_real: int
    n_generated: float
    baseline: int


class Designs(Section):
    """Which mixes are made. Real only, at each number of real rows, is always made."""

    real: list[Positive] = Field(min_length=1, description="numbers of real labelled rows")
    mix_add: MixAdd | None = Field(None, alias="mix-add", description="real plus generated")
    mix_fixed: MixFixed | None = Field(
        None, alias="mix-fixed", description="generated in the place of real"
    )
    grid: Grid | None = Field(None, description="real by generated")
    level: LevelAlone | None = Field(None, description="generated alone")
    sources: Sources | None = Field(None, description="one against several generators")
    loop: Loop | None = Field(None, description="rounds of self-training: model collapse")
    controls: list[Literal["repeated", "zero-shot"]] = Field(
        ["repeated", "zero-shot"],
        description="made beside real only. repeated: the real rows of a mix, repeated to its "
        "size, so the same optimiser steps on real text alone; zero-shot: the untrained model "
        "(chance, where its head is new)",
    )

    def mixes(self, n: int) -> Iterator[Mix]:
        """Sizes of every mix with generated rows; `n` is the size of a generated set."""
        for real in self.real:
            for ratio in self.mix_add.ratios if self.mix_add else ():
                yield Mix("mix-add", "mix-add.ratios", real, ratio * real, real)
            if self.level:
                yield Mix("level", "level.n", 0, self.level.n or n, real)
            if self.sources:
                yield Mix("sources", "sources.n", real, self.sources.n or n, real)
        if fixed := self.mix_fixed:
            for made in (share * fixed.total for share in fixed.shares if share):
                real = fixed.total - round(made)
                yield Mix("mix-fixed", "mix-fixed.shares", real, made, fixed.total)
        if self.grid:
            for real, made in product(self.grid.real or self.real, self.grid.generated):
                yield Mix("grid", "grid.generated", real, made, real)

    def real_sizes(self, n: int) -> list[int]:
        """Every number of real rows that occurs, in a mix or alone."""
        found = {size for mix in self.mixes(n) for size in (mix.n_real, mix.baseline) if size}
        looped = {self.loop_real} if self.loop else set()
        return sorted({*self.real, *found, *looped})

    @property
    def loop_real(self) -> int:
        """Real rows that accumulate in a loop."""
        return (self.loop and self.loop.real) or self.real[0]


class Search(Section):
    """Settings that each run tries, every combination; the least development loss is taken."""

    learning_rate: list[Annotated[float, Field(gt=0, strict=False)]] | None = Field(
        None, min_length=1, description="in place of `learning_rate`"
    )
    steps: list[Positive] | None = Field(None, min_length=1, description="in place of `steps`")
    epochs: list[Positive] | None = Field(None, min_length=1, description="in place of `epochs`")

    @model_validator(mode="after")
    def _some_values(self) -> Self:
        if self.steps and self.epochs:
            raise ValueError("give steps or epochs, not both")
        lists = [values for values in (self.learning_rate, self.steps, self.epochs) if values]
        if not lists:
            raise ValueError("give values of at least one of learning_rate, steps, epochs")
        for values in lists:
            if len(set(values)) < len(values):
                raise ValueError(f"{values} names a value twice; allowed: each once")
        return self


class ProbeSearch(Section):
    """Settings of a probe that each run tries; the least development loss is taken."""

    c: list[Annotated[float, Field(gt=0, strict=False)]] = Field(
        min_length=1, description="in place of `c`"
    )


class Trained(Section):
    """A downstream model that is fine-tuned: what all kinds of it have."""

    kind: str
    model: Name = Field(description="key in `models`")
    steps: Positive = Field(200, description="optimiser steps, the same for every mix")
    epochs: Positive | None = Field(
        None, description="in place of `steps`: passes over a mix; a larger mix is trained longer"
    )
    batch_size: Positive = Field(16, description="rows in one step")
    halvings: int = Field(
        3, ge=0, description="how often a batch is cut in two, its gradients added, on a full GPU"
    )
    learning_rate: float = Field(1e-4, gt=0, strict=False, description="peak of a linear schedule")
    warmup: Share = Field(0.1, description="share of the steps that warm up")
    weight_decay: float = Field(0.01, ge=0, description="AdamW")
    loss_bound: float = Field(20.0, gt=0, strict=False, description="a larger loss is an error")
    search: Search | None = Field(
        None, description="settings that are chosen on `task.development` real rows; default: none"
    )
    keep_checkpoint: bool = Field(
        False, description="keep the tuned model in checkpoints/ARM/NAME/seed-SEED"
    )
    resources: Resources | None = Field(
        None, exclude=True, description="what its jobs ask for, before `resources.finetune`"
    )

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.epochs and "steps" in self.model_fields_set:
            raise ValueError("give steps or epochs, not both")
        if self.epochs and self.search and self.search.steps:
            raise ValueError("search.steps: the model trains for epochs; search.epochs is allowed")
        return self


class Encoder(Trained):
    """An encoder that is fine-tuned as a classifier, and how it is trained."""

    kind: Literal["encoder"] = Field("encoder", description="one job for each run")
    max_length: Positive = Field(64, description="longest text, tokens; the rest is cut")
    freeze: int = Field(0, ge=0, description="lowest layers that stay as they are, embeddings too")


@cache  # every job's settings hold it
def lm_eval_version(python: str) -> str | None:
    """Version of lm-eval that an interpreter has, None where it has none or there is no such.

    Its folders are looked through: reading a configuration must not run a program that it names.
    """
    program = shutil.which(python)
    beside = Path(program).parents[1] if program else None
    found = sorted(beside.glob("lib*/python3*/*-packages/lm_eval-*.dist-info")) if beside else []
    return found[0].name.removeprefix("lm_eval-").removesuffix(".dist-info") if found else None


class LmEval(Section):
    """Tasks of lm-eval that the tuned model is evaluated on too; `keep_checkpoint` keeps it."""

    python: str = Field(
        min_length=1,
        description="Python that has lm-eval: a path such as .venv-lm-eval/bin/python, or a name "
        "in the PATH",
    )
    tasks: list[Name] = Field(
        min_length=1, description="names of tasks or groups, of lm-eval or in `include`"
    )
    include: str | None = Field(
        None,
        description="folder of your own tasks: their YAML files, the code that they name, and "
        "best their data too, for a change of any file in it evaluates again",
    )
    shots: int | None = Field(
        None, ge=0, description="examples shown before each item; default: the task's own number"
    )
    limit: Positive | None = Field(None, description="first items of each task; default: all")

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if not lm_eval_version(self.python):
            raise ValueError(
                f"python: no lm-eval in {self.python!r}; allowed: a Python that has it, which "
                "`make lm-eval` puts in .venv-lm-eval/bin/python"
            )
        if self.include and not Path(self.include).is_dir():
            raise ValueError(f"include: no folder at {self.include!r}")
        return self


class CausalLM(Trained):
    """A causal language model that is fine-tuned, whole or by LoRA, on completions alone."""

    kind: Literal["causal-lm"] = Field(description="one job for each run")
    lora: Lora | None = Field(None, description="adapters; default: all weights are trained")
    accumulate: Positive = Field(1, description="parts of a batch, in memory one by one")
    max_length: Positive = Field(
        512,
        description="longest row, tokens; a longer one is an error, plain text is cut in pieces",
    )
    gradient_checkpointing: bool = Field(False, description="less memory, a third more time")
    max_new_tokens: Positive = Field(32, description="longest answer, tokens")
    # Not part of the settings of the training: another task trains nothing.
    lm_eval: LmEval | None = Field(None, exclude=True)

    @model_validator(mode="after")
    def _kept(self) -> Self:
        if self.lm_eval and not self.keep_checkpoint:
            raise ValueError("lm_eval: reads the tuned model; give keep_checkpoint: true beside it")
        return self


class Probe(Section):
    """Logistic regression on stored embeddings: for sweeps of thousands of runs."""

    kind: Literal["probe"] = Field(description="one job for all arms of a seed")
    embedder: Name = Field(description="key in `embedders`: whose embeddings it reads")
    c: float = Field(10.0, gt=0, strict=False, description="inverse strength of the L2 penalty")
    search: ProbeSearch | None = Field(
        None, description="values that are chosen on `task.development` real rows; default: none"
    )
    resources: Resources | None = Field(
        None, exclude=True, description="what its jobs ask for, before `resources.probe`"
    )


class ModuleModel(Section):
    """A downstream model of your own: a Python file with a function `fit_predict`."""

    search: ClassVar[None] = None

    kind: Literal["module"] = Field(description="one job for each run")
    file: Python = Field(description="the Python file, see docs/extending.md")
    model: Name | None = Field(
        None, description="key in `models`: its folder is the argument `model`; default: none"
    )
    options: dict[str, Any] = Field({}, description="keyword arguments of the function")
    resources: Resources | None = Field(
        None, exclude=True, description="what its jobs ask for, before `resources.finetune`"
    )


def _with_kind(given: Any) -> Any:
    return {"kind": "encoder", **given} if isinstance(given, dict) else given


Downstream = Annotated[
    Encoder | CausalLM | Probe | ModuleModel,
    Field(discriminator="kind"),
    BeforeValidator(_with_kind),
]


class Plots(Section):
    """How figures look."""

    colours: str = Field("viridis", description="matplotlib colour map of the levels")
    width: float = Field(6.4, gt=0, description="inches")
    height: float = Field(4.0, gt=0, description="inches")


class Prices(Section):
    """What hours cost in your currency, for `mixtura plan` and tables/generation.parquet.

    Tokens of a server have prices of their own, `generators.NAME.openai`. 0: not known.
    """

    gpu_hour: float = Field(0.0, ge=0, strict=False, description="one GPU for one hour")
    cpu_hour: float = Field(0.0, ge=0, strict=False, description="one core for one hour")


STAGES = (
    "prepare",
    "generate",
    "curate",
    "embed",
    "score",
    "tune",
    "finetune",
    "probe",
    "findings",
    "report",
)


class Study(Section):
    """A whole study."""

    study: Name = Field(description="name; results go to results/{study}")
    seed: int = Field(1, ge=0, description="every random stream of data and text starts here")
    task: Task
    models: dict[Name, Model] = Field(min_length=1, description="name -> where it comes from")
    generators: dict[Name, Generator] = Field(min_length=1)
    pipelines: dict[Name, AnyPipeline] = Field(
        min_length=1, description="name -> a dial, and its levels from low (D0) to high (D6)"
    )
    generate: Generate
    curation: Annotated[dict[Name, Curation], BeforeValidator(_with_built_in)] = Field(
        {},
        validate_default=True,
        description="variant -> what is removed from generated text, in this order; a step that is "
        "null is off. `none`, `exact` and `full` are built in: a variant of such a name changes "
        "the keys that it gives, one of another name starts from `full`",
    )
    embedders: list[Name] = Field(min_length=1, description="keys of `models`")
    embeddings: Embeddings = Embeddings()
    diversity: Diversity = Diversity()
    shift: Shift = Shift()
    designs: Designs
    downstream: dict[Name, Downstream] = Field(min_length=1, description="name -> model, training")
    seeds: list[Annotated[int, Field(ge=0)]] = Field(min_length=1, description="one run for each")
    plots: Plots = Plots()
    resources: dict[Literal[STAGES], Resources] = Field(  # type: ignore[valid-type]
        {},
        exclude=True,
        description="stage -> what its jobs ask for; missing keys keep their default",
    )
    prices: Prices = Field(Prices(), exclude=True)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        def known(key: str, names: list[str], allowed: dict[str, Any]) -> None:
            for name in names:
                if name not in allowed:
                    raise ValueError(f"{key}: {name!r} is not defined; allowed: {_list(allowed)}")

        def shows(key: str, prompt: str | None, *more: str) -> None:
            fields = [*FIELDS, *DIAL_FIELDS, *more]
            if unknown := set(unknown_fields(prompt) if prompt else []) - {*fields}:
                raise ValueError(
                    f"{key}.prompt: {prompt!r} shows {_list(sorted(unknown))}; "
                    f"known fields: {_list(fields)}"
                )

        any_field = any(isinstance(it, ModulePipeline) for it in self.pipelines.values())
        for name, generator in self.generators.items():
            if generator.model:
                known(f"generators.{name}.model", [generator.model], self.models)
            if not any_field:  # a dial of the user's own has fields of its own
                shows(f"generators.{name}", generator.prompt)
        for name, it in self.pipelines.items():
            if isinstance(it, TopicPipeline):
                shows(f"pipelines.{name}", it.prompt, "shown")
            elif isinstance(it, ParaphrasePipeline):
                shows(f"pipelines.{name}", it.prompt)
        for name, model in self.downstream.items():
            if isinstance(model, Probe):
                known(
                    f"downstream.{name}.embedder", [model.embedder], dict.fromkeys(self.embedders)
                )
            elif model.model:
                known(f"downstream.{name}.model", [model.model], self.models)
            if model.search and not self.task.development:
                raise ValueError(
                    f"downstream.{name}.search: needs task.development, real rows to compare "
                    "settings on; 64 or more tell them apart"
                )
            if self.task.kind != "classification" and not isinstance(model, CausalLM):
                raise ValueError(
                    f"downstream.{name}.kind: {model.kind!r} needs labels; allowed for task.kind "
                    f"{self.task.kind}: causal-lm"
                )
        known("embedders", self.embedders, self.models)
        if self.diversity.judge:
            known("diversity.judge", [self.diversity.judge], self.generators)
        elif "llm_cluster_score" in self.diversity.measures:
            raise ValueError(
                "diversity.measures: 'llm_cluster_score' needs diversity.judge; "
                f"allowed: {_list(self.generators)}"
            )
        self._check_kind()
        known("generate.generators", self.generate.generators, self.generators)
        known("generate.pipelines", self.generate.pipelines, self.pipelines)
        for name, variant in self.curation.items():
            if variant.embedder:
                known(f"curation.{name}.embedder", [variant.embedder], self.models)
            if variant.judge:
                key = f"curation.{name}.filters.label_consistency.judge"
                known(key, [variant.judge], self.generators)
        made = {k: p for k, p in self.pipelines.items() if isinstance(p, Pipeline)}
        for name, pipeline in self.pipelines.items():
            if isinstance(pipeline, Derived):
                continue
            known(f"pipelines.{name}.curation", [pipeline.curation], self.curation)
            if isinstance(pipeline, Recuration):
                known(f"pipelines.{name}.of", [pipeline.of], made)
        bases = {k: p for k, p in self.pipelines.items() if not isinstance(p, Derived)}
        for name, pipeline in self.pipelines.items():
            if isinstance(pipeline, ParaphrasePipeline | SourcesPipeline):
                known(f"pipelines.{name}.of", [pipeline.of], bases)
                known(f"pipelines.{name}.level", [pipeline.level], self.levels_of(pipeline.of))
            if isinstance(pipeline, SelectionPipeline):
                known(f"pipelines.{name}.pool", list(pipeline.pool), bases)
                for base, used in pipeline.pool.items():
                    known(f"pipelines.{name}.pool.{base}", used, self.levels_of(base))
                if sum(map(len, pipeline.pool.values())) < 2:
                    raise ValueError(
                        f"pipelines.{name}.pool: one set has no more than the {self.generate.n} "
                        "rows that are chosen; allowed: two sets or more"
                    )
            if isinstance(pipeline, SourcesPipeline):
                for level, chosen in pipeline.levels.items():
                    key = f"pipelines.{name}.levels.{level}.generators"
                    known(key, chosen.generators, self.generators)
        for name in self.generate.pipelines:
            levels = self.levels_of(name)
            for level in self.generate.levels:
                if level not in levels:
                    raise ValueError(
                        f"generate.levels: {level!r} is not defined by pipelines.{name}; "
                        f"allowed: {_list(levels)}"
                    )
        for key, values in (
            ("seeds", self.seeds),
            ("designs.real", self.designs.real),
            ("generate.levels", self.generate.levels),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: {values} names a value twice; allowed: each once")
        if self.designs.loop:
            self._check_loop(self.designs.loop)
        self._check_rows()
        return self

    def levels_of(self, pipeline: str) -> dict[str, Any]:
        """Levels of a pipeline: level -> its setting."""
        found = self.pipelines[self.source_of(pipeline)]
        assert not isinstance(found, Recuration)
        return found.levels

    def bases_of(self, pipeline: str) -> list[str]:
        """The curated pipelines that a pipeline's rows come from: itself unless it is derived."""
        found = self.pipelines[pipeline]
        if isinstance(found, SelectionPipeline):
            return list(found.pool)
        return [found.of] if isinstance(found, ParaphrasePipeline | SourcesPipeline) else [pipeline]

    def source_of(self, pipeline: str) -> str:
        """The pipeline that generates the text of a pipeline: itself, or the one it is of."""
        found = self.pipelines[pipeline]
        return found.of if isinstance(found, Recuration) else pipeline

    def _check_kind(self) -> None:
        """Dials and filters that need labels or contexts."""
        kind = self.task.kind
        for name, pipeline in self.pipelines.items():
            if isinstance(pipeline, ContextPipeline) and kind != "qa":
                raise ValueError(f"pipelines.{name}.dial: 'context' needs task.kind qa, not {kind}")
            if isinstance(pipeline, ParaphrasePipeline) and kind == "instruction":
                raise ValueError(
                    f"pipelines.{name}.dial: 'paraphrase' is for one line of text or a question, "
                    "not for task.kind instruction"
                )
        for name, variant in self.curation.items():
            for key in ("label_leak", "label_consistency"):
                if getattr(variant.filters, key) and kind != "classification":
                    raise ValueError(
                        f"curation.{name}.filters.{key}: task.kind {kind} has no labels"
                    )

    def _check_rows(self) -> None:
        task, n = self.task, self.generate.n
        if task.reference < 2 * n:
            raise ValueError(
                f"task.reference: {task.reference} is too few; allowed: {2 * n} (twice generate.n) "
                "or more, one half to compare with and one for the noise floor"
            )
        classes = len(task.words)
        for key, rows in (
            ("task.test", task.test),
            *([("task.shifted_rows", task.shifted_rows)] if task.shifted else []),
            ("task.reference", task.reference),
            ("task.examples", task.examples),
            ("task.development", task.development),
            ("generate.n", n),
            *(("designs.real", rows) for rows in self.designs.real),
        ):
            if rows % classes:
                raise ValueError(f"{key}: {rows} is not a multiple of the {classes} labels")
        for name in self.generate.pipelines:
            self._check_derived(name, self.pipelines[name], n, classes)
        few = max(self.designs.real_sizes(n))
        if task.draw == "fixed" and few > task.examples:
            raise ValueError(
                f"designs.real: {few} real rows are more than task.examples; allowed: up to "
                f"{task.examples}, or task.draw: per-seed"
            )
        for mix in self.designs.mixes(n):
            made = mix.n_generated
            parts = [rows / classes for rows in (made, mix.n_real, mix.baseline)]
            if made > n or any(abs(part - round(part)) > 1e-9 for part in parts):
                raise ValueError(
                    f"designs.{mix.key}: {made:g} generated rows beside {mix.n_real} real ones; "
                    f"allowed: multiples of {classes}, and up to generate.n = {n} generated rows"
                )
        mixed = any(isinstance(self.pipelines[p], SourcesPipeline) for p in self.generate.pipelines)
        if self.designs.sources and len(self.generate.generators) + mixed < 2:
            raise ValueError(
                f"designs.sources: compares generators, but generate.generators names "
                f"{len(self.generate.generators)}; allowed: two or more"
            )

    def _check_loop(self, loop: Loop) -> None:
        generate, n, classes = self.generate, self.generate.n, len(self.task.words)
        written = [p for p in generate.pipelines if isinstance(self.pipelines[p], Pipeline)]
        for key, value, allowed in (
            ("pipeline", loop.pipeline, written),
            ("level", loop.level, generate.levels),
        ):
            if value not in allowed:
                raise ValueError(
                    f"designs.loop.{key}: {value!r} is not generated; allowed: {_list(allowed)}"
                )
        for name in generate.generators:
            if (backend := self.generators[name].backend) != "transformers":
                raise ValueError(
                    f"designs.loop: generators.{name}.backend is {backend!r}; allowed where a "
                    "generator is tuned: transformers"
                )
        for name in self.pipelines:
            if name.startswith(LOOP):
                raise ValueError(
                    f"pipelines.{name}: names that start with {LOOP!r} are those of designs.loop"
                )
        if len(set(loop.schemes)) < len(loop.schemes):
            raise ValueError(f"designs.loop.schemes: {loop.schemes} names one twice")
        kept = loop.real_share * n if "replace+real" in loop.schemes else classes
        for key, rows, most in (
            ("real", self.designs.loop_real, "examples"),
            ("real_share", kept, "examples"),
            ("perplexity_rows", loop.perplexity_rows or self.task.test, "test"),
        ):
            whole = abs(rows / classes - round(rows / classes)) < 1e-9
            if not whole or rows < classes or rows > getattr(self.task, most):
                raise ValueError(
                    f"designs.loop.{key}: {rows:g} real rows; allowed: multiples of {classes} up "
                    f"to task.{most} = {getattr(self.task, most)}"
                    + (f" (it is a share of generate.n = {n})" if key == "real_share" else "")
                )

    def _check_derived(self, name: str, pipeline: Section, n: int, classes: int) -> None:
        if isinstance(pipeline, ParaphrasePipeline):
            used = {level: pipeline.levels[level].sources for level in self.generate.levels}
            real, most = pipeline.source == "real", max(used.values())
            room = min(n // pipeline.paraphrases, self.task.examples)
            if not real:  # the sources stay in the set
                room = (n - most) // pipeline.paraphrases
            for level, sources in used.items():
                if sources % classes or sources > room:
                    raise ValueError(
                        f"pipelines.{name}.levels.{level}.sources: {sources}; allowed: multiples "
                        f"of {classes} up to {room} (generate.n is {n}, each source has "
                        f"{pipeline.paraphrases} paraphrases"
                        + (f", and there are {self.task.examples} examples)" if real else ")")
                    )
        if isinstance(pipeline, SourcesPipeline):
            if "mixed" in self.generators:
                raise ValueError("generators.mixed: sets of several generators have this name")
            for level in self.generate.levels:
                count = len(pipeline.levels[level].generators)
                if n % (count * classes):
                    raise ValueError(
                        f"pipelines.{name}.levels.{level}.generators: {count} equal shares of "
                        f"generate.n = {n} rows with {classes} labels are no whole numbers"
                    )


def load_study(config: dict[str, Any]) -> Study:
    """Check a configuration and fill in the defaults.

    Raises ConfigError: one line for each wrong key with its value and what is allowed.
    """
    try:
        study = Study.model_validate(config)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(detail) for detail in error.errors())) from None
    if study.task.data.package:
        check_supply(study, DATA_PACKAGES[study.task.data.package].rows)
    for name, data in study.task.shifted.items():
        if name == "test":
            raise ConfigError("task.shifted.test: this is the name of the task's own test split")
        if data.package:
            have = min(DATA_PACKAGES[data.package].rows.values())
            wanted = study.task.shifted_rows // len(study.task.words)
            if have < wanted:
                raise ConfigError(
                    f"task.shifted.{name}: {have} rows of a label, but task.shifted_rows needs "
                    f"{wanted} of each"
                )
    return study


def check_supply(study: Study, rows: dict[str, int]) -> None:
    """Raise ConfigError where the data, `rows` of each label value, has too few for the splits."""
    task = study.task
    few = max(task.examples, *study.designs.real_sizes(study.generate.n))
    wanted = task.test + task.reference + task.development + few
    sizes = f"task.test ({task.test}) + task.reference ({task.reference}) + "
    if task.development:
        sizes += f"task.development ({task.development}) + "
    sizes += f"the larger of task.examples and designs.real ({few})"
    if not task.labels:
        if sum(rows.values()) < wanted:
            raise ConfigError(f"task.data: {sum(rows.values())} rows, but {sizes} need {wanted}")
        return
    classes = len(task.labels)
    for value in task.labels:
        have = rows.get(value, 0)
        if have * classes < wanted:
            raise ConfigError(
                f"task.data: label {value!r} has {have} rows, but {sizes} need "
                f"{wanted // classes} of each label; "
                f"labels in the data: {_list(sorted(rows))}"
            )


def _explain(detail: ErrorDetails) -> str:
    keys, allowed = _walk(detail["loc"])
    key = ".".join(keys)
    value = detail["input"]
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], allowed, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"{key}: unknown key (value {value!r}); {hint}allowed: {_list(allowed)}"
    if detail["type"] == "missing":
        return f"{key}: missing"
    if detail["type"].startswith("union_tag"):
        told = detail["ctx"]
        name = told["discriminator"].strip("'")
        if detail["type"] == "union_tag_not_found":
            return f"{key}.{name}: missing"
        return f"{key}.{name}: {told['tag']!r} is wrong; allowed: {told['expected_tags']}"
    message = detail["msg"].removeprefix("Value error, ")
    if isinstance(value, dict):
        return f"{key}: {message}" if key else message
    return f"{key}: {value!r} is wrong: {message}"


def _walk(location: tuple[int | str, ...]) -> tuple[list[str], list[str]]:
    """The keys of a location as the user wrote them, and the keys allowed beside the last one.

    In a union of sections pydantic puts the name of the chosen one into the location.
    """
    keys: list[str] = []
    allowed: list[str] = []
    kind: Any = Study
    for part in location:
        if part == "[key]":  # the name itself is wrong
            continue
        choices = [] if _plural(kind) else sections(kind)
        if len(choices) > 1:
            kind = next(section for section in choices if part in tags(section))
            continue
        keys.append(str(part))
        if choices:
            fields = {f.alias or name: f for name, f in choices[0].model_fields.items()}
            allowed = list(fields)
            kind = fields[str(part)].annotation if part in fields else None
        else:
            kind = get_args(kind)[-1] if _plural(kind) else None
    return keys, allowed


def _plural(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, list)


def sections(annotation: Any) -> list[type[BaseModel]]:
    """The section types inside an annotation such as `dict[Name, Model]` or `MixAdd | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in sections(part)]


def tags(section: type[BaseModel]) -> list[str]:
    """The names by which a union tells a section apart: the values of its first key."""
    first = next(iter(section.model_fields.values()))
    return list(get_args(first.annotation)) if get_origin(first.annotation) is Literal else []


def _list(names: Any) -> str:
    return ", ".join(str(name) for name in names)
