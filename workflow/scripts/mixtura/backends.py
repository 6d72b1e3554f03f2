"""Backends: engines that turn prompts into completions, all with one method."""

from dataclasses import dataclass
from typing import Any, Protocol

from mixtura.streams import stream_seed


@dataclass(frozen=True)
class Completion:
    """What came back for one prompt. `finish_reason` is "stop" or "length"."""

    text: str
    finish_reason: str
    prompt_tokens: int
    new_tokens: int


class Backend(Protocol):
    """An engine with a model loaded."""

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt, in order; the same seeds give the same completions."""
        ...


class TransformersBackend:
    """A causal language model through Hugging Face transformers, on CUDA where there is one."""

    def __init__(self, folder: str) -> None:
        """Load the model in `folder`: bfloat16 where the processor computes in it."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if _computes_bfloat16() else torch.float32
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True)
        self.model = model.to(self.device).eval()
        pieces = self.tokenizer.batch_decode([[i] for i in range(len(self.tokenizer))])
        self.newlines = [i for i, piece in enumerate(pieces) if "\n" in piece]

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        """One line for each prompt. Raises ValueError where a prompt exceeds the context."""
        import torch

        batch = self.tokenizer(prompts, return_tensors="pt", padding=True).to(self.device)
        width, longest = batch.input_ids.shape[1], sampling["max_new_tokens"]
        context = self.model.config.max_position_embeddings
        if width + longest > context:
            raise ValueError(
                f"a prompt of {width} tokens and {longest} new ones exceed the model's context of "
                f"{context}; show fewer examples or lower sampling.max_new_tokens"
            )
        ends = [self.tokenizer.eos_token_id, *self.newlines]
        greedy = sampling["temperature"] == 0
        warp = (
            {} if greedy else {k: sampling[k] for k in ("temperature", "top_p", "top_k", "min_p")}
        )
        torch.manual_seed(stream_seed(0, *seeds))
        with torch.inference_mode():
            output = self.model.generate(
                **batch,
                do_sample=not greedy,
                **warp,
                max_new_tokens=longest,
                eos_token_id=ends,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        stops = set(ends)
        completions = []
        for row, mask in zip(output[:, width:].tolist(), batch.attention_mask, strict=True):
            stop = next((place for place, token in enumerate(row) if token in stops), None)
            completions.append(
                Completion(
                    text=self.tokenizer.decode(row[:stop], skip_special_tokens=True),
                    finish_reason="length" if stop is None else "stop",
                    prompt_tokens=int(mask.sum()),
                    new_tokens=longest if stop is None else stop + 1,
                )
            )
        return completions


BACKENDS: dict[str, type[TransformersBackend]] = {"transformers": TransformersBackend}


def _computes_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 here: CPUs without it emulate it, far slower."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_tile") or can.get("amx_bf16") or can.get("avx512_bf16"))
