"""Hugging Face transformers, in this process, on CUDA where there is one."""

import inspect
import math
from pathlib import Path
from typing import Any

import numpy as np

from mixtura.core.precision import dtype_of
from mixtura.core.settings import Precision
from mixtura.generate.backends.base import Completion, answer, messages, stops
from mixtura.generate.reasoning import MARKS
from mixtura.generate.settings import LanguageModel, Running, Sampling

DROP = 0.9  # rows are dropped from a batch when no more than this share of it is unfinished
# What configurations call the longest text of a model; some models have no limit.
CONTEXTS = ("max_position_embeddings", "n_positions", "max_seq_len")
PROBE = "mixtura probe"  # words that a chat template must show
BROKEN = "\ufffd"  # what a part of a sign decodes to


class TransformersBackend:
    """A causal language model in a folder of safetensors."""

    kind = "AutoModelForCausalLM"
    side = "left"  # of the padding: answers go on where prompts end

    def __init__(
        self,
        folder: str | None,
        model: LanguageModel | None = None,
        running: Running | None = None,
        precision: Precision = "auto",
        resume: Path | None = None,
    ) -> None:
        """Load the model in `precision`: by default bfloat16 where the processor has it.

        A chat wraps prompts in the chat template of the tokenizer. Raises RuntimeError where the
        model cannot be loaded, ValueError where it has no chat template, or one that does not show
        the prompt.
        """
        import torch
        import transformers

        self.settings = model or LanguageModel()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = dtype_of(precision)
        try:
            parts = transformers.AutoConfig.from_pretrained(folder)
            if parts.is_encoder_decoder and self.side == "left":
                raise ValueError("it has an encoder; use backend seq2seq")
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                folder, padding_side=self.side
            )
            loaded: Any = getattr(transformers, self.kind).from_pretrained(
                folder, dtype=getattr(torch, dtype), use_safetensors=True
            )
            self.model = loaded.to(self.device).eval()
        except Exception as error:
            raise RuntimeError(f"the model in {folder} cannot be loaded: {error}") from error
        self.chat = self.settings.format == "chat"
        self.ends_itself = self.chat
        self.in_parts = self.chat and _in_parts(self.tokenizer, self.settings, folder)
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        # Many models have more embeddings than tokens: those have no text and are never drawn.
        self.size = max(self.tokenizer.get_vocab().values()) + 1
        self.pieces = self.tokenizer.batch_decode([[i] for i in range(self.size)])
        ends = self.model.generation_config.eos_token_id
        self.ends = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        config = self.model.config.get_text_config()
        self.context = next(
            (getattr(config, key) for key in CONTEXTS if hasattr(config, key)), None
        )
        parameters = inspect.signature(self.model.forward).parameters
        self.has_positions = "position_ids" in parameters
        # Others (Mamba, hybrids) keep a state that rows cannot be dropped from.
        self.has_cache = "past_key_values" in parameters and not self.model._is_stateful
        self.about = {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "dtype": dtype,
            "device": torch.cuda.get_device_name() if self.device == "cuda" else "cpu",
        }

    def complete(
        self, prompts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        """One completion for each prompt; each row has a random stream of its own.

        A prompt that leaves no room for its answer has a fault, and harms no other.
        """
        if self.chat:
            prompts = [
                _dialogue(self.tokenizer, self.settings, prompt, self.in_parts)
                for prompt in prompts
            ]
        tokens = self.tokenizer(prompts, add_special_tokens=not self.chat).input_ids
        room = self._room(sampling.max_new_tokens)
        completions = [_too_long(len(each), room or 0) for each in tokens]
        fits = [n for n, each in enumerate(tokens) if room is None or len(each) <= room]
        if fits:
            done = self._completions([tokens[n] for n in fits], sampling, [seeds[n] for n in fits])
            for n, completion in zip(fits, done, strict=True):
                completions[n] = completion
        return completions

    def _completions(
        self, prompts: list[list[int]], sampling: Sampling, seeds: list[int]
    ) -> list[Completion]:
        """Completions of prompts, as tokens, that fit the context."""
        import torch

        batch = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self.device)
        lengths = batch.attention_mask.sum(1).tolist()
        longest = sampling.max_new_tokens
        draws = np.stack([np.random.default_rng(s).random(longest, np.float32) for s in seeds])
        write = self._write if self.has_cache else self._write_whole
        with torch.inference_mode():
            answers = write(batch, sampling, torch.from_numpy(draws).to(self.device))
        return [
            answer(
                self._text(tokens, stops(sampling, self.ends_itself)),
                "stop" if ended else "length",
                length,
                len(tokens),
                sum(logprobs) / len(logprobs),
            )
            for length, (ended, tokens, logprobs) in zip(lengths, answers, strict=True)
        ]

    def _room(self, new_tokens: int) -> int | None:
        """Longest prompt, tokens, None without a limit. Raises ValueError where there is none."""
        if self.context is None:
            return None
        room: int = self.context - self._shared(new_tokens)
        if room < 1 or new_tokens > self.context:
            raise ValueError(
                f"sampling.max_new_tokens: {new_tokens}, but the model has room for {self.context} "
                "tokens"
            )
        return room

    def _shared(self, new_tokens: int) -> int:
        """Tokens of the answer that stand in the same context as the prompt."""
        return new_tokens

    def _first(self, batch: Any) -> int:
        """Tokens before the first new one."""
        first: int = batch.input_ids.shape[1]
        return first

    def _text(self, tokens: list[int], stop: list[str]) -> str:
        """The text of tokens up to a stop string, marks of reasoning kept."""
        text: str = self.tokenizer.decode(tokens)
        marks = [mark for pair in MARKS for mark in pair]
        if not any(mark in text for mark in marks):
            text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        else:
            for special in self.tokenizer.all_special_tokens:
                if not any(special in mark for mark in marks):
                    text = text.replace(special, "")
        for end in stop:
            text = text.partition(end)[0]
        return text

    def _ends(self, text: str, tokens: list[int], stop: list[str]) -> tuple[str, bool]:
        """The text of a row with its last token, and whether this ends it."""
        new = tokens[-1]
        text += self.pieces[new]
        if BROKEN in text[-8:]:  # a sign of several tokens: they have a text together
            text = self.tokenizer.decode(tokens)
        return text, new in self.ends or any(end in text for end in stop)

    def _write(
        self, batch: Any, sampling: Sampling, draws: Any
    ) -> list[tuple[bool, list[int], list[float]]]:
        """Whether it ended, tokens and their log-probabilities of each row of a batch.

        `generate` of transformers computes finished rows to the end of the longest; here they are
        dropped, and every row draws from numbers of its own, whatever batch it is in.
        """
        import torch

        stop = stops(sampling, self.ends_itself)
        tokens: list[list[int]] = [[] for _ in draws]
        logprobs: list[list[float]] = [[] for _ in draws]
        texts = [""] * len(draws)
        mask = batch.attention_mask
        rows = list(range(len(draws)))  # what the batch still holds
        ended: set[int] = set()
        positions = {"position_ids": (mask.cumsum(1) - 1).clamp(min=0)}
        output = self.model(
            input_ids=batch.input_ids,
            attention_mask=mask,
            use_cache=True,
            logits_to_keep=1,
            **(positions if self.has_positions else {}),
        )
        for step in range(draws.shape[1]):
            logits = output.logits[:, -1, : self.size].float()
            token, logprob = draw(logits, sampling, draws[rows, step])
            for row, new, chance in zip(rows, token.tolist(), logprob.tolist(), strict=True):
                if row in ended:
                    continue
                tokens[row].append(new)
                logprobs[row].append(chance)
                texts[row], is_end = self._ends(texts[row], tokens[row], stop)
                if is_end:
                    ended.add(row)
            left = [place for place, row in enumerate(rows) if row not in ended]
            if not left or step + 1 == draws.shape[1]:
                break
            cache = output.past_key_values
            # Layers of some hybrids (LFM2) keep their state in a form that rows cannot leave.
            if len(left) <= DROP * len(rows) and all(
                hasattr(layer, "batch_select_indices") for layer in cache.layers
            ):
                places = torch.tensor(left, device=mask.device)
                cache.batch_select_indices(places)
                rows = [rows[place] for place in left]
                token, mask = token[places], mask[places]
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)
            positions = {"position_ids": mask.sum(1, keepdim=True) - 1}
            output = self.model(
                input_ids=token[:, None],
                attention_mask=mask,
                past_key_values=cache,
                use_cache=True,
                **(positions if self.has_positions else {}),
            )
        return [(row in ended, tokens[row], logprobs[row]) for row in range(len(draws))]

    def _write_whole(
        self, batch: Any, sampling: Sampling, draws: Any
    ) -> list[tuple[bool, list[int], list[float]]]:
        """The same by `generate` of transformers, for models whose state rows cannot leave."""
        import torch

        stop = stops(sampling, self.ends_itself)
        tokens: list[list[int]] = [[] for _ in draws]
        logprobs: list[list[float]] = [[] for _ in draws]
        texts = [""] * len(draws)
        ended: set[int] = set()

        def choose(ids: Any, scores: Any) -> Any:
            """Scores that leave one token: the one that is drawn."""
            token, logprob = draw(
                scores[:, : self.size].float(), sampling, draws[:, ids.shape[1] - start]
            )
            for row, (new, chance) in enumerate(zip(token.tolist(), logprob.tolist(), strict=True)):
                if row not in ended:
                    tokens[row].append(new)
                    logprobs[row].append(chance)
                    texts[row], is_end = self._ends(texts[row], tokens[row], stop)
                    if is_end:
                        ended.add(row)
            return torch.full_like(scores, -math.inf).scatter(1, token[:, None], 0.0)

        def is_done(ids: Any, scores: Any, **_: Any) -> Any:
            return torch.tensor([row in ended for row in range(len(draws))], device=ids.device)

        start = self._first(batch)
        self.model.generate(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            do_sample=False,
            num_beams=1,
            max_new_tokens=draws.shape[1],
            logits_processor=[choose],
            stopping_criteria=[is_done],
            pad_token_id=self.tokenizer.pad_token_id,
        )
        return [(row in ended, tokens[row], logprobs[row]) for row in range(len(draws))]


def _too_long(prompt_tokens: int, room: int) -> Completion:
    """What comes of a prompt with more tokens than there is room for beside its answer."""
    message = f"the prompt has {prompt_tokens} tokens, and there is room for {room}"
    return Completion("", None, 0, 0, fault="prompt too long", message=message)


def _dialogue(tokenizer: Any, settings: LanguageModel, prompt: str, in_parts: bool) -> str:
    """A prompt in the chat template of a tokenizer, its content a text or a list of parts."""
    dialogue: list[dict[str, Any]] = list(messages(prompt, settings.system))
    if in_parts:
        for message in dialogue:
            message["content"] = [{"type": "text", "text": message["content"]}]
    text: str = tokenizer.apply_chat_template(
        dialogue, tokenize=False, add_generation_prompt=True, **settings.chat_template
    )
    return text


def _in_parts(tokenizer: Any, settings: LanguageModel, folder: str | None) -> bool:
    """Whether the chat template of a tokenizer reads content as a list of parts.

    Raises ValueError where there is none, or it shows the messages in neither form.
    """
    if not tokenizer.chat_template:
        raise ValueError(f"the model in {folder} has no chat template; use format: completion")
    system = (settings.system or "").strip()
    reason = "it leaves out the prompt" + (" or the system's message" if system else "")
    for in_parts in (False, True):
        try:
            text = _dialogue(tokenizer, settings, PROBE, in_parts)
        except Exception as error:  # of the template: it may raise whatever its author liked
            reason = str(error)
            continue
        if PROBE in text and system in text:
            return in_parts
    raise ValueError(
        f"the chat template of the model in {folder} does not show the messages ({reason}); "
        "leave `system` out where it has no such role, or use format: completion"
    )


def draw(logits: Any, sampling: Sampling, uniform: Any) -> tuple[Any, Any]:
    """The next token of each row and its natural log-probability under `logits`.

    `logits` is (rows, vocabulary); `uniform`, (rows,) in [0, 1), picks from the distribution that
    temperature, top_k, top_p and min_p leave, in this order, as in transformers.
    """
    import torch
    from transformers import TopKLogitsWarper, TopPLogitsWarper

    if sampling.temperature == 0:
        token = logits.argmax(1)
    else:
        scores: Any = logits / sampling.temperature
        if sampling.top_k:
            scores = TopKLogitsWarper(sampling.top_k)(None, scores)
        if sampling.top_p < 1:
            scores = TopPLogitsWarper(sampling.top_p)(None, scores)
        if sampling.min_p:  # without the sort of the vocabulary in transformers
            least = scores.amax(1, keepdim=True) + math.log(sampling.min_p)
            scores = scores.masked_fill(scores < least, -math.inf)
        chance = scores.softmax(1).cumsum(1)
        total = chance[:, -1]
        # Rounding may give the total itself, behind the last token that can come.
        level = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
        token = torch.searchsorted(chance, level[:, None], right=True)[:, 0]
    return token, logits.gather(1, token[:, None])[:, 0] - logits.logsumexp(1)
