"""Low-rank adapters (Hu et al. 2021, arXiv:2106.09685)."""

from typing import Any

from mixtura.core.precision import Dtype
from mixtura.train.settings import Lora


def with_lora(model: Any, settings: Lora) -> Any:
    """The model with LoRA adapters on its linear layers, or on `target_modules` of them.

    Raises ValueError that names the modules of the model where it lacks one.
    """
    from peft import LoraConfig, get_peft_model

    targets = settings.target_modules
    if targets:
        kinds = ("Linear", "Conv1D")
        allowed = {
            name.rpartition(".")[2]
            for name, module in model.named_modules()
            if type(module).__name__ in kinds and module is not model.get_output_embeddings()
        }
        if unknown := sorted(set(targets) - allowed):
            raise ValueError(
                f"lora.target_modules: the model has no {', '.join(unknown)}; allowed: "
                f"{', '.join(sorted(allowed))}"
            )
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets or "all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def quantized(dtype: Dtype) -> dict[str, Any]:
    """How a model is loaded whose weights are in 4 bits (QLoRA, Dettmers et al. 2023).

    `dtype` is that of the products. Raises ValueError where bitsandbytes is missing.
    """
    from importlib.util import find_spec

    import torch
    from transformers import BitsAndBytesConfig

    if not find_spec("bitsandbytes"):
        raise ValueError("lora.quantize: needs the package bitsandbytes; pip install bitsandbytes")
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
    )
    return {"quantization_config": config, "device_map": {"": 0}}
