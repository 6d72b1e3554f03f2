"""vLLM in an interpreter of its own: JSON lines in, JSON lines out. `backends.vllm` starts it.

The first line holds the model's folder and the engine's options, every other one a batch. Needs
nothing but vLLM and the standard library beside the package.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mixtura.backends.base import check_context
from mixtura.streams import stream_seed

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # of adapters, as the engine allows them


def open_engine(
    *,
    folder: str,
    chat: bool,
    adapter: str | None,
    max_model_len: int | None,
    tensor_parallel: int,
    **options: Any,
) -> tuple[dict[str, str], Callable[[dict[str, Any]], list[dict[str, Any]]]]:
    """Versions of a loaded engine, and the function that completes a batch with it."""
    import torch
    import vllm
    from vllm.lora.request import LoRARequest

    if adapter:
        rank = json.loads((Path(adapter) / "adapter_config.json").read_text())["r"]
        options |= {"enable_lora": True, "max_lora_rank": next(r for r in RANKS if r >= rank)}
    engine = vllm.LLM(
        folder, max_model_len=max_model_len, tensor_parallel_size=tensor_parallel, **options
    )
    tokenizer: Any = engine.get_tokenizer()
    if chat and not tokenizer.chat_template:
        raise ValueError(f"the model in {folder} has no chat template; use format: completion")
    cuda = torch.cuda.is_available()
    context = engine.llm_engine.model_config.max_model_len

    def complete(batch: dict[str, Any]) -> list[dict[str, Any]]:
        tokens = []
        for prompt in batch["prompts"]:
            if chat:
                asked = [{"role": "user", "content": prompt}]
                prompt = tokenizer.apply_chat_template(
                    asked, tokenize=False, add_generation_prompt=True
                )
            tokens.append(tokenizer(prompt, add_special_tokens=not chat).input_ids)
        check_context(max(map(len, tokens)), batch["sampling"]["max_tokens"], context)
        # A seed for each request ends the engine on a CPU; there the batch has one.
        torch.manual_seed(stream_seed(0, *batch["seeds"]))
        answers = engine.generate(
            [{"prompt_token_ids": ids} for ids in tokens],
            [
                vllm.SamplingParams(**batch["sampling"], logprobs=0, seed=seed if cuda else None)
                for seed in batch["seeds"]
            ],
            use_tqdm=False,
            lora_request=LoRARequest("adapter", 1, adapter) if adapter else None,
        )
        written = [(ids, answer.outputs[0]) for ids, answer in zip(tokens, answers, strict=True)]
        return [
            {
                "text": answer.text,
                "finish_reason": answer.finish_reason,
                "prompt_tokens": len(ids),
                "new_tokens": len(answer.token_ids),
                "mean_logprob": answer.cumulative_logprob / len(answer.token_ids),
            }
            for ids, answer in written
        ]

    about = {
        "vllm": vllm.__version__,
        "torch": torch.__version__,
        "dtype": str(engine.llm_engine.model_config.dtype).removeprefix("torch."),
        "device": torch.cuda.get_device_name() if cuda else "cpu",
    }
    return about, complete


def main() -> None:
    """Answer batches until the input ends. An error of one is its answer."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the engine prints goes to the log

    def answer(**told: Any) -> None:
        answers.write(json.dumps(told) + "\n")
        answers.flush()

    about, complete = open_engine(**json.loads(sys.stdin.readline()))
    answer(about=about)
    for line in sys.stdin:
        try:
            answer(completions=complete(json.loads(line)))
        except ValueError as error:
            answer(error=str(error))


if __name__ == "__main__":
    main()
