"""The loop that trains a downstream model: steps, checkpoints, and what goes wrong said clearly."""

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from mixtura.checkpoint import Checkpoints

STEPS = {
    "step": pl.Int64,
    "learning_rate": pl.Float64,
    "loss": pl.Float64,
    "tokens": pl.Int64,  # without padding
    "tokens_per_second": pl.Float64,
    "micro_batch": pl.Int64,  # rows in memory at once; fewer where a GPU had no room
}


def train(
    model: Any,
    plan: list[list[int]],
    loss_of: Callable[[list[int], list[int]], Any],
    lengths: Sequence[int],
    settings: dict[str, Any],
    checkpoints: Checkpoints,
    progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> pl.DataFrame:
    """Train the weights of `model` that require gradients; returns a frame with columns STEPS.

    `plan` holds the row numbers of every batch and `lengths` the tokens of every row.
    `loss_of(part, batch)` is what the rows `part` add to the loss of their batch. `settings` are
    those of a downstream model in the configuration. A checkpoint is gone on from, on a CPU to
    the same weights as without a break. Raises FloatingPointError where the loss is not finite or
    over loss_bound, MemoryError where the smallest allowed part of a batch does not fit.
    """
    import torch

    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    optimizer = torch.optim.AdamW(
        weights.values(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    tensors, about = checkpoints.load()
    if tensors:
        _restore(tensors, weights, optimizer)
    log = about.get("log", [])
    part = math.ceil(settings["batch_size"] / settings.get("accumulate", 1))
    micro, least = about.get("micro", part), max(1, part >> settings["halvings"])
    warmup = settings["warmup"] * len(plan)
    model.train()
    with checkpoints.watching():
        for step, batch in enumerate(plan[len(log) :], start=len(log) + 1):
            rate = settings["learning_rate"] * learning_rate_factor(step, len(plan), warmup)
            for group in optimizer.param_groups:
                group["lr"] = rate
            began = time.perf_counter()
            while True:
                try:
                    loss = _backward(loss_of, batch, micro)
                    break
                except torch.OutOfMemoryError as error:
                    optimizer.zero_grad()
                    torch.cuda.empty_cache()
                    if micro <= least:
                        raise MemoryError(
                            f"no room for {micro} rows of up to {max(lengths[b] for b in batch)} "
                            "tokens: lower max_length or batch_size, or raise halvings"
                        ) from error
                    micro = math.ceil(micro / 2)
                except RuntimeError as error:
                    if "allocate memory" not in str(error):
                        raise
                    raise MemoryError(
                        "the machine has no memory left: lower batch_size or max_length, or "
                        "raise resources.finetune.mem_mb"
                    ) from error
            if not math.isfinite(loss) or loss > settings["loss_bound"]:
                raise FloatingPointError(
                    f"the loss is {loss:.4g} at step {step} (loss_bound "
                    f"{settings['loss_bound']:g}); lower learning_rate"
                )
            torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            tokens = sum(lengths[row] for row in batch)
            log.append([step, rate, loss, tokens, tokens / (time.perf_counter() - began), micro])
            progress(step, len(plan), loss)
            last = step == len(plan) and settings.get("search")  # the model is loaded again
            if last or checkpoints.due():
                checkpoints.save(_state(weights, optimizer), log=log, micro=micro)
    return pl.DataFrame(log, STEPS, orient="row")


def _backward(
    loss_of: Callable[[list[int], list[int]], Any], batch: list[int], micro: int
) -> float:
    """Loss of the batch; its gradients are added up, `micro` rows at a time."""
    total = 0.0
    for start in range(0, len(batch), micro):
        loss = loss_of(batch[start : start + micro], batch)
        loss.backward()
        total += loss.item()
    return total


def _state(weights: dict[str, Any], optimizer: Any) -> dict[str, Any]:
    """All that the next step depends on: weights, moments, and the streams of dropout."""
    import torch

    state = {f"weight.{name}": weight.detach() for name, weight in weights.items()}
    for place, held in optimizer.state_dict()["state"].items():
        state |= {f"optimizer.{place}.{name}": value for name, value in held.items()}
    state["random"] = torch.get_rng_state()
    if torch.cuda.is_available():
        state["random_cuda"] = torch.cuda.get_rng_state()
    return state


def _restore(tensors: dict[str, Any], weights: dict[str, Any], optimizer: Any) -> None:
    import torch

    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(tensors[f"weight.{name}"])
    held: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "optimizer":
            place, _, key = rest.partition(".")
            held.setdefault(int(place), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": held, "param_groups": groups})
    torch.set_rng_state(tensors["random"])
    if "random_cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random_cuda"])


def optimiser_steps(settings: dict[str, Any], rows: int) -> int:
    """Steps of a training: those of `epochs` passes over the rows if given, else `steps`."""
    epochs = settings.get("epochs")
    return epochs * math.ceil(rows / settings["batch_size"]) if epochs else settings["steps"]


def planned_batches(texts: Sequence[str], size: int, steps: int, seed: int) -> list[list[int]]:
    """Row numbers of the first `steps` batches."""
    return list(itertools.islice(endless_batches(texts, size, seed), steps))


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


def computes_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 here: CPUs without it emulate it, far slower."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_tile") or can.get("amx_bf16") or can.get("avx512_bf16"))
