"""Fine-tuning of an encoder as a classifier, and its predictions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mixtura.checkpoint import Checkpoints
from mixtura.digest import digest
from mixtura.training import computes_bfloat16, optimiser_steps, planned_batches, train


def train_classifier(
    folder: str,
    texts: Sequence[str],
    labels: Sequence[str],
    settings: dict[str, Any],
    seed: int,
    progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
    resume: Path | None = None,
    minutes: float = 10,
) -> tuple[Any, Any, pl.DataFrame]:
    """Train the encoder in `folder` to tell the labels apart; returns model, tokenizer, steps.

    `settings` are those of `mixtura.config.Encoder` and `labels`, the label words in the order
    of the classes; with 0 steps the model stays as it is, its head new. The folder `resume`
    gets a checkpoint every so many `minutes` and is gone on from. The frame of steps has columns
    `mixtura.training.STEPS`. Raises ValueError for no rows, a label that is not in `labels`, or
    a max_length that the model cannot read, and as `mixtura.training.train`.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    unknown = set(labels) - set(settings["labels"])
    if unknown:
        raise ValueError(f"labels {sorted(unknown)} are not of the task {settings['labels']}")
    steps = optimiser_steps(settings, len(texts))
    if steps and not texts:
        raise ValueError("an empty mix: there is nothing to train on")
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(settings["labels"]), use_safetensors=True
    ).to(device)
    most = getattr(model.config, "max_position_embeddings", settings["max_length"])
    if settings["max_length"] > most:
        raise ValueError(
            f"max_length: {settings['max_length']} is more than the {most} tokens that the model "
            "can see"
        )
    freeze_layers(model, settings["freeze"])
    encoded = _encode(tokenizer, texts, settings["max_length"])
    classes = torch.tensor([settings["labels"].index(label) for label in labels], device=device)
    precision = _precision(device)

    def loss_of(part: list[int], batch: list[int]) -> Any:
        with precision:
            loss = model(**_padded(encoded, part, tokenizer, device), labels=classes[part]).loss
        return loss * (len(part) / len(batch))

    log = train(
        model,
        planned_batches(texts, settings["batch_size"], steps, seed),
        loss_of,
        [len(row["input_ids"]) for row in encoded],
        settings,
        Checkpoints(resume, digest([folder, seed, settings, texts, labels], 16), minutes),
        progress,
    )
    return model.eval(), tokenizer, log


def too_long(tokenizer: Any, texts: Sequence[str], max_length: int) -> int:
    """How many texts have more than `max_length` tokens; a model reads no more of them."""
    if not texts:
        return 0
    made = tokenizer(list(texts), truncation=True, max_length=max_length)
    return sum(bool(one.overflowing) for one in made.encodings)


def predict(
    model: Any, tokenizer: Any, texts: Sequence[str], settings: dict[str, Any], batch_size: int = 32
) -> NDArray[np.float32]:
    """(n, classes) probabilities of the classes for each text."""
    import torch

    encoded = _encode(tokenizer, texts, settings["max_length"])
    order = sorted(range(len(texts)), key=lambda row: len(encoded[row]["input_ids"]))
    found = np.empty((len(texts), len(settings["labels"])), dtype=np.float32)
    with torch.inference_mode(), _precision(model.device.type):
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            logits = model(**_padded(encoded, rows, tokenizer, model.device)).logits
            found[rows] = logits.float().softmax(dim=-1).cpu().numpy()
    return found


def freeze_layers(model: Any, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` encoder layers as they are; 0 frees all.

    Raises ValueError where the model has fewer layers.
    """
    if not layers:
        return
    stack = next(
        module for module in model.base_model.modules() if type(module).__name__ == "ModuleList"
    )
    if layers > len(stack):
        raise ValueError(f"freeze: {layers} layers, but the model has {len(stack)}")
    for part in (model.base_model.embeddings, *stack[:layers]):
        part.requires_grad_(False)


def _precision(device: str) -> Any:
    """bfloat16 for products where the processor computes in it; weights stay float32."""
    import torch

    return torch.autocast(device, torch.bfloat16, enabled=computes_bfloat16())


def _encode(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[dict[str, Any]]:
    """What the model reads of each text, as tensors (tokens,)."""
    import torch

    if not texts:
        return []
    made = tokenizer(list(texts), truncation=True, max_length=max_length)
    return [
        {key: torch.tensor(values[row]) for key, values in made.items()}
        for row in range(len(texts))
    ]


def _padded(encoded: list[dict[str, Any]], rows: list[int], tokenizer: Any, device: Any) -> Any:
    from torch.nn.utils.rnn import pad_sequence

    fill = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
    return {
        key: pad_sequence([encoded[row][key] for row in rows], True, fill.get(key, 0)).to(device)
        for key in encoded[0]
    }
