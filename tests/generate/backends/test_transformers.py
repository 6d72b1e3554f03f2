"""Completions by transformers in this process: seeds, stops, probabilities, chats, errors."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BloomConfig,
    Gemma3Config,
    Lfm2Config,
    MambaConfig,
    MinPLogitsWarper,
    MptConfig,
    PreTrainedTokenizerFast,
)

from mixtura.generate.backends import open_backend
from mixtura.generate.backends.base import Backend
from mixtura.generate.backends.transformers import TransformersBackend, draw
from mixtura.generate.settings import LanguageModel, Sampling

SAMPLING = Sampling(max_new_tokens=12)
PROMPTS = [" the story", " a film about music was", " this"]
CHAT = "{% for message in messages %} review {{ message.content }}{% endfor %} was"


def greedily(**sampling: Any) -> Sampling:
    return SAMPLING.model_copy(update={"temperature": 0, **sampling})


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def backend(generator: Path, request: pytest.FixtureRequest) -> TransformersBackend:
    """In both precisions, whichever of them the processor would compute in."""
    return TransformersBackend(str(generator), precision=request.param)


def rounding(backend: TransformersBackend) -> float:
    """What two ways to one log-probability may differ by: the logits of the model are below 1."""
    return max(1e-4, torch.finfo(backend.model.dtype).eps)


def test_completions_end_at_the_line_and_repeat_with_the_seed(backend: Backend) -> None:
    seeds = list(range(30))
    first = backend.complete(PROMPTS * 10, SAMPLING, seeds)
    assert first == backend.complete(PROMPTS * 10, SAMPLING, seeds)
    assert first != backend.complete(PROMPTS * 10, SAMPLING, [seed + 1 for seed in seeds])
    assert {done.finish_reason for done in first} == {"stop", "length"}
    for done in first:
        assert "\n" not in done.text and 1 <= done.new_tokens <= 12
        assert (done.finish_reason == "length") <= (done.new_tokens == 12)
    assert [done.prompt_tokens for done in first[:3]] == [2, 5, 1]


def test_a_row_is_the_same_in_whatever_batch_it_is(backend: TransformersBackend) -> None:
    together = backend.complete(PROMPTS * 10, SAMPLING, list(range(30)))
    alone = [
        backend.complete([prompt], SAMPLING, [seed])[0] for seed, prompt in enumerate(PROMPTS * 10)
    ]
    same = [left.text == right.text for left, right in zip(together, alone, strict=True)]
    exact = backend.about["dtype"] == "float32"  # else a draw may fall on the other side of a bound
    assert sum(same) == 30 if exact else sum(same) >= 27
    for batched, single, text in zip(together, alone, same, strict=True):
        if text:
            assert batched.mean_logprob == pytest.approx(single.mean_logprob, abs=rounding(backend))


def test_stops_are_those_of_the_config(backend: Backend) -> None:
    greedy = greedily(stop=[])
    whole = backend.complete(PROMPTS[:1], greedy, [1])[0]
    word = whole.text.split()[1]
    cut = backend.complete(PROMPTS[:1], greedily(stop=[f" {word}"]), [1])[0]
    assert (whole.finish_reason, whole.new_tokens) == ("length", 12)
    assert cut.finish_reason == "stop" and cut.text == whole.text.partition(f" {word}")[0]


def test_the_mean_log_probability_is_that_of_the_model(backend: TransformersBackend) -> None:
    short = Sampling(max_new_tokens=4)
    completions = backend.complete([PROMPTS[1], PROMPTS[0]] * 10, short, list(range(20)))[1::2]
    words = [done for done in completions if re.fullmatch(r"( [a-z]+){4}", done.text)]
    assert len(words) >= 3  # the others hold marks that are other tokens when read again
    for done in words:
        ids = backend.tokenizer(PROMPTS[0] + done.text, return_tensors="pt").input_ids
        with torch.inference_mode():
            logprobs = backend.model(ids).logits[0].float().log_softmax(1)
        mean = float(logprobs[torch.arange(1, 5), ids[0, 2:]].mean())
        assert done.mean_logprob == pytest.approx(mean, abs=rounding(backend))


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([[0.6, 0.3, 0.1, 0.0]]).log().expand(20_000, 4)
    uniform = torch.rand(20_000, generator=torch.Generator().manual_seed(0))

    def shares(**sampling: Any) -> list[float]:
        token, logprob = draw(logits, SAMPLING.model_copy(update=sampling), uniform)
        assert torch.allclose(logprob, logits[0, token])
        return [round(count / 20_000, 2) for count in torch.bincount(token, minlength=4).tolist()]

    assert shares() == pytest.approx([0.6, 0.3, 0.1, 0], abs=0.011)
    assert shares(temperature=0.5) == pytest.approx([36 / 46, 9 / 46, 1 / 46, 0], abs=0.011)
    assert shares(top_k=2) == shares(top_p=0.8) == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=0.011)
    assert shares(min_p=0.4) == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=0.011)
    assert shares(temperature=0) == [1, 0, 0, 0]


def test_min_p_is_that_of_transformers() -> None:
    logits = torch.randn(50, 400, generator=torch.Generator().manual_seed(0)) * 3
    left = MinPLogitsWarper(0.05)(None, logits).isfinite()
    tops = torch.linspace(0, 1, 50)
    token, _ = draw(logits, Sampling(min_p=0.05), tops.clamp(max=1 - 2**-24))
    assert left.gather(1, token[:, None]).all() and left.sum() < left.numel() / 4


def test_a_chat_wraps_the_prompt_in_the_template_of_the_model(
    generator: Path, tmp_path: Path
) -> None:
    greedy = greedily(stop=[])
    folder = shutil.copytree(generator, tmp_path / "writer")
    (folder / "chat_template.jinja").write_text(CHAT)
    chat = open_backend(LanguageModel(format="chat"), str(folder))
    plain = open_backend(LanguageModel(), str(folder))
    answers = chat.complete(["the story"], greedy, [1])
    assert answers == plain.complete([" review the story was"], greedy, [1])


def test_a_model_without_a_chat_template_is_an_error(generator: Path) -> None:
    with pytest.raises(ValueError, match="has no chat template; use format: completion"):
        open_backend(LanguageModel(format="chat"), str(generator))


def test_a_model_that_cannot_be_loaded_is_an_error(generator: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(generator, tmp_path / "writer")
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(RuntimeError, match=r"the model in .*writer cannot be loaded: "):
        open_backend(LanguageModel(), str(folder))


def test_a_prompt_longer_than_the_context_is_told_and_harms_no_other(backend: Backend) -> None:
    long, fine = backend.complete([" story" * 501, " story" * 500], SAMPLING, [1, 2])
    assert (long.text, long.fault, long.prompt_tokens) == ("", "prompt too long", 0)
    assert long.message == "the prompt has 501 tokens, and there is room for 500"
    assert (fine.fault, fine.prompt_tokens) == ("", 500) and fine.new_tokens
    assert backend.complete([" story" * 600], SAMPLING, [1])[0].fault == "prompt too long"
    with pytest.raises(ValueError, match=r"max_new_tokens: 512, but the model has room for 512"):
        backend.complete([" story"], Sampling(max_new_tokens=512), [1])


def small_gemma(size: int) -> Gemma3Config:
    """A model that reads images too: what concerns text is a part of its configuration."""
    attention = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    text = {"vocab_size": size, "hidden_size": 32, "head_dim": 16, "num_key_value_heads": 1}
    vision = {**attention, "hidden_size": 16, "image_size": 28, "patch_size": 14}
    return Gemma3Config(
        text_config={**attention, **text, "max_position_embeddings": 64},
        vision_config=vision,
        mm_tokens_per_image=4,
    )


FAMILIES: dict[str, Any] = {  # family -> its configuration for a vocabulary
    "bloom": lambda size: BloomConfig(vocab_size=size, hidden_size=32, n_layer=2, n_head=2),
    "mpt": lambda size: MptConfig(
        vocab_size=size, d_model=32, n_layers=2, n_heads=2, max_seq_len=64
    ),
    "mamba": lambda size: MambaConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, state_size=4
    ),
    "gemma": small_gemma,
    "lfm2": lambda size: Lfm2Config(
        **{"vocab_size": size, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
        **{"num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 64},
        layer_types=["conv", "full_attention"],
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_models_of_every_family_complete(family: str, generator: Path, tmp_path: Path) -> None:
    """Also those whose embedding is larger than the tokenizer, as most are."""
    tokenizer = AutoTokenizer.from_pretrained(generator)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = FAMILIES[family](len(tokenizer) + 40)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    backend = TransformersBackend(str(tmp_path), precision="float32")
    assert backend.context == (None if family in ("bloom", "mamba") else 64)
    seeds = list(range(6))
    done = backend.complete(PROMPTS * 2, SAMPLING, seeds)
    assert done == backend.complete(PROMPTS * 2, SAMPLING, seeds)
    assert len({completion.text for completion in done}) > 2
    assert all("\n" not in completion.text and completion.new_tokens > 0 for completion in done)
    alone = [
        backend.complete([prompt], SAMPLING, [seed])[0].text
        for prompt, seed in zip(PROMPTS * 2, seeds, strict=True)
    ]
    assert sum(a == b.text for a, b in zip(alone, done, strict=True)) >= 5


@pytest.fixture
def by_bytes() -> TransformersBackend:
    """A backend as far as texts need it, whose tokens are single bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({sign: place for place, sign in enumerate(alphabet)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    backend = TransformersBackend.__new__(TransformersBackend)
    backend.tokenizer = PreTrainedTokenizerFast(tokenizer_object=core)
    backend.pieces = backend.tokenizer.batch_decode([[place] for place in range(len(alphabet))])
    backend.ends = set()
    return backend


def test_a_stop_string_of_several_bytes_ends_an_answer(by_bytes: TransformersBackend) -> None:
    tokens = by_bytes.tokenizer("他来了。他").input_ids
    text, ends = "", []
    for count in range(1, len(tokens) + 1):
        text, is_end = by_bytes._ends(text, tokens[:count], ["。"])
        ends.append(is_end)
    assert ends.index(True) == len("他来了。".encode()) - 1
    assert by_bytes._text(tokens, ["。"]) == "他来了"


def chat_of(folder: Path, template: str, **settings: Any) -> TransformersBackend:
    (folder / "chat_template.jinja").write_text(template)
    return TransformersBackend(str(folder), LanguageModel(format="chat", **settings))


def test_a_chat_template_may_read_content_as_parts(generator: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(generator, tmp_path / "writer")
    parts = CHAT.replace(
        "{{ message.content }}", "{% for p in message.content %}{{ p.text }}{% endfor %}"
    )
    texts = chat_of(folder, parts).complete(["the story"], greedily(stop=[]), [1])
    assert texts == chat_of(folder, CHAT).complete(["the story"], greedily(stop=[]), [1])
    with pytest.raises(ValueError, match=r"does not show the messages .it leaves out the prompt"):
        chat_of(folder, "review")


def test_a_system_and_arguments_reach_the_chat_template(generator: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(generator, tmp_path / "writer")
    template = "{% for m in messages %} {{ m.role }} {{ m.content }}{% endfor %} {{ mood }}"
    backend = chat_of(folder, template, system="the film", chat_template={"mood": "bright"})
    shown: list[str] = []
    tokenizer = backend.tokenizer
    backend.tokenizer = lambda prompts, **options: (
        shown.extend(prompts) or tokenizer(prompts, **options)
    )
    for name in ("decode", "pad", "all_special_tokens", "apply_chat_template"):
        setattr(backend.tokenizer, name, getattr(tokenizer, name))
    backend.complete(["a story"], greedily(), [1])
    assert shown == [" system the film user a story bright"]
    with pytest.raises(ValueError, match=r"no system.*leave `system` out"):
        chat_of(
            folder,
            "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}",
            system="Be brief.",
        )
