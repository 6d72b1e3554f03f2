"""One batch of prompts: which prompts are in it, and the rows that its completions become."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from mixtura.core.digest import canonical_json, row_id
from mixtura.generate.backends.base import Completion
from mixtura.generate.dials.base import Prompt
from mixtura.generate.parsing import parse, parse_parts
from mixtura.generate.several import split_completion
from mixtura.generate.structure import PARTS, read_parts
from mixtura.generate.tables import Rejected
from mixtura.generate.tidy import REFUSAL, tidy
from mixtura.prepare.settings import Kind

RAW = "completion"  # column with the whole completion, which no table of a shard has


def columns(kind: Kind) -> dict[str, Any]:
    """Columns and types of the rows of a batch: those of `Rejected`, as far as the kind has them.

    `reason` is null in a row that parsed. `RAW` comes last.
    """
    declared = Rejected.columns().items()
    types = {
        name: column.dtype
        for name, column in declared
        if (column.metadata or {}).get("only") in (None, f"tasks of kind {kind}")
    }
    return {**types, RAW: pl.String}


def batches(
    texts: Sequence[str], size: int, sampling: Sequence[Mapping[str, Any]] | None = None
) -> list[list[int]]:
    """Positions of prompts in batches of `size`, by the length of their texts: little is padded.

    All prompts of a batch have the same `sampling` (default: all prompts have).
    """
    groups: dict[str, list[int]] = {}
    for place in range(len(texts)):
        groups.setdefault(canonical_json(sampling[place]) if sampling else "", []).append(place)
    batches = []
    for places in groups.values():
        order = sorted(places, key=lambda place: (len(texts[place]), place))
        batches += [order[start : start + size] for start in range(0, len(order), size)]
    return batches


def complete_batch(
    prompts: Sequence[Prompt],
    texts: Sequence[str],
    seeds: Sequence[int],
    complete: Callable[[list[str], list[int]], list[Completion]],
    origin: str,
    kind: Kind = "classification",
    names: Sequence[str] | None = None,
    is_json: bool = False,
    sets: Mapping[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """The rows of the prompts of a batch (`columns` of its kind), `texts` and `seeds` one for each.

    A prompt has as many rows as it asks for texts.

    `reason` is null where the completion became a row, and `text` is then the parsed text; else
    `text` is the raw completion, or what the server said in its place. With `names`, words for the
    text, what assistants put around it is taken off (`tidy`); None keeps all. With `is_json`, rows
    with several parts are JSON. Of kind multilabel, `sets` has the labels that are meant by the
    label of a prompt. Raises RuntimeError where the backend returns fewer completions.
    """
    completions = complete(list(texts), list(seeds))
    if len(completions) != len(texts):
        raise RuntimeError(f"{len(completions)} completions came back for {len(texts)} prompts")
    rows = []
    answers = [
        (
            replace(prompt, index=prompt.index + place, fields=prompt.fields | extra),
            text,
            seed,
            part,
        )
        for prompt, text, seed, completion in zip(prompts, texts, seeds, completions, strict=True)
        for place, (part, extra) in enumerate(split_completion(completion, prompt.texts))
    ]
    for prompt, text, seed, completion in answers:
        fields, reason = row_fields(completion, kind, prompt, names, is_json)
        content = [fields["text"] if fields else completion.text]
        if kind == "qa" and fields:
            content = [prompt.context or "", *content, *fields["answers"]]
        rows.append(
            {
                "id": row_id(origin, str(prompt.index), *content),
                "index": prompt.index,
                "text": completion.message or completion.text,
                "label": prompt.label if sets is None else kind,
                **({} if sets is None else {"labels": list(sets[prompt.label])}),
                "topic": prompt.fields.get("topic"),
                "fields": canonical_json({k: v for k, v in prompt.fields.items() if k != "topic"}),
                "example_ids": [row for row, _ in prompt.examples],
                "prompt_text": text,
                "prompt_digest": hashlib.blake2b(text.encode(), digest_size=8).hexdigest(),
                "seed": seed,
                "finish_reason": completion.finish_reason,
                "prompt_tokens": completion.prompt_tokens,
                "cached_tokens": completion.cached_tokens,
                "new_tokens": completion.new_tokens,
                "reasoning_tokens": completion.reasoning_tokens,
                "reasoning": completion.reasoning or None,
                "mean_logprob": completion.mean_logprob,
                "reason": reason or None,
                RAW: completion.message or completion.text,
                **(fields or {}),
            }
        )
    return pl.DataFrame(rows, schema=columns(kind))


def row_fields(
    completion: Completion,
    kind: Kind,
    prompt: Prompt,
    names: Sequence[str] | None = None,
    is_json: bool = False,
) -> tuple[dict[str, Any] | None, str]:
    """(fields of a row, "") of a completion, or (None, why it is rejected)."""
    if completion.fault:
        return None, completion.fault
    text = completion.text
    if not text.strip() and (completion.reasoning or completion.reasoning_tokens):
        return None, "reasoning without an answer"
    if is_json and kind in PARTS and text.strip():
        parts = read_parts(text, PARTS[kind])
        if not parts:
            return None, "unfinished" if completion.finish_reason == "length" else "no JSON"
        return parse_parts(
            kind, parts[0], parts[1], completion.finish_reason, prompt.context, prompt.label
        )
    if names is not None:
        text, reason = tidy(text, kind, [*names, prompt.label])
        if reason:
            return None, reason
    fields, reason = parse(kind, text, completion.finish_reason, prompt.context, prompt.label)
    if names is not None and not fields and REFUSAL.search(text):
        reason = "refusal"
    return fields, reason
