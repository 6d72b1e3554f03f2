"""The precision of the products in a model: the one place that looks at what a processor can.

A job that computes with a model has a setting `precision` (default "auto"); what it comes to on
the job's machine is recorded in the metadata of its table, as `dtype`.
"""

from typing import Any, Literal

from mixtura.core.settings import Precision

Dtype = Literal["float32", "bfloat16", "float16"]


def dtype_of(precision: Precision = "auto") -> Dtype:
    """The type that products are computed in; "auto" is bfloat16 where the processor has it.

    A processor without bfloat16 emulates it, far slower than it computes in float32.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if _has_bfloat16() else "float32"


def autocast(device: str, dtype: Dtype) -> Any:
    """A context in which products on a device ("cpu", "cuda") are of a type; weights stay."""
    import torch

    return torch.autocast(device, getattr(torch, dtype), enabled=dtype != "float32")


def _has_bfloat16() -> bool:
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_tile") or can.get("amx_bf16") or can.get("avx512_bf16"))
