"""The tables of generated rows, and of what generating them took."""

import dataframely as dy

from mixtura.core.tables import Table

QA = {"only": "tasks of kind qa"}
MULTILABEL = {"only": "tasks of kind multilabel"}
INSTRUCTION = {"only": "tasks of kind instruction"}


class Generated(Table, file="generated/GENERATOR/PIPELINE/LEVEL/DRAW/SHARD.parquet"):
    """Rows of one shard whose completions parse, in the order of their prompts."""

    id = dy.String(primary_key=True, description="hash of set, index and what the row says")
    index = dy.Int64(description="place of the prompt in its level, from 0")
    text = dy.String(  # never null as written; curation removes a null that came in since
        nullable=True, description="what is measured and deduplicated; of qa, the question"
    )
    label = dy.String(description="label that the prompt asks for, as of a real row")
    topic = dy.String(nullable=True, description="topic that the prompt names, null without one")
    fields = dy.String(description="JSON: what else a dial put into the prompt")
    example_ids = dy.List(dy.String(), description="ids of the rows that the prompt shows")
    prompt_text = dy.String(description="the prompt as the model got it, chat templates aside")
    prompt_digest = dy.String(description="hash of the prompt")
    seed = dy.UInt64(description="seed of the completion")
    finish_reason = dy.String(nullable=True, description="stop, length, or a server's word")
    prompt_tokens = dy.Int64(description="length of the prompt", metadata={"unit": "tokens"})
    cached_tokens = dy.Int64(
        description="of these, what the server had read before", metadata={"unit": "tokens"}
    )
    new_tokens = dy.Int64(
        description="length of the completion, reasoning and answers that were empty included",
        metadata={"unit": "tokens"},
    )
    reasoning_tokens = dy.Int64(
        description="of these, what was written before the answer", metadata={"unit": "tokens"}
    )
    reasoning = dy.String(
        nullable=True, description="what the model thought before it answered, null without"
    )
    mean_logprob = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="mean natural log-probability of the new tokens, null where none is known",
    )
    labels = dy.List(
        dy.String(),
        nullable=True,
        metadata=MULTILABEL,
        description="labels that the prompt asks for, those of a real row",
    )
    context = dy.String(metadata=QA, description="passage that the question is about")
    question = dy.String(metadata=QA, description="question about the passage")
    answers = dy.List(
        dy.String(),
        metadata=QA,
        description="the answer, a part of the passage; none where the question has none",
    )
    prompt = dy.String(metadata=INSTRUCTION, description="what a model is asked")
    response = dy.String(metadata=INSTRUCTION, description="what it should answer")


class Rejected(Generated, file="rejected/GENERATOR/PIPELINE/LEVEL/DRAW/SHARD.parquet"):
    """Completions of one shard that do not parse, and why.

    `text` is the whole completion, or what a server said in its place.
    """

    reason = dy.String(description="why the completion is no row")
    context = dy.String(nullable=True, metadata=QA, description="null")
    question = dy.String(nullable=True, metadata=QA, description="null")
    answers = dy.List(dy.String(), nullable=True, metadata=QA, description="null")
    prompt = dy.String(nullable=True, metadata=INSTRUCTION, description="null")
    response = dy.String(nullable=True, metadata=INSTRUCTION, description="null")


class Generation(Table, file="tables/generation.parquet"):
    """What writing each set took, its added shards included; a derived set costs what its rows do.

    A sum over the table leaves `derived` rows out.
    """

    generator = dy.String(primary_key=True, description="generator of the set")
    pipeline = dy.String(primary_key=True, description="pipeline of the set")
    level = dy.String(primary_key=True, description="level of the set")
    replicate = dy.Int64(primary_key=True, description="replicate of the set")
    shown = dy.Int64(primary_key=True, description="real rows that its generator saw")
    derived = dy.Bool(description="whether its rows come from other sets of this table")
    prompts = dy.Int64(nullable=True, description="prompts, null of a derived set")
    parsed = dy.Int64(nullable=True, description="completions that became rows, null if derived")
    rejected = dy.Int64(
        alias="rejected_*",
        nullable=True,
        description="completions that were rejected for the reason *, null if derived",
    )
    prompt_tokens = dy.Float64(description="length of all prompts", metadata={"unit": "tokens"})
    cached_tokens = dy.Float64(
        description="of these, what servers had read before", metadata={"unit": "tokens"}
    )
    new_tokens = dy.Float64(description="length of all completions", metadata={"unit": "tokens"})
    reasoning_tokens = dy.Float64(
        description="of these, what was written before answers", metadata={"unit": "tokens"}
    )
    tokens_per_second = dy.Float64(
        nullable=True,
        description="new tokens for each second of generation, null if derived",
        metadata={"unit": "tokens/s"},
    )
    load_share = dy.Float64(
        nullable=True, description="share of the jobs' time that loads the model, null if derived"
    )
    gpu_hours = dy.Float64(description="time of the jobs times GPUs", metadata={"unit": "hours"})
    cpu_hours = dy.Float64(description="time of the jobs times cores", metadata={"unit": "hours"})
    cost = dy.Float64(
        nullable=True,
        description="cost of tokens and hours in the currency of the prices, null without prices",
    )
    accepted = dy.Int64(nullable=True, description="rows that curation left")
    tokens_per_accepted_row = dy.Float64(
        nullable=True, description="new tokens for each of them", metadata={"unit": "tokens"}
    )
