"""Hugging Face transformers, in this process, on CUDA where there is one."""

import math
from typing import Any

import numpy as np

from mixtura.backends.base import Completion, check_context, stops

DROP = 0.9  # rows are dropped from a batch when no more than this share of it is unfinished


class TransformersBackend:
    """A causal language model in a folder of safetensors."""

    def __init__(self, folder: str, chat: bool = False) -> None:
        """Load the model: bfloat16 where the processor computes in it.

        `chat` wraps prompts in the chat template of the tokenizer. Raises RuntimeError where the
        model cannot be loaded, ValueError where it has no chat template.
        """
        import torch
        import transformers

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if _computes_bfloat16() else torch.float32
        try:
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                folder, padding_side="left"
            )
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, use_safetensors=True
            )
            self.model = model.to(self.device).eval()
        except Exception as error:
            raise RuntimeError(f"the model in {folder} cannot be loaded: {error}") from error
        if chat and not self.tokenizer.chat_template:
            raise ValueError(f"the model in {folder} has no chat template; use format: completion")
        self.chat = chat
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        self.pieces = self.tokenizer.batch_decode([[i] for i in range(len(self.tokenizer))])
        ends = self.model.generation_config.eos_token_id
        self.ends = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        self.about = {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "dtype": str(dtype).removeprefix("torch."),
            "device": torch.cuda.get_device_name() if self.device == "cuda" else "cpu",
        }

    def complete(
        self, prompts: list[str], sampling: dict[str, Any], seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt; each row has a random stream of its own."""
        import torch

        if self.chat:
            prompts = [self._dialogue(prompt) for prompt in prompts]
        batch = self.tokenizer(
            prompts, return_tensors="pt", padding=True, add_special_tokens=not self.chat
        ).to(self.device)
        lengths = batch.attention_mask.sum(1).tolist()
        longest = sampling["max_new_tokens"]
        check_context(max(lengths), longest, self.model.config.max_position_embeddings)
        draws = np.stack([np.random.default_rng(s).random(longest, np.float32) for s in seeds])
        with torch.inference_mode():
            written = self._write(batch, sampling, torch.from_numpy(draws).to(self.device))
        return [
            Completion(
                text=text,
                finish_reason="stop" if ended else "length",
                prompt_tokens=length,
                new_tokens=len(tokens),
                mean_logprob=sum(logprobs) / len(logprobs),
            )
            for length, (text, ended, tokens, logprobs) in zip(lengths, written, strict=True)
        ]

    def _dialogue(self, prompt: str) -> str:
        asked = [{"role": "user", "content": prompt}]
        made: str = self.tokenizer.apply_chat_template(
            asked, tokenize=False, add_generation_prompt=True
        )
        return made

    def _write(
        self, batch: Any, sampling: dict[str, Any], draws: Any
    ) -> list[tuple[str, bool, list[int], list[float]]]:
        """Text, whether it ended, tokens and their log-probabilities of each row of a batch.

        `generate` of transformers computes finished rows to the end of the longest; here they are
        dropped, and every row draws from numbers of its own, whatever batch it is in.
        """
        import torch

        stop = stops(sampling, self.chat)
        tokens: list[list[int]] = [[] for _ in draws]
        logprobs: list[list[float]] = [[] for _ in draws]
        told = [""] * len(draws)
        mask = batch.attention_mask
        rows = list(range(len(draws)))  # what the batch still holds
        ended: set[int] = set()
        output = self.model(
            input_ids=batch.input_ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            use_cache=True,
            logits_to_keep=1,
        )
        for step in range(draws.shape[1]):
            token, logprob = draw(output.logits[:, -1].float(), sampling, draws[rows, step])
            for row, new, chance in zip(rows, token.tolist(), logprob.tolist(), strict=True):
                if row in ended:
                    continue
                tokens[row].append(new)
                logprobs[row].append(chance)
                told[row] += self.pieces[new]
                if new in self.ends or any(end in told[row] for end in stop):
                    ended.add(row)
            left = [place for place, row in enumerate(rows) if row not in ended]
            if not left or step + 1 == draws.shape[1]:
                break
            cache = output.past_key_values
            if len(left) <= DROP * len(rows):
                kept = torch.tensor(left, device=mask.device)
                cache.batch_select_indices(kept)
                rows = [rows[place] for place in left]
                token, mask = token[kept], mask[kept]
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)
            output = self.model(
                input_ids=token[:, None],
                attention_mask=mask,
                position_ids=mask.sum(1, keepdim=True) - 1,
                past_key_values=cache,
                use_cache=True,
            )
        texts = [self.tokenizer.decode(row, skip_special_tokens=True) for row in tokens]
        for end in stop:
            texts = [text.partition(end)[0] for text in texts]
        return [(text, row in ended, tokens[row], logprobs[row]) for row, text in enumerate(texts)]


def draw(logits: Any, sampling: dict[str, Any], uniform: Any) -> tuple[Any, Any]:
    """The next token of each row and its natural log-probability under `logits`.

    `logits` is (rows, vocabulary); `uniform`, (rows,) in [0, 1), picks from the distribution that
    temperature, top_k, top_p and min_p leave, in this order, as in transformers.
    """
    import torch
    from transformers import TopKLogitsWarper, TopPLogitsWarper

    if sampling["temperature"] == 0:
        token = logits.argmax(1)
    else:
        scores: Any = logits / sampling["temperature"]
        if sampling["top_k"]:
            scores = TopKLogitsWarper(sampling["top_k"])(None, scores)
        if sampling["top_p"] < 1:
            scores = TopPLogitsWarper(sampling["top_p"])(None, scores)
        if sampling["min_p"]:  # without the sort of the vocabulary in transformers
            least = scores.amax(1, keepdim=True) + math.log(sampling["min_p"])
            scores = scores.masked_fill(scores < least, -math.inf)
        chance = scores.softmax(1).cumsum(1)
        total = chance[:, -1]
        # Rounding may give the total itself, behind the last token that can come.
        wanted = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
        token = torch.searchsorted(chance, wanted[:, None], right=True)[:, 0]
    return token, logits.gather(1, token[:, None])[:, 0] - logits.logsumexp(1)


def _computes_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 here: CPUs without it emulate it, far slower."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_tile") or can.get("amx_bf16") or can.get("avx512_bf16"))
