"""The type of products: what is asked for, or what the machine that computes has."""

import pytest
import torch

from mixtura.core.precision import dtype_of


@pytest.mark.parametrize("gpu", [None, True, False])  # none, one with bfloat16, one without
@pytest.mark.parametrize("processor", [{}, {"amx_bf16": False}, {"avx512_bf16": True}])
def test_a_gpu_decides_where_there_is_one_and_else_the_processor(
    gpu: bool | None, processor: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu is not None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bool(gpu))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: processor)
    has = processor.get("avx512_bf16", False) if gpu is None else gpu
    assert dtype_of() == ("bfloat16" if has else "float32")
    assert dtype_of("float16") == "float16"
