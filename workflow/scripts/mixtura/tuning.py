"""A generator as it is trained in a loop: what it is given of a row, and what it should answer."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from mixtura.causal import CausalModel
from mixtura.dials.base import PromptSpec
from mixtura.prompting import render

# How an answer in a chat starts; a prompt that is continued ends with it.
STARTS = {"qa": "Question: ", "instruction": "Instruction: "}


class Writer(CausalModel):
    """A generator whose prompts start and whose answers end as where it generates."""

    def __init__(self, folder: str, settings: dict[str, Any], seed: int = 0) -> None:
        """Load the model in `folder`; `settings` as for `CausalModel`, and those of `row_pairs`."""
        super().__init__(folder, settings["task"], settings, seed)
        self.chat = settings["format"] == "chat"
        self.start = [] if self.chat else self.tokenizer("").input_ids
        if not self.chat:  # a continuation is one line
            self.end = self._tokens("\n")

    def pairs(self, rows: pl.DataFrame) -> tuple[list[str], list[str]]:
        """Prompts and answers of canonical rows, see `row_pairs`."""
        given, said = row_pairs(rows, self.settings)
        if self.chat:
            asked = [[{"role": "user", "content": prompt}] for prompt in given]
            given = self.tokenizer.apply_chat_template(
                asked, tokenize=False, add_generation_prompt=True
            )
        return given, said


def row_pairs(rows: pl.DataFrame, settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The prompt of each row, and what a generator should answer to it.

    `rows` are canonical ones; of generated ones `topic` and `fields` hold what their prompts
    showed, of real ones they are null or missing. `settings` hold prompt (a template), format,
    task (its kind) and noun. A prompt is that of generation without examples: it asks for the
    label, so that a tuned generator still writes the label that it is asked for. A continuation
    starts with a space and is one line, an answer in a chat is the whole form that it asks for.
    """
    given, said = [], []
    for index, row in enumerate(rows.iter_rows(named=True)):
        fields = json.loads(row.get("fields") or "{}")
        if row.get("topic"):
            fields["topic"] = row["topic"]
        spec = PromptSpec(index, row["label"], (), fields, context=row.get("context"))
        given.append(render(settings["prompt"], spec, settings["noun"]))
        text = _answer(row, settings["task"])
        continued = " " + " ".join(text.split())
        whole = STARTS.get(settings["task"], "") + text
        said.append(whole if settings["format"] == "chat" else continued)
    return given, said


def _answer(row: Mapping[str, Any], kind: str) -> str:
    """A row as prompts show it and `mixtura.prompting.parse` reads it."""
    if kind == "qa":
        return f"{row['question']} Answer: {row['answers'][0]}"
    if kind == "instruction":
        return f"{row['prompt']} Response: {row['response']}"
    return str(row["text"])
