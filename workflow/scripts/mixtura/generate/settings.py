"""Settings of the rules topics, generate, top_up and collect_generation, and of every backend.

What an answer depends on stands apart from how an engine is run: only the first reruns a job.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, JsonValue

from mixtura.core.sets import SetKey
from mixtura.core.settings import Positive, Precision, Settings, Share
from mixtura.prepare.settings import Kind, Language

Stream = tuple[int, str, str, str, str]  # the study's seed, and whose random numbers they are


class Sampling(Settings):
    """How the next token is drawn."""

    temperature: float = Field(1.0, ge=0, description="0 is greedy")
    top_p: float = Field(1.0, gt=0, le=1, description="nucleus; sorts the vocabulary, so it costs")
    min_p: Share = Field(0.0, description="least share of the likeliest token's probability")
    top_k: int = Field(0, ge=0, description="0 switches it off")
    max_new_tokens: Positive = Field(40, description="longest answer, tokens")
    stop: list[str] | None = Field(
        None, description="strings that end an answer; default: a line break, in a chat nothing"
    )


class StructuredSampling(Sampling):
    """The same, of answers in JSON."""

    form: dict[str, JsonValue] = Field(description="JSON schema of an answer")


class VllmModel(Settings):
    """What the answers of backend vllm depend on."""

    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto", description="precision of the weights; auto is that of the model"
    )
    max_model_len: Positive | None = Field(
        None, description="longest prompt and answer, tokens; default: what the model allows"
    )
    adapter: str | None = Field(None, description="folder of a LoRA adapter")


class VllmOptions(Settings):
    """How the server of backend vllm is run, which a job starts and ends."""

    python: str = Field(
        "python",
        min_length=1,
        description="Python that has vLLM: a path such as .venv-vllm/bin/python, or a name that "
        "jobs find in their PATH",
    )
    command: str | None = Field(
        None,
        description="another server with OpenAI's interface in place of vLLM's, such as "
        "'llama-server -m {folder}/model.gguf --port {port}'; it must answer at /health",
    )
    tensor_parallel: Positive = Field(1, description="GPUs that share the model")
    gpu_memory_utilization: float = Field(
        0.9, gt=0, le=1, description="share of a GPU's memory that the engine takes"
    )
    enforce_eager: bool = Field(False, description="start sooner, run slower: no CUDA graphs")


# Parameters of a request that a server may know by another name, or refuse.
Parameter = Literal[
    "temperature", "top_p", "top_k", "min_p", "max_tokens", "stop", "seed", "logprobs", "effort"
]


class OpenaiModel(Settings):
    """What the answers of backend openai depend on."""

    model: str = Field(min_length=1, description="name that the server gives the model")
    logprobs: bool = Field(False, description="ask for log-probabilities of the tokens")
    parameters: dict[Parameter, str | None] = Field(
        {},
        description="parameter -> its name at this server, null: it is not sent. Families of "
        "models that are known to differ (o3, gpt-5) have theirs by themselves",
    )
    effort: str | None = Field(
        None, description="how long the model thinks first, such as low; sent as reasoning_effort"
    )
    extra_body: dict[str, JsonValue] = Field(
        {}, description="more keys of each request, as the server wants them"
    )


class OpenaiOptions(Settings):
    """How the server of backend openai is reached. Jobs of one machine share its limits."""

    base_url: str = Field(pattern="^https?://", description="such as http://localhost:8000/v1")
    key_env: str | None = Field(
        None,
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable that holds the key; the key itself stands nowhere",
    )
    concurrent: Positive = Field(8, description="requests at a time")
    requests_per_minute: float | None = Field(
        None, gt=0, strict=False, description="most requests started in a minute; default: any"
    )
    tokens_per_minute: float | None = Field(
        None,
        gt=0,
        strict=False,
        description="most tokens in a minute, read and written, by estimate; default: any",
    )
    attempts: Positive = Field(6, description="tries of a request that fails; waits grow")
    timeout: float = Field(120.0, gt=0, strict=False, description="seconds for one answer")
    stream: bool = Field(False, description="receive answers in pieces: some servers want it")
    batch: bool = Field(
        False,
        description="send `batch_size` prompts as one batch (files and batches of the interface), "
        "which a server answers within a day at a lower price; a killed job waits for the same one",
    )
    batch_seconds: float = Field(
        30.0, gt=0, strict=False, description="seconds between questions whether a batch is done"
    )


class LanguageModel(Settings):
    """A language model, and what its answers depend on whatever it is asked."""

    model: str | None = Field(None, description="key in `models`; none for backend openai")
    backend: Literal["transformers", "seq2seq", "vllm", "openai"] = Field(
        "transformers",
        description="engine that runs it; seq2seq is transformers for a model that translates "
        "(encoder-decoder, such as opus-mt), for back-translation alone",
    )
    vllm: VllmModel | None = Field(None, description="for backend vllm")
    openai: OpenaiModel | None = Field(None, description="for backend openai")
    format: Literal["completion", "chat"] = Field(
        "completion",
        description="the prompt is text to go on with, or a message in the model's chat template",
    )
    system: str | None = Field(
        None, min_length=1, description="format: chat. The system's message before each prompt"
    )
    chat_template: dict[str, JsonValue] = Field(
        {},
        description="format: chat. Arguments of the model's chat template, such as "
        "enable_thinking: false",
    )
    structured: bool = Field(
        False,
        description="format: chat, backend openai or vllm. Ask for JSON of a given form "
        "(response_format) where a row has parts (qa, instruction), and as a judge of labels",
    )
    batch_size: Positive = Field(64, description="prompts in one batch")
    sampling: Sampling = Field(Sampling(), description="how the next token is drawn")


class PromptedModel(LanguageModel):
    """A language model, and how its prompts are written."""

    prompt: str = Field(description="text of the template")
    shots: int = Field(ge=0, description="real examples shown in one prompt")
    tidy: bool = Field(False, description="take off what assistants put around a text")


class Running(Settings):
    """How the engine of a language model is run: changes no answer, so it reruns nothing."""

    vllm: VllmOptions | None = None
    openai: OpenaiOptions | None = None


class GenerateRunning(Running):
    """The same, and what the rows of a shard must reach."""

    least_parsed: Share = Field(description="share of a shard's completions that must parse")
    leaks: dict[str, list[str]] = Field(
        {}, description="key of a filter label_leak that reads the rows -> the words it removes"
    )


class DialSettings(Settings):
    """What the prompts of a pipeline depend on, whatever the level."""

    name: str = Field(description="module in mixtura.generate.dials, or module: that of a file")
    personas: list[str] | None = Field(None, description="dial persona: the list to draw from")
    file: str | None = Field(None, description="file of the list, or of the module")
    code: str | None = Field(None, description="dial module: digest of the file")


class TopicsSettings(Settings):
    """What the topics that a generator writes depend on."""

    generator: PromptedModel
    topics: Positive = Field(description="how many different ones are needed")
    noun: str = Field(description="what a row is, in words that prompts use")
    language: Language = Field("en", description="of the texts")
    stream: Stream


class GenerateSettings(Settings):
    """What one shard of generated rows depends on."""

    generator: PromptedModel
    dial: DialSettings
    level: dict[str, JsonValue] = Field(description="settings of the level, which its dial reads")
    kind: Kind = Field(description="what a row is, and so what a completion must look like")
    labels: list[str] = Field(description="label words, which prompts ask for in turn")
    no_label: str = Field("other", description="of kind multilabel: word for a row without labels")
    noun: str = Field(description="what a row is, in words that prompts use")
    language: Language = Field("en", description="of the texts")
    first: int = Field(ge=0, description="index of the first prompt within the level")
    prompts: Positive = Field(description="prompts of the shard")
    stream: Stream
    precision: Precision = "auto"

    def shard(self, number: int) -> Self:
        """The settings of another shard of the level."""
        return self.model_copy(update={"first": number * self.prompts})


class TopUp(Settings):
    """How many shards are added to a level; settings of the curation come with those of the rule.

    The room of curation is above this one: `mixtura.curate.settings.TopUpSettings`.
    """

    generate: GenerateSettings = Field(description="settings of the first shard")
    n: Positive = Field(description="rows that curation must leave")
    planned: Positive = Field(description="shards that rule generate writes")
    most: Positive = Field(description="shards that the cap allows, planned ones included")
    key: str = Field(description="key of the configuration that holds the curation")
    cap: float = Field(description="most prompts for each row that is needed")


class TokenPrices(Settings):
    """Prices of a server."""

    prompt_price: float = Field(0.0, ge=0, strict=False, description="per million prompt tokens")
    cached_price: float | None = Field(
        None,
        ge=0,
        strict=False,
        description="per million prompt tokens that the server had read before; default: as others",
    )
    completion_price: float = Field(0.0, ge=0, strict=False, description="per million new tokens")
    reasoning_price: float | None = Field(
        None,
        ge=0,
        strict=False,
        description="per million new tokens before an answer; default: as others",
    )

    def times(self, share: float) -> Self:
        """The prices, all at a share."""
        prices = {name: value and value * share for name, value in self.model_dump().items()}
        return type(self)(**prices)

    def cost(self, tokens: Mapping[str, float]) -> float:
        """Cost of counts of prompt_tokens, cached_tokens, new_tokens and reasoning_tokens."""
        parts = (
            (self.prompt_price, self.cached_price, tokens["prompt_tokens"], "cached_tokens"),
            (self.completion_price, self.reasoning_price, tokens["new_tokens"], "reasoning_tokens"),
        )
        total = 0.0
        for usual, special, count, name in parts:
            apart = tokens.get(name, 0)
            total += (count - apart) * usual + apart * (usual if special is None else special)
        return total / 1e6


class CollectGenerationSettings(Settings):
    """Where the rows of each set come from, and what tokens and hours cost."""

    prices: dict[str, TokenPrices] = Field(description="generator -> prices of its server")
    hours: tuple[float, float] = Field(description="price of an hour of a GPU and of a core")
    largest: Positive = Field(description="real rows that the generator of a draw saw")
    origins: list[tuple[SetKey, list[tuple[SetKey, int | None]]]] = Field(
        description="derived set -> the sets its rows come from, and how many; None: all of a set"
    )
    paraphrases: list[tuple[SetKey, int]] = Field(
        description="pool of paraphrases -> the rows that levels may take from it"
    )
