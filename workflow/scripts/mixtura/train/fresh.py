"""Models as their files have them: a process reads a folder once, however often it trains.

A job of several runs, a search and a batch that is halved all begin with the same weights.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import AutoTokenizer

from mixtura.core.contents import folder_state

T = TypeVar("T")

# Bytes of the largest files of weights of which a copy is kept, in float32 up to twice as much.
# Training takes four times the weights, and a job has 3 GB by default: a copy of more would end
# jobs that fit, to save a second beside minutes.
LARGEST = 200_000_000

_kept: dict[str, Any] = {}  # the last folder, and what was read of it


def is_small(folder: str) -> bool:
    """Whether a copy of the weights in a folder is kept."""
    return sum(file.stat().st_size for file in Path(folder).rglob("*.safetensors")) <= LARGEST


def read_once(folder: str, name: str, read: Callable[[], T]) -> T:
    """What `read` reads of a small folder, the caller's to change: the second time a copy.

    `name` tells apart what is read of one folder. A folder whose files changed is read again.
    """
    key = (name, folder_state(folder))
    if _kept.get("key") != key:
        _kept.clear()
        _kept.update(key=key, value=read())
    value: T = copy.deepcopy(_kept["value"])
    return value


def read_model(auto: Any, folder: str, seed: int, **options: Any) -> tuple[Any, Any]:
    """`auto.from_pretrained` of a folder with options, and its tokenizer.

    Weights that its files lack, such as those of a new head, are drawn from `seed`. What is large,
    in 4 bits or spread over devices is read each time.
    """
    if not is_small(folder) or options.keys() & {"device_map", "distributed_config"}:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        torch.manual_seed(seed)
        return auto.from_pretrained(folder, use_safetensors=True, **options), tokenizer

    def read() -> tuple[Any, ...]:
        model, about = auto.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **options
        )
        state = model.state_dict()
        weights = {name: state[name] for name in state if name not in about["missing_keys"]}
        generation = getattr(model, "generation_config", None)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return type(model), model.config, generation, weights, tokenizer

    kind, config, generation, weights, tokenizer = read_once(
        folder, f"{auto.__name__} {options}", read
    )
    torch.manual_seed(seed)
    model = kind.from_pretrained(None, config=config, state_dict=weights, dtype=options["dtype"])
    model.name_or_path = model.config.name_or_path = folder  # adapters are saved with it
    if generation:
        model.generation_config = generation
    return model, tokenizer
