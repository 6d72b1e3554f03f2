"""Whether a shard is worth having: before its prompts are paid for, and once they are answered."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from mixtura.core.text import naming
from mixtura.core.words import words
from mixtura.generate.batches import RAW
from mixtura.generate.settings import Sampling
from mixtura.generate.shard import count_rows

ENOUGH = 8  # prompts of a label, or rows, that tell something
MANY = 0.3  # share of the rows whose texts should not begin with the same four words
MOST = 0.6  # or with the same words before a mark, such as "Hello,"
CLAUSE = re.compile(r"\W*([^\n.,!?:;，。！？：；،؟।]{1,40}[.,!?:;，。！？：；،؟।\n])")
ADVICE = {  # reason of most rejections -> what to do
    "reasoning without an answer": "the model was cut off while it was thinking: raise "
    "sampling.max_new_tokens, lower openai.effort, or switch thinking off in chat_template",
    "unfinished": "raise sampling.max_new_tokens",
    "refusal": "change the prompt or the model: it refuses",
    "content filter": "change the prompt: the server's filter refuses it",
    "prompt too long": "show fewer examples, or lower sampling.max_new_tokens",
    "several texts": "change the prompt: it is taken for a wish for a list",
}


def check_leaks(examples: pl.DataFrame, leaks: Mapping[str, Sequence[str]]) -> list[str]:
    """How many real examples each filter of `leaks` (its key -> words) would remove, in words.

    Raises ValueError where it would remove most of those of a label: few generated ones would stay.
    """
    messages = []
    for key, names in leaks.items():
        removed = examples.with_columns(removed=naming(examples["text"], names) > 0)
        for (label,), part in sorted(removed.group_by("label")):
            count = part["removed"].sum()
            message = f"{key} would remove {count} of {part.height} real examples of {label!r}"
            if count > part.height / 2:
                texts = _quoted(part.filter("removed")["text"])
                raise ValueError(
                    f"{message}: {', '.join(names)} are ordinary words there, and few generated "
                    "texts would stay. Name other `words`, or switch the filter off. "
                    f"Examples:\n{texts}"
                )
            if count:
                messages.append(message)
    return messages


def check_shard(rows: pl.DataFrame, least_parsed: float, sampling: Sampling) -> None:
    """Raise ValueError where too few completions parse, all say the same, or a label is missing.

    `least_parsed` is the share that must parse. The message shows three completions.
    """
    accepted = rows.filter(pl.col("reason").is_null())
    counts = count_rows(rows)
    if accepted.height < least_parsed * rows.height:
        raise ValueError(
            f"only {counts['parsed']} of {rows.height} completions parse (least_parsed is "
            f"{least_parsed:g}), the others: {counts['rejected']}; {_advice(rows)}. "
            f"Examples:\n{_examples(rows)}"
        )
    for (label,), part in sorted(rows.group_by("label")):
        if part.height >= ENOUGH and part["reason"].null_count() == 0:
            raise ValueError(
                f"label {label!r} was never produced: none of its {part.height} completions "
                f"parses ({count_rows(part)['rejected']}); {_advice(part)}. "
                f"Examples:\n{_examples(part)}"
            )
    if accepted.height > 1 and accepted["text"].n_unique() == 1:
        raise ValueError(
            f"all {accepted.height} completions that parse give the same text: "
            f"{_sameness(accepted, sampling)}. Examples:\n{_examples(accepted)}"
        )


def shared_opening(rows: pl.DataFrame) -> str:
    """What many of the accepted texts begin with, in words; "" where they begin in their own ways.

    Texts that begin with the same four words or more, or nearly all with the same greeting, are
    alike in a way that no diversity of topics mends.
    """
    texts = rows.filter(pl.col("reason").is_null())["text"].to_list()
    if len(texts) < ENOUGH:
        return ""
    starts = Counter(" ".join(cut[:4]) for text in texts if len(cut := words(text)) > 4)
    clauses = Counter(match[1].strip() for text in texts if (match := CLAUSE.match(text)))
    for counts, share in ((starts, MANY), (clauses, MOST)):
        start, count = counts.most_common(1)[0] if counts else ("", 0)
        if count >= max(ENOUGH / 2, share * len(texts)):
            break
    else:
        return ""
    return (
        f"{count} of {len(texts)} texts begin with {start!r}: say in the prompt how texts may "
        "begin, or show other examples"
    )


def _sameness(accepted: pl.DataFrame, sampling: Sampling) -> str:
    """Why all texts are the same, and what to do."""
    if accepted[RAW].n_unique() > 1:
        return "the completions differ, but not in what is left of them as text; change the prompt"
    if sampling.temperature == 0:
        return "sampling.temperature is 0; raise it"
    if (accepted["finish_reason"] == "length").all():
        return "each was cut off before it could differ; raise sampling.max_new_tokens"
    if accepted["prompt_text"].n_unique() == 1:
        return (
            "all prompts are the same, and the model or a cache of the server gives one answer to "
            "them; raise the temperature, or vary the prompts by a dial"
        )
    return "the model answers every prompt alike; change the prompt or the model"


def _advice(rows: pl.DataFrame) -> str:
    """What to do about the reason that most rows are rejected for."""
    reason = rows["reason"].drop_nulls().mode().sort()[0]
    usual = "raise sampling.max_new_tokens or change the prompt"
    return usual if reason.startswith(("no ", "empty")) else ADVICE.get(reason, usual)


def _examples(rows: pl.DataFrame) -> str:
    """Three completions as they came, where there are so many different ones."""
    return _quoted(rows[RAW].unique(maintain_order=True)) or _quoted(rows["reasoning"])


def _quoted(texts: pl.Series) -> str:
    return "\n".join(f"  {text[:200]!r}" for text in texts.drop_nulls().head(3))
