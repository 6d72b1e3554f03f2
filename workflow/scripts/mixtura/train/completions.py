"""Rows as prompts and completions of a causal language model.

| kind | prompt | completion |
|---|---|---|
| classification | the text, then "Label:" | the label word |
| multilabel | the text, then "Labels:" | the label words with commas, or the word for none |
| qa | context and question, then "Answer:" | the answer, or "unanswerable" |
| instruction | the prompt | the response; of a conversation each turn of the assistant |
| text | none | the text, in pieces of at most `max_length` tokens |
"""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from mixtura.prepare.label_sets import set_words
from mixtura.prepare.messages import Message, context_text
from mixtura.prepare.settings import UNANSWERABLE, Kind


class Turn(NamedTuple):
    """A completion to learn, and what stands before it, as text and as turns of a chat."""

    row: int
    prompt: str
    context: list[Message]
    completion: str


def row_turns(kind: Kind, rows: pl.DataFrame, no_label: str = "") -> list[Turn]:
    """The completions of canonical rows: one each, of a conversation one for each answer."""
    prompts, completions = row_prompts(kind, rows), row_completions(kind, rows, no_label)
    conversations = rows["messages"] if "messages" in rows.columns else [None] * rows.height
    turns = []
    for row, conversation in enumerate(conversations):
        if conversation is None:
            context = [{"role": "user", "content": prompts[row].strip()}]
            turns.append(Turn(row, prompts[row], context, completions[row]))
            continue
        messages = json.loads(conversation)
        for place, message in enumerate(messages):
            if message["role"] == "assistant":
                before = messages[:place]
                turns.append(Turn(row, f"{context_text(before)}\n", before, message["content"]))
    return turns


def row_prompts(kind: Kind, rows: pl.DataFrame) -> list[str]:
    """The prompt of each canonical row."""
    if kind == "classification":
        return [f"{text}\nLabel:" for text in rows["text"]]
    if kind == "multilabel":
        return [f"{text}\nLabels:" for text in rows["text"]]
    if kind == "qa":
        pairs = zip(rows["context"], rows["question"], strict=True)
        return [f"{context}\nQuestion: {question}\nAnswer:" for context, question in pairs]
    if kind == "instruction":
        return [f"{prompt}\n" for prompt in rows["prompt"]]
    return [""] * rows.height


def row_completions(kind: Kind, rows: pl.DataFrame, no_label: str = "") -> list[str]:
    """The completion that a model learns for each canonical row; `no_label` names no label."""
    if kind == "classification":
        return [label_completion(label) for label in rows["label"]]
    if kind == "multilabel":
        return [label_completion(words) for words in set_words(rows["labels"], no_label)]
    if kind == "qa":
        return [f" {answers[0] if len(answers) else UNANSWERABLE}" for answers in rows["answers"]]
    return rows["response" if kind == "instruction" else "text"].to_list()


def label_completion(label: str) -> str:
    """The completion that is a label word."""
    return f" {label}"


def labels_in(answer: str, labels: Sequence[str]) -> list[str]:
    """The labels that an answer names, one after the other from its start, in their own order.

    A label may hold a comma or be the start of another: the longest that fits is taken.
    """
    rest, labels_there = answer.partition("\n")[0].strip().casefold(), set()
    while rest:
        fitting = [
            label for label in labels if re.match(rf"{re.escape(label.casefold())}(?!\w)", rest)
        ]
        if not fitting:
            break
        label = max(fitting, key=len)
        labels_there.add(label)
        rest = rest[len(label.casefold()) :].lstrip(" ,")
    return [label for label in labels if label in labels_there]
