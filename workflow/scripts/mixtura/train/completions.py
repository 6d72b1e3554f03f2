"""Rows as prompts and completions of a causal language model.

| kind | prompt | completion |
|---|---|---|
| classification | the text, then "Label:" | the label word |
| qa | context and question, then "Answer:" | the answer, or "unanswerable" |
| instruction | the prompt | the response |
| text | none | the text, in pieces of at most `max_length` tokens |
"""

import polars as pl

from mixtura.prepare.settings import UNANSWERABLE, Kind


def row_prompts(kind: Kind, rows: pl.DataFrame) -> list[str]:
    """The prompt of each canonical row."""
    if kind == "classification":
        return [f"{text}\nLabel:" for text in rows["text"]]
    if kind == "qa":
        pairs = zip(rows["context"], rows["question"], strict=True)
        return [f"{context}\nQuestion: {question}\nAnswer:" for context, question in pairs]
    if kind == "instruction":
        return [f"{prompt}\n" for prompt in rows["prompt"]]
    return [""] * rows.height


def row_completions(kind: Kind, rows: pl.DataFrame) -> list[str]:
    """The completion that a model learns for each canonical row."""
    if kind == "classification":
        return [label_completion(label) for label in rows["label"]]
    if kind == "qa":
        return [f" {answers[0] if len(answers) else UNANSWERABLE}" for answers in rows["answers"]]
    return rows["response" if kind == "instruction" else "text"].to_list()


def label_completion(label: str) -> str:
    """The completion that is a label word."""
    return f" {label}"
