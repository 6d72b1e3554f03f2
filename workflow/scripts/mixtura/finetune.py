"""Fine-tuning of an encoder as a classifier, and its predictions."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def train_classifier(
    folder: str,
    texts: Sequence[str],
    labels: Sequence[str],
    settings: dict[str, Any],
    seed: int,
    progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> tuple[Any, Any, pl.DataFrame]:
    """Train the encoder in `folder` to tell the labels apart; returns model, tokenizer, steps.

    `settings` are those of `mixtura.config.Finetune` and `labels`, the label words in the order
    of the classes. The steps frame has columns step, learning_rate, loss. Raises ValueError for a
    label that is not in `labels`, and FloatingPointError where the loss is not finite.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    unknown = set(labels) - set(settings["labels"])
    if unknown:
        raise ValueError(f"labels {sorted(unknown)} are not of the task {settings['labels']}")
    if not texts:
        raise ValueError("an empty mix: there is nothing to train on")
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(settings["labels"]), use_safetensors=True
    ).to(device)
    freeze_layers(model, settings["freeze"])
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        weights, lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    classes = [settings["labels"].index(label) for label in labels]
    batches = endless_batches(texts, settings["batch_size"], seed)
    plan = list(itertools.islice(batches, settings["steps"]))
    warmup = settings["warmup"] * len(plan)
    log = []
    model.train()
    for step, rows in enumerate(plan, start=1):
        rate = settings["learning_rate"] * learning_rate_factor(step, len(plan), warmup)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = _encode(tokenizer, [texts[row] for row in rows], settings, device)
        target = torch.tensor([classes[row] for row in rows], device=device)
        loss = model(**batch, labels=target).loss
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss.item()} at step {step}; lower learning_rate"
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        log.append({"step": step, "learning_rate": rate, "loss": loss.item()})
        progress(step, len(plan), loss.item())
    return model.eval(), tokenizer, pl.DataFrame(log)


def predict(
    model: Any, tokenizer: Any, texts: Sequence[str], settings: dict[str, Any], batch_size: int = 64
) -> NDArray[np.float32]:
    """(n, classes) probabilities of the classes for each text."""
    import torch

    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    found = np.empty((len(texts), len(settings["labels"])), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = _encode(tokenizer, [texts[row] for row in rows], settings, model.device)
            found[rows] = model(**batch).logits.float().softmax(dim=-1).cpu().numpy()
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


def endless_batches(
    texts: Sequence[str], size: int, seed: int, pool: int = 8
) -> Iterator[list[int]]:
    """Batches of row numbers without end: every row once an epoch, in an order drawn from `seed`.

    Each `pool` batches share rows of like length, so that little is padded.
    """
    rng = random.Random(seed)
    while True:
        order = list(range(len(texts)))
        rng.shuffle(order)
        batches = []
        for start in range(0, len(order), pool * size):
            like = sorted(order[start : start + pool * size], key=lambda row: len(texts[row]))
            batches += [like[at : at + size] for at in range(0, len(like), size)]
        rng.shuffle(batches)
        yield from batches


def learning_rate_factor(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over `warmup` steps, then linear decay that ends above 0 at the last step."""
    return min(step / warmup if warmup else 1.0, 1.0) * (steps - step + 1) / steps


def _encode(tokenizer: Any, texts: list[str], settings: dict[str, Any], device: Any) -> Any:
    return tokenizer(
        texts,
        return_tensors="pt",
        padding=True,
        truncation=True,
        max_length=settings["max_length"],
    ).to(device)
