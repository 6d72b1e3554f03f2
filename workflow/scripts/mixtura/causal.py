"""Fine-tuning of a causal language model, whole or by LoRA, and what it then answers.

Every row becomes a prompt and a completion, and the loss is on the completion alone:

| kind | prompt | completion |
|---|---|---|
| classification | the text, then "Label:" | the label word |
| qa | context and question, then "Answer:" | the answer |
| instruction | the prompt | the response |
| text | none | the text, in pieces of at most `max_length` tokens |
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.checkpoint import Checkpoints
from mixtura.digest import digest
from mixtura.training import computes_bfloat16, optimiser_steps, planned_batches, train


@dataclass(frozen=True)
class Sequenced:
    """Tokens of one row, of which the first `prompt` are given and the rest is to be learnt."""

    row: int
    ids: list[int]
    prompt: int


def prompts(kind: str, rows: pl.DataFrame) -> list[str]:
    """What the model is given of each row."""
    if kind == "classification":
        return [f"{text}\nLabel:" for text in rows["text"]]
    if kind == "qa":
        pairs = zip(rows["context"], rows["question"], strict=True)
        return [f"{context}\nQuestion: {question}\nAnswer:" for context, question in pairs]
    if kind == "instruction":
        return [f"{prompt}\n" for prompt in rows["prompt"]]
    return [""] * rows.height


def completions(kind: str, rows: pl.DataFrame) -> list[str]:
    """What the model is to say to each row."""
    if kind == "classification":
        return [f" {label}" for label in rows["label"]]
    if kind == "qa":
        return [f" {answers[0]}" for answers in rows["answers"]]
    return rows["response" if kind == "instruction" else "text"].to_list()


class CausalModel:
    """A causal language model of a task: `train`, then `predict`."""

    def __init__(self, folder: str, kind: str, settings: dict[str, Any], seed: int) -> None:
        """Load the model in `folder`; `settings` are those of `mixtura.config.CausalLM`.

        A model on several GPUs is spread over them by accelerate. Raises ValueError for a LoRA
        module that the model does not have, and a `max_length` beyond the model's context.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.manual_seed(seed)
        self.kind, self.settings, self.seed = kind, settings, seed
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.fast_bfloat16 = computes_bfloat16()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        self.start = self.tokenizer("").input_ids or [self.tokenizer.eos_token_id]
        self.end: list[int] = [self.tokenizer.eos_token_id]
        # Trained weights stay in float32: bfloat16 is too coarse to add small steps to.
        frozen = self.fast_bfloat16 and settings["lora"] is not None
        spread = {"device_map": "auto"} if torch.cuda.device_count() > 1 else {}
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16 if frozen else torch.float32,
            use_safetensors=True,
            **spread,
        )
        context = getattr(model.config, "max_position_embeddings", settings["max_length"])
        if settings["max_length"] > context:
            raise ValueError(
                f"max_length: {settings['max_length']} is more than the {context} tokens that the "
                "model can see"
            )
        if settings["gradient_checkpointing"]:
            model.activation_checkpointing_enable()
            model.config.use_cache = False
            model.enable_input_require_grads()
        if settings["lora"]:
            model = with_lora(model, settings["lora"])
        self.model = model if spread else model.to(self.device)

    def sequences(self, given: Sequence[str], said: Sequence[str]) -> list[Sequenced]:
        """Tokens of each prompt and completion. Raises ValueError where they are too many."""
        longest = self.settings["max_length"]
        before = [self._tokens(text) for text in given]
        after = [[*self._tokens(text), *self.end] for text in said]
        found = []
        for row, (one, other) in enumerate(zip(before, after, strict=True)):
            start = [*self.start, *one]
            if self.kind == "text":
                size = longest - len(start)
                pieces = [other[at : at + size] for at in range(0, len(other), size)]
            elif len(start) + len(other) > longest:
                raise ValueError(
                    f"row {row + 1} has {len(start) + len(other)} tokens, but max_length is "
                    f"{longest}; raise it as far as the model allows, or leave long rows out: "
                    f"{given[row][:80]!r}"
                )
            else:
                pieces = [other]
            found += [Sequenced(row, start + piece, len(start)) for piece in pieces]
        return found

    def train(
        self,
        rows: pl.DataFrame,
        progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
        resume: Path | None = None,
        minutes: float = 10,
    ) -> pl.DataFrame:
        """Train on canonical rows of the task; returns the steps (`mixtura.training.STEPS`).

        The folder `resume` gets a checkpoint every so many `minutes` and is gone on from. Raises
        ValueError for no rows (unless there are no steps) and a label that is not of the task,
        and as `mixtura.training.train`.
        """
        labels = self.settings["labels"]
        if self.kind == "classification" and (unknown := set(rows["label"]) - set(labels)):
            raise ValueError(f"labels {sorted(unknown)} are not of {labels}")
        given, said = prompts(self.kind, rows), completions(self.kind, rows)
        return self.learn(given, said, progress, resume, minutes)

    def learn(
        self,
        given: Sequence[str],
        said: Sequence[str],
        progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
        resume: Path | None = None,
        minutes: float = 10,
    ) -> pl.DataFrame:
        """Train to say each of `said` after each of `given`, one of each a row; else as `train`."""
        told = self.settings
        steps = optimiser_steps(told, len(given))
        if steps and not given:
            raise ValueError("an empty mix: there is nothing to train on")
        work = self.sequences(given, said)
        lengths = [len(one.ids) for one in work]

        def loss_of(part: list[int], batch: list[int]) -> Any:
            """Summed over the tokens of the part, as a share of all learnt tokens of the batch."""
            learnt = sum(lengths[place] - work[place].prompt for place in batch)
            return _token_loss(*self._logits([work[place] for place in part])).sum() / learnt

        sizes = ["x" * length for length in lengths]  # batches of like length
        return train(
            self.model,
            planned_batches(sizes, told["batch_size"], steps, self.seed),
            loss_of,
            lengths,
            told,
            Checkpoints(resume, digest([self.seed, told, given, said], 16), minutes),
            progress,
        )

    def save(self, folder: Path) -> None:
        """Write the model, its adapters merged, and its tokenizer to a new folder."""
        model = self.model.merge_and_unload() if self.settings["lora"] else self.model
        model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def predict(self, rows: pl.DataFrame, batch_size: int = 32) -> pl.DataFrame:
        """Predictions for canonical rows with a column test: test, id, gold, predicted, and more.

        classification: the label word of the highest likelihood, and p_LABEL for each; qa: `gold`
        is the list of answers; instruction: nll (nats) and tokens of the real response beside the
        greedy one; text: nll and tokens of the text alone, no words.
        """
        self.model.eval()
        given = prompts(self.kind, rows)
        if self.kind == "classification":
            labels = self.settings["labels"]
            likely = np.stack(
                [-self.nll(given, [f" {label}"] * len(given), batch_size)[0] for label in labels],
                axis=1,
            )
            raised = np.exp(likely - likely.max(axis=1, keepdims=True))
            shares = raised / raised.sum(axis=1, keepdims=True)
            return rows.select(
                "test",
                "id",
                gold="label",
                predicted=pl.Series([labels[best] for best in shares.argmax(axis=1)]),
                **{f"p_{label}": shares[:, place] for place, label in enumerate(labels)},
            )
        found = rows.select("test", "id")
        if self.kind == "qa":
            said = [text.partition("\n")[0].strip() for text in self.answers(given, batch_size)]
            return found.with_columns(rows["answers"].alias("gold"), predicted=pl.Series(said))
        nll, tokens = self.nll(given, completions(self.kind, rows), batch_size)
        numbers = {"nll": pl.Series(nll), "tokens": pl.Series(tokens)}
        if self.kind == "text":
            return found.with_columns(gold=pl.lit(""), predicted=pl.lit(""), **numbers)
        said = [text.strip() for text in self.answers(given, batch_size)]
        return found.with_columns(
            rows["response"].alias("gold"), predicted=pl.Series(said), **numbers
        )

    def loss(self, rows: pl.DataFrame, batch_size: int = 32) -> float:
        """Mean loss of a token of the completions of canonical rows, nats."""
        nll, tokens = self.nll(prompts(self.kind, rows), completions(self.kind, rows), batch_size)
        return float(nll.sum() / tokens.sum())

    def nll(
        self, given: Sequence[str], said: Sequence[str], batch_size: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Negative log-likelihood of each completion in nats, its end included, and its tokens."""
        import torch

        self.model.eval()
        nll, tokens = np.zeros(len(given)), np.zeros(len(given), dtype=np.int64)
        with torch.inference_mode():
            for batch in _by_length(self.sequences(given, said), batch_size):
                logits, labels = self._logits(batch)
                lost = _token_loss(logits, labels).sum(dim=1).double().cpu().numpy()
                counts = (labels[:, 1:] != -100).sum(dim=1).cpu().numpy()
                # A text in several pieces has several sequences of one row.
                places = [one.row for one in batch]
                np.add.at(nll, places, lost)
                np.add.at(tokens, places, counts)
        return nll, tokens

    def answers(self, given: Sequence[str], batch_size: int) -> list[str]:
        """The likeliest answer to each prompt, word for word (greedy)."""
        import torch

        work = self.sequences(given, [""] * len(given))
        said = [""] * len(given)
        pad, new = self.tokenizer.pad_token_id, self.settings["max_new_tokens"]
        for batch in _by_length(work, batch_size):
            asked = [one.ids[: one.prompt] for one in batch]
            width = max(map(len, asked))
            ids = torch.tensor([[pad] * (width - len(one)) + one for one in asked])
            mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in asked])
            with torch.inference_mode(), self._precision():
                made = self.model.generate(
                    input_ids=ids.to(self.model.device),
                    attention_mask=mask.to(self.model.device),
                    do_sample=False,
                    max_new_tokens=new,
                    pad_token_id=pad,
                    eos_token_id=self.tokenizer.eos_token_id,
                    use_cache=True,
                )
            for one, tokens in zip(batch, made[:, width:].tolist(), strict=True):
                said[one.row] = self.tokenizer.decode(tokens, skip_special_tokens=True)
        return said

    def _logits(self, batch: list[Sequenced]) -> tuple[Any, Any]:
        """Logits (rows, width, vocabulary) and labels (rows, width), -100 for what is given."""
        import torch

        width = max(len(one.ids) for one in batch)
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([one.ids + [pad] * (width - len(one.ids)) for one in batch])
        mask = torch.tensor([[1] * len(o.ids) + [0] * (width - len(o.ids)) for o in batch])
        labels = torch.tensor(
            [
                [-100] * one.prompt + one.ids[one.prompt :] + [-100] * (width - len(one.ids))
                for one in batch
            ]
        )
        device = self.model.device
        with self._precision():
            logits = self.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
        return logits, labels.to(logits.device)

    def _precision(self) -> Any:
        import torch

        return torch.autocast(self.device, torch.bfloat16, enabled=self.fast_bfloat16)

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids


def with_lora(model: Any, settings: dict[str, Any]) -> Any:
    """The model with LoRA adapters on its linear layers, or on `target_modules` of them.

    Raises ValueError that names the modules a model has where it lacks one.
    """
    from peft import LoraConfig, get_peft_model

    if wanted := settings["target_modules"]:
        kinds = ("Linear", "Conv1D")
        allowed = {
            name.rpartition(".")[2]
            for name, module in model.named_modules()
            if type(module).__name__ in kinds and module is not model.get_output_embeddings()
        }
        if unknown := sorted(set(wanted) - allowed):
            raise ValueError(
                f"lora.target_modules: the model has no {', '.join(unknown)}; allowed: "
                f"{', '.join(sorted(allowed))}"
            )
    config = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=wanted or "all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _by_length(work: list[Sequenced], size: int) -> Iterator[list[Sequenced]]:
    order = sorted(work, key=lambda one: (len(one.ids), one.row))
    for at in range(0, len(order), size):
        yield order[at : at + size]


def _token_loss(logits: Any, labels: Any) -> Any:
    """(rows, width - 1) loss of each token in nats, 0 where nothing is learnt."""
    import torch

    return torch.nn.functional.cross_entropy(
        logits[:, :-1].float().transpose(1, 2), labels[:, 1:], ignore_index=-100, reduction="none"
    )
