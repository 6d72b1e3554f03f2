"""A generator as it is trained in a loop: the prompt and the answer of a row."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.generate.dials.base import Prompt
from mixtura.generate.prompting import render
from mixtura.prepare.settings import Kind
from mixtura.train.causal import CausalModel
from mixtura.train.settings import CausalTraining, Prompting

# How an answer in a chat starts; a prompt that is continued ends with it.
STARTS = {"qa": "Question: ", "instruction": "Instruction: "}


class Writer(CausalModel):
    """A generator whose prompts start and whose answers end as where it generates."""

    def __init__(
        self, folder: str, prompting: Prompting, training: CausalTraining, seed: int = 0
    ) -> None:
        """Load the model in `folder`; see `CausalModel`."""
        super().__init__(folder, prompting.task, [], training, seed)
        self.prompting, self.chat = prompting, prompting.format == "chat"
        self.start = [] if self.chat else self.tokenizer("").input_ids
        if not self.chat:  # a continuation is one line
            self.end = self._tokens("\n")

    def pairs(self, rows: pl.DataFrame) -> tuple[list[str], list[str]]:
        """Prompts and answers of canonical rows, see `row_pairs`."""
        prompts, answers = row_pairs(rows, self.prompting)
        if self.chat:
            messages = [[{"role": "user", "content": prompt}] for prompt in prompts]
            prompts = self.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        return prompts, answers

    def save(self, folder: Path) -> None:
        """Write the model, its adapters merged, and its tokenizer to a new folder."""
        model = self.model.merge_and_unload() if self.settings.lora else self.model
        model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def row_pairs(rows: pl.DataFrame, settings: Prompting) -> tuple[list[str], list[str]]:
    """The prompt of each row, and the answer that a generator learns to it.

    `rows` are canonical ones; of generated ones `topic` and `fields` hold what their prompts
    showed, of real ones they are null or missing. A prompt is that of generation without examples:
    it asks for the label, so that a tuned generator still writes the label that its prompt asks
    for. A continuation starts with a space and is one line, an answer in a chat is the whole form
    that its prompt asks for.
    """
    prompts, answers = [], []
    for index, row in enumerate(rows.iter_rows(named=True)):
        fields = json.loads(row.get("fields") or "{}")
        if row.get("topic"):
            fields["topic"] = row["topic"]
        label = row["label"]
        if settings.task == "multilabel":
            label = ", ".join(row["labels"]) or settings.no_label
        prompt = Prompt(index, label, (), fields, context=row.get("context"))
        prompts.append(render(settings.prompt, prompt, settings.noun))
        text = _answer(row, settings.task)
        continuation = " " + " ".join(text.split())
        message = STARTS.get(settings.task, "") + text
        answers.append(message if settings.format == "chat" else continuation)
    return prompts, answers


def _answer(row: Mapping[str, Any], kind: Kind) -> str:
    """A row as prompts show it and `mixtura.generate.prompting.parse` reads it."""
    if kind == "qa":
        return f"{row['question']} Answer: {next(iter(row['answers']), 'none')}"
    if kind == "instruction":
        return f"{row['prompt']} Response: {row['response']}"
    return str(row["text"])
