"""Generation of one shard: prompt specifications in, rows and rejected completions out."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from mixtura.backends.base import Completion
from mixtura.dials.base import PromptSpec
from mixtura.digest import canonical_json, row_id
from mixtura.prompting import parse

ROWS: dict[str, Any] = {
    "id": pl.String,
    "index": pl.Int64,
    "text": pl.String,
    "label": pl.String,
    "topic": pl.String,
    "fields": pl.String,
    "example_ids": pl.List(pl.String),
    "prompt_text": pl.String,
    "prompt_digest": pl.String,
    "seed": pl.UInt64,
    "finish_reason": pl.String,
    "prompt_tokens": pl.Int64,
    "new_tokens": pl.Int64,
    "mean_logprob": pl.Float64,
    "reason": pl.String,
}
OWN: dict[str, dict[str, Any]] = {  # columns that the rows of a kind of task have beside text
    "qa": {"context": pl.String, "question": pl.String, "answers": pl.List(pl.String)},
    "instruction": {"prompt": pl.String, "response": pl.String},
}


def columns(kind: str) -> dict[str, Any]:
    """Columns of the generated rows of a kind of task."""
    return {**ROWS, **OWN.get(kind, {})}


ENOUGH = 8  # prompts of a label that tell whether it can be produced


def batches(
    prompts: Sequence[str], size: int, sampling: Sequence[Mapping[str, Any]] | None = None
) -> list[list[int]]:
    """Positions of the prompts in batches of `size`, by length, so that little is padded.

    All prompts of a batch have the same `sampling` (default: all prompts have).
    """
    kinds: dict[str, list[int]] = {}
    for place in range(len(prompts)):
        kinds.setdefault(canonical_json(sampling[place]) if sampling else "", []).append(place)
    made = []
    for places in kinds.values():
        order = sorted(places, key=lambda place: (len(prompts[place]), place))
        made += [order[start : start + size] for start in range(0, len(order), size)]
    return made


def complete_batch(
    specs: Sequence[PromptSpec],
    prompts: Sequence[str],
    seeds: Sequence[int],
    complete: Callable[[list[str], list[int]], list[Completion]],
    origin: str,
    kind: str = "classification",
) -> pl.DataFrame:
    """One row for each prompt of a batch (the columns of its kind), `seeds` one for each.

    `reason` is null where the completion became a row, and `text` is then the parsed text; else
    `text` is the raw completion. Raises RuntimeError where the backend returns fewer completions.
    """
    completions = complete(list(prompts), list(seeds))
    if len(completions) != len(prompts):
        raise RuntimeError(f"{len(completions)} completions came back for {len(prompts)} prompts")
    rows = []
    for spec, prompt, seed, done in zip(specs, prompts, seeds, completions, strict=True):
        fields, reason = parse(kind, done.text, done.finish_reason, spec.context)
        said = [fields["text"] if fields else done.text]
        if kind == "qa" and fields:
            said = [spec.context or "", *said, fields["answers"][0]]
        rows.append(
            {
                "id": row_id(origin, str(spec.index), *said),
                "index": spec.index,
                "text": done.text,
                "label": spec.label,
                "topic": spec.fields.get("topic"),
                "fields": canonical_json({k: v for k, v in spec.fields.items() if k != "topic"}),
                "example_ids": [row for row, _ in spec.examples],
                "prompt_text": prompt,
                "prompt_digest": hashlib.blake2b(prompt.encode(), digest_size=8).hexdigest(),
                "seed": seed,
                "finish_reason": done.finish_reason,
                "prompt_tokens": done.prompt_tokens,
                "new_tokens": done.new_tokens,
                "mean_logprob": done.mean_logprob,
                "reason": reason or None,
                **(fields or {}),
            }
        )
    return pl.DataFrame(rows, schema=columns(kind))


def counted(rows: pl.DataFrame) -> dict[str, Any]:
    """Counts of some rows (columns ROWS): prompts, parsed, tokens, and rejected by reason."""
    reasons = rows["reason"].drop_nulls()
    return {
        "prompts": rows.height,
        "parsed": rows.height - len(reasons),
        "rejected": dict(sorted(reasons.value_counts().iter_rows())),
        "prompt_tokens": int(rows["prompt_tokens"].sum()),
        "new_tokens": int(rows["new_tokens"].sum()),
    }


def check_shard(rows: pl.DataFrame, least: float) -> None:
    """Raise ValueError where too few completions parse, all say the same, or a label is missing.

    `least` is the share that must parse. The message shows three completions.
    """
    accepted = rows.filter(pl.col("reason").is_null())
    counts = counted(rows)
    advice = "raise sampling.max_new_tokens or change the prompt"
    if accepted.height < least * rows.height:
        raise ValueError(
            f"only {counts['parsed']} of {rows.height} completions parse (least_parsed is "
            f"{least:g}), the others: {counts['rejected']}; {advice}. Examples:\n{_shown(rows)}"
        )
    for (label,), asked in sorted(rows.group_by("label")):
        if asked.height >= ENOUGH and asked["reason"].null_count() == 0:
            raise ValueError(
                f"label {label!r} was never produced: none of its {asked.height} completions "
                f"parses ({counted(asked)['rejected']}); {advice}. Examples:\n{_shown(asked)}"
            )
    if accepted.height > 1 and accepted["text"].n_unique() == 1:
        raise ValueError(
            f"all {accepted.height} completions that parse are the same; raise the temperature. "
            f"Examples:\n{_shown(accepted)}"
        )


def _shown(rows: pl.DataFrame) -> str:
    return "\n".join(f"  {text!r}" for text in rows["text"].head(3))


def more_shards(
    found: Mapping[str, int], labels: Sequence[str], n: int, prompts: int, shard: int
) -> int:
    """How many further shards of `shard` prompts should leave n rows, the labels as even as can be.

    `found` counts the rows of each label that `prompts` prompts left after curation: the label with
    the lowest rate decides, and a tenth is added. 0 where there are enough. Where nothing was left
    there is no rate, and as many prompts again are asked for.
    """
    per = -(-n // len(labels))
    short = [label for label in labels if found.get(label, 0) < per]
    if not short:
        return 0
    needed = [
        (per - found.get(label, 0)) * prompts / found[label] if found.get(label) else prompts
        for label in short
    ]
    return math.ceil(1.1 * max(needed) / shard)
