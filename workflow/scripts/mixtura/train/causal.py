"""Fine-tuning of a causal language model, whole or by LoRA, and its predictions.

Every row becomes a prompt and a completion (completions.py), and the loss is on the completion
alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.core.digest import digest
from mixtura.core.precision import autocast, dtype_of
from mixtura.prepare.settings import UNANSWERABLE, Kind
from mixtura.train.completions import Turn, label_completion, labels_in, row_turns
from mixtura.train.lora import quantized, with_lora
from mixtura.train.runs import Rows, Workplace, train_run
from mixtura.train.search import Trial
from mixtura.train.settings import CausalTraining, FinetuneSettings, optimiser_steps
from mixtura.train.tables import Steps
from mixtura.train.trainer import (
    Progress,
    Restart,
    Trackers,
    planned_batches,
    processes,
    progress_lines,
    silent,
    train,
)


class TokenSequence(NamedTuple):
    """Tokens of one row, of which the first `prompt` are the prompt and the rest is learnt."""

    row: int
    ids: list[int]
    prompt: int


class CausalModel:
    """A causal language model of a task: `train`, then `predict`."""

    cut: Mapping[str, float] = {}  # a longer row is an error

    def __init__(
        self,
        folder: str,
        kind: Kind,
        labels: list[str],
        settings: CausalTraining,
        seed: int,
        no_label: str = "",
    ) -> None:
        """Load the model in `folder` for a task of a kind, its label words in their order.

        A model on several GPUs is spread over them by accelerate. Raises ValueError for a LoRA
        module that the model does not have, a `max_length` beyond the model's context, and `chat`
        where the model has no chat template.
        """
        import torch

        self.folder, self.kind, self.labels, self.no_label = folder, kind, labels, no_label
        self.settings, self.seed = settings, seed
        self.steps: pl.DataFrame = Steps.create_empty()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.dtype = dtype_of(settings.precision)
        self.model, self.tokenizer = self._fresh_model()
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        self.start: list[int] = self.tokenizer("").input_ids or [self.tokenizer.eos_token_id]
        self.end: list[int] = [self.tokenizer.eos_token_id]
        if settings.chat:
            self.start = []  # the template has it
            if not self.tokenizer.chat_template:
                raise ValueError(f"chat: {folder} has no chat template; leave chat out")
        context = getattr(self.model.config, "max_position_embeddings", settings.max_length)
        if settings.max_length > context:
            raise ValueError(
                f"max_length: {settings.max_length} is more than the {context} tokens that the "
                "model can see"
            )

    def _fresh_model(self) -> tuple[Any, Any]:
        """The untrained model, its adapters drawn from the seed, and its tokenizer."""
        import torch
        from transformers import AutoModelForCausalLM

        from mixtura.train.fresh import read_model

        lora = self.settings.lora
        # Trained weights stay in float32: bfloat16 is too coarse to add small steps to.
        options: dict[str, Any] = {"dtype": getattr(torch, self.dtype) if lora else torch.float32}
        if processes() > 1:
            from transformers.distributed import DistributedConfig

            options["distributed_config"] = DistributedConfig(fsdp_size=processes())
        elif torch.cuda.device_count() > 1:
            options["device_map"] = "auto"
        if lora and lora.quantize:
            options |= quantized(self.dtype)
        model, tokenizer = read_model(AutoModelForCausalLM, self.folder, self.seed, **options)
        if lora:
            model = with_lora(model, lora)
        placed = {"device_map", "distributed_config"} & options.keys()
        return model if placed else model.to(self.device), tokenizer

    def sequences(self, prompts: Sequence[str], completions: Sequence[str]) -> list[TokenSequence]:
        """Tokens of each prompt and completion. Raises ValueError where they are too many."""
        longest = self.settings.max_length
        encoded_prompts = [self._tokens(text) for text in prompts]
        encoded_completions = [[*self._tokens(text), *self.end] for text in completions]
        sequences = []
        for row, (prompt, completion) in enumerate(
            zip(encoded_prompts, encoded_completions, strict=True)
        ):
            start = [*self.start, *prompt]
            if self.kind == "text":
                size = longest - len(start)
                pieces = [completion[at : at + size] for at in range(0, len(completion), size)]
            elif len(start) + len(completion) > longest:
                raise ValueError(
                    f"row {row + 1} has {len(start) + len(completion)} tokens, but max_length is "
                    f"{longest}; raise it as far as the model allows, or leave long rows out: "
                    f"{prompts[row][:80]!r}"
                )
            else:
                pieces = [completion]
            sequences += [TokenSequence(row, start + piece, len(start)) for piece in pieces]
        return sequences

    def train(
        self,
        rows: pl.DataFrame,
        progress: Progress = silent,
        restart: Restart = Restart(),  # noqa: B008  (immutable)
    ) -> pl.DataFrame:
        """Train on canonical rows of the task; returns the steps (`mixtura.train.tables.Steps`).

        Raises ValueError for no rows (unless there are no steps) and a label that is not of the
        task, and as `mixtura.train.trainer.train`.
        """
        labels = self.labels
        if self.kind == "classification" and (unknown := set(rows["label"]) - set(labels)):
            raise ValueError(f"labels {sorted(unknown)} are not of {labels}")
        return self.learn(*self.pairs(rows), progress, restart)

    def pairs(self, rows: pl.DataFrame) -> tuple[list[str], list[str]]:
        """Prompts and completions of canonical rows; of a conversation, of all its answers."""
        turns = row_turns(self.kind, rows, self.no_label)
        return self._prompts(turns), [self._completion(turn.completion) for turn in turns]

    def _completion(self, text: str) -> str:
        """A completion as it stands after its prompt: a turn in a chat starts with no space."""
        return text.strip() if self.settings.chat else text

    def _prompts(self, turns: Sequence[Turn]) -> list[str]:
        if not self.settings.chat:
            return [turn.prompt for turn in turns]
        texts: list[str] = self.tokenizer.apply_chat_template(
            [turn.context for turn in turns], tokenize=False, add_generation_prompt=True
        )
        return texts

    def learn(
        self,
        prompts: Sequence[str],
        completions: Sequence[str],
        progress: Progress = silent,
        restart: Restart = Restart(),  # noqa: B008  (immutable)
    ) -> pl.DataFrame:
        """Train on a completion for each prompt; else as `train`."""
        from mixtura.train.sft import packed, sft_trainer

        settings = self.settings
        steps = optimiser_steps(settings, len(prompts))
        if not steps:
            return self.steps
        if not prompts:
            raise ValueError("an empty mix: there is nothing to train on")
        rows = [
            {"input_ids": ids, "labels": [-100] * prompt + ids[prompt:]}
            for _, ids, prompt in self.sequences(prompts, completions)
        ]
        if settings.packing:
            rows = packed(rows, settings.max_length)
        models = [self.model]

        def trainer_of(arguments: dict[str, Any]) -> Any:
            self.model = models.pop() if models else self._fresh_model()[0]
            return sft_trainer(self.model, self.tokenizer, rows, settings, arguments)

        lengths = [len(row["input_ids"]) for row in rows]
        self.steps = train(
            trainer_of,
            planned_batches(lengths, settings.batch_size, steps, self.seed),
            lengths,
            settings,
            self.seed,
            self.dtype,
            digest([self.seed, settings.to_json(), self.labels, prompts, completions], 16),
            restart,
            progress,
            settings.accumulate,
        )
        return self.steps

    def save(self, folder: Path) -> None:
        """Write the model, or its adapters alone, and its tokenizer to a new folder."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def predict(self, rows: pl.DataFrame, batch_size: int = 32) -> pl.DataFrame:
        """Predictions for canonical rows with a column test: test, id, gold, predicted, and more.

        classification: the label word of the highest likelihood, and p_LABEL for each;
        multilabel: the labels that the answer names; qa: `gold`
        is the list of answers, `predicted` empty where the model says that there is none;
        instruction: nll (nats) and tokens of the real response, of a conversation of all answers,
        beside the greedy last one; text: nll and tokens of the text alone, no words.
        """
        self.model.eval()
        turns = row_turns(self.kind, rows, self.no_label)
        last = {turn.row: turn for turn in turns}  # of a conversation, what is answered
        prompts = self._prompts(list(last.values()))
        if self.kind == "classification":
            shares = self._label_shares(prompts, batch_size)
            return rows.select(
                "test",
                "id",
                gold="label",
                predicted=pl.Series([self.labels[best] for best in shares.argmax(axis=1)]),
                **{f"p_{label}": shares[:, place] for place, label in enumerate(self.labels)},
            )
        result = rows.select("test", "id")
        if self.kind == "multilabel":
            sets = [labels_in(text, self.labels) for text in self.answers(prompts, batch_size)]
            predicted = pl.Series(sets, dtype=pl.List(pl.String))
            return result.with_columns(rows["labels"].alias("gold"), predicted=predicted)
        if self.kind == "qa":
            answers = [text.partition("\n")[0] for text in self.answers(prompts, batch_size)]
            predicted = pl.Series([answer.strip() for answer in answers]).replace(UNANSWERABLE, "")
            return result.with_columns(rows["answers"].alias("gold"), predicted=predicted)
        nll, tokens = self.nll(
            self._prompts(turns), [turn.completion for turn in turns], batch_size
        )
        of_rows = [turn.row for turn in turns]
        numbers = {
            name: pl.Series(np.bincount(of_rows, values, rows.height)).cast(kind)
            for name, values, kind in (("nll", nll, pl.Float64), ("tokens", tokens, pl.Int64))
        }
        if self.kind == "text":
            return result.with_columns(gold=pl.lit(""), predicted=pl.lit(""), **numbers)
        answers = [text.strip() for text in self.answers(prompts, batch_size)]
        return result.with_columns(
            rows["response"].alias("gold"), predicted=pl.Series(answers), **numbers
        )

    def loss(self, rows: pl.DataFrame, batch_size: int = 32) -> float:
        """Mean loss of a token of the completions of canonical rows, nats."""
        nll, tokens = self.nll(*self.pairs(rows), batch_size)
        return float(nll.sum() / tokens.sum())

    def nll(
        self, prompts: Sequence[str], completions: Sequence[str], batch_size: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Negative log-likelihood of each completion in nats, its end included, and its tokens."""
        import torch

        self.model.eval()
        nll, tokens = np.zeros(len(prompts)), np.zeros(len(prompts), dtype=np.int64)
        with torch.inference_mode():
            for batch in _by_length(self.sequences(prompts, completions), batch_size):
                logits, labels = self._logits(batch)
                losses = _token_loss(logits, labels).sum(dim=1).double().cpu().numpy()
                counts = (labels[:, 1:] != -100).sum(dim=1).cpu().numpy()
                # A text in several pieces has several sequences of one row.
                places = [sequence.row for sequence in batch]
                np.add.at(nll, places, losses)
                np.add.at(tokens, places, counts)
        return nll, tokens

    def answers(self, prompts: Sequence[str], batch_size: int) -> list[str]:
        """The likeliest answer to each prompt, word for word (greedy)."""
        import torch

        answers = [""] * len(prompts)
        pad, new = self.tokenizer.pad_token_id, self.settings.max_new_tokens
        for batch in _by_length(self.sequences(prompts, answers), batch_size):
            starts = [sequence.ids[: sequence.prompt] for sequence in batch]
            width = max(map(len, starts))
            ids = torch.tensor([[pad] * (width - len(start)) + start for start in starts])
            mask = torch.tensor([[0] * (width - len(s)) + [1] * len(s) for s in starts])
            with torch.inference_mode(), autocast(self.device, self.dtype):
                output = self.model.generate(
                    input_ids=ids.to(self.model.device),
                    attention_mask=mask.to(self.model.device),
                    do_sample=False,
                    max_new_tokens=new,
                    pad_token_id=pad,
                    eos_token_id=self.tokenizer.eos_token_id,
                    use_cache=True,
                )
            for sequence, tokens in zip(batch, output[:, width:].tolist(), strict=True):
                answers[sequence.row] = self.tokenizer.decode(tokens, skip_special_tokens=True)
        return answers

    def _label_shares(self, prompts: Sequence[str], batch_size: int) -> NDArray[np.float64]:
        """(prompts, labels) likelihoods of the label words, as shares of their sum."""
        words = [self._completion(label_completion(label)) for label in self.labels]
        completions = [[word] * len(prompts) for word in words]
        logs = [-self.nll(prompts, texts, batch_size)[0] for texts in completions]
        likelihoods = np.stack(logs, axis=1)
        raised = np.exp(likelihoods - likelihoods.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return shares

    def _logits(self, batch: list[TokenSequence]) -> tuple[Any, Any]:
        """Logits (rows, width, vocabulary) and labels (rows, width), -100 in the prompt."""
        import torch

        width = max(len(sequence.ids) for sequence in batch)
        pad = self.tokenizer.pad_token_id
        ids, mask, labels = [], [], []
        for sequence in batch:
            missing = width - len(sequence.ids)
            ids.append(sequence.ids + [pad] * missing)
            mask.append([1] * len(sequence.ids) + [0] * missing)
            learnt = sequence.ids[sequence.prompt :]
            labels.append([-100] * sequence.prompt + learnt + [-100] * missing)
        device = self.model.device
        with autocast(self.device, self.dtype):
            logits = self.model(
                input_ids=torch.tensor(ids).to(device), attention_mask=torch.tensor(mask).to(device)
            ).logits
        return logits, torch.tensor(labels).to(logits.device)

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids


def fit(
    settings: FinetuneSettings, rows: Rows, seed: int, place: Workplace
) -> tuple[CausalModel, list[Trial]]:
    """The language model of a run, and the trials of its search."""
    assert isinstance(settings.training, CausalTraining)

    def trained(training: CausalTraining, folder: Path | None) -> CausalModel:
        steps = optimiser_steps(training, rows.train.height)
        if training.sharded and place.processes > 1 and steps:
            from mixtura.train.sharded import train_sharded

            changed = settings.model_copy(update={"training": training})
            return train_sharded(changed, rows.train, seed, place)
        task = (settings.task, settings.labels)
        model = CausalModel(place.folder, *task, training, seed, settings.no_label)
        trackers = Trackers(place.report_to, place.events, place.events)
        restart = Restart(folder, place.minutes, trackers)
        model.train(rows.train, progress_lines(place.say), restart)
        return model

    return train_run(settings.training, trained, rows, place)


def _by_length(sequences: list[TokenSequence], size: int) -> Iterator[list[TokenSequence]]:
    order = sorted(sequences, key=lambda sequence: (len(sequence.ids), sequence.row))
    for at in range(0, len(order), size):
        yield order[at : at + size]


def _token_loss(logits: Any, labels: Any) -> Any:
    """(rows, width - 1) loss of each token in nats, 0 where nothing is learnt."""
    import torch

    return torch.nn.functional.cross_entropy(
        logits[:, :-1].float().transpose(1, 2), labels[:, 1:], ignore_index=-100, reduction="none"
    )
