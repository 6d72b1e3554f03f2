"""What tests build: tiny models of random weights, and studies that use them."""

import io
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import sentencepiece
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizerFast,
    LlamaConfig,
    LlamaForCausalLM,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    PreTrainedTokenizerFast,
)

GOOD = ["superb", "lovely", "bright", "moving", "witty", "tender", "brave", "joyful"]
BAD = ["awful", "boring", "clumsy", "hollow", "tired", "dreary", "lazy", "noisy"]
THINGS = ["story", "actor", "music", "camera", "script", "ending", "scene", "dialogue", "plot"]
OTHERS = ["the", "a", "this", "was", "with", "and", "in", "every", "film", "about", "review"]
WORDS = [*GOOD, *BAD, *THINGS, *OTHERS, "positive", "negative"]
TOKEN = r" ?\w+|\n|\S"  # of the tiny generator


def sentence(label: str, rng: random.Random) -> str:
    """A made-up review of 8 to 14 words whose words tell its label."""
    adjectives = GOOD if label == "positive" else BAD
    words = [
        rng.choice([*adjectives, *adjectives, *THINGS, *OTHERS]) for _ in range(rng.randint(8, 14))
    ]
    return " ".join([*words[:-1], rng.choice(adjectives)])


def reviews(rows: int, seed: int = 0) -> list[tuple[str, str]]:
    """`rows` distinct (text, label) pairs, labels in turn."""
    rng = random.Random(seed)
    unique: dict[str, str] = {}
    while len(unique) < rows:
        label = ("positive", "negative")[len(unique) % 2]
        unique.setdefault(sentence(label, rng), label)
    return list(unique.items())


def build_generator(folder: Path, head_dim: int = 16, hidden: int = 32, known: str = "") -> Path:
    """A two-layer Llama of random weights; one token in twenty ends a line.

    Its vocabulary is WORDS and what stands in the text `known`.
    """
    ends = [">" * count + "\n" for count in range(6)]
    pieces = ["<pad>", "<end>", "<unk>", ":", "P", "N", *ends]
    pieces += [" " + word for word in WORDS] + re.findall(TOKEN, known)
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(TOKEN), "isolated")
    tokenizer.decoder = decoders.Fuse()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>", unk_token="<unk>"
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        head_dim=head_dim,
        max_position_embeddings=512,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


def teach(folder: Path, texts: Sequence[str], steps: int = 200) -> None:
    """Train the model in `folder` on the texts, so that it writes what looks like them."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    rng = random.Random(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a loaded machine two wait for each other most of the time
    for _ in range(steps):
        batch = tokenizer(rng.sample(list(texts), 16), return_tensors="pt", padding=True)
        labels = batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
        model(**batch, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    torch.set_num_threads(threads)
    model.save_pretrained(folder)


def build_encoder(folder: Path) -> Path:
    """A two-layer BERT of random weights."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(WORDS)]
    folder.mkdir(parents=True)
    tokenizer = BertTokenizerFast(vocab={word: number for number, word in enumerate(vocabulary)})
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def build_translator(folder: Path, seed: int = 0) -> Path:
    """A Marian model of random weights, with files as opus-mt has them."""
    folder.mkdir(parents=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for text, _ in reviews(120)]),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    texts = {f"{side}_spm": str(folder / f"{side}.spm") for side in ("source", "target")}
    for file in texts.values():
        Path(file).write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    names = [pieces.id_to_piece(place) for place in range(pieces.get_piece_size())]
    names = ["</s>", "<unk>", *(name for name in names if not name.startswith("<")), "<pad>"]
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({name: place for place, name in enumerate(names)}))
    MarianTokenizer(vocab=str(vocabulary), **texts).save_pretrained(folder)
    torch.manual_seed(seed)
    pad = len(names) - 1
    sizes = {"layers": 2, "attention_heads": 2, "ffn_dim": 64}
    config = MarianConfig(
        vocab_size=len(names),
        d_model=32,
        init_std=0.1,  # with less, all texts get one answer
        max_position_embeddings=64,
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        **{f"{side}_{name}": n for name, n in sizes.items() for side in ("encoder", "decoder")},
    )
    weights = MarianMTModel(config)
    weights.final_logits_bias[0, 0] = 1.0  # one token in twenty or so ends a text
    weights.generation_config.update(bad_words_ids=[[pad]], num_beams=4)
    weights.save_pretrained(folder)
    return folder


# Pipelines that are made from sets.
DERIVED: dict[str, Any] = {
    "words": {
        "dial": "paraphrase",
        "of": "topic",
        "level": "D6",
        "levels": {"D0": {"sources": 4}, "D6": {"sources": 0}},
    },
    "real-words": {
        "dial": "paraphrase",
        "of": "topic",
        "level": "D6",
        "source": "real",
        "levels": {"D0": {"sources": 4}, "D6": {"sources": 0}},
    },
    "chosen": {
        "dial": "selection",
        "pool": {"topic": ["D0", "D6"]},
        "levels": {"D0": {"target": 2}, "D6": {"target": 3}},
    },
    "several": {
        "dial": "sources",
        "of": "topic",
        "level": "D6",
        "levels": {"D0": {"generators": ["writer"]}, "D6": {"generators": ["writer", "b"]}},
    },
}


def tiny_study(generator: Path, encoder: Path, data: Path) -> dict[str, Any]:
    """The configuration of a whole study in seconds."""
    return {
        "study": "tiny",
        "seed": 3,
        "task": {
            "name": "reviews",
            "noun": "review",
            "data": {"path": str(data)},
            "labels": {"pos": "positive", "neg": "negative"},
            "test": 40,
            "reference": 32,
        },
        "models": {"writer": {"path": str(generator)}, "reader": {"path": str(encoder)}},
        "generators": {
            "writer": {
                "model": "writer",
                "batch_size": 16,
                "sampling": {"max_new_tokens": 40},
            }
        },
        "pipelines": {
            "topic": {"dial": "topic", "levels": {"D0": {"topics": 1}, "D6": {"topics": 9}}}
        },
        "generate": {
            "generators": ["writer"],
            "pipelines": ["topic"],
            "levels": ["D0", "D6"],
            "n": 16,
            "overgenerate": 3.0,
            "shard": 32,
        },
        "embedders": ["reader"],
        "diversity": {"repeats": 4},
        "shift": {"repeats": 4},
        "designs": {"real": [16], "mix-add": {"ratios": [1]}, "level": {}, "controls": []},
        "downstream": {"reader": {"model": "reader", "steps": 4, "learning_rate": 0.001}},
        "seeds": [0, 1],
    }


def questions(count: int) -> pl.DataFrame:
    """Canonical rows of kind qa about three passages."""
    rows = [
        {"id": f"q{i}", "text": f"What is {i}?", "label": "qa", "context": f"Here is {i % 3}."}
        | {"question": f"What is {i}?", "answers": [str(i % 3), "it"]}
        for i in range(count)
    ]
    return pl.DataFrame(rows)


def shard_rows(
    texts: list[str], reasons: list[str | None], labels: str | list[str]
) -> pl.DataFrame:
    """Rows of a shard as far as its checks read them."""
    rows = {"text": texts, "completion": texts, "reason": reasons, "label": list(labels)}
    counts = {"prompt_tokens": 5, "cached_tokens": 1, "new_tokens": 3, "reasoning_tokens": 2}
    texts_of = {"finish_reason": "stop", "prompt_text": "Write", "reasoning": None}
    repeated = {name: [value] * len(texts) for name, value in (counts | texts_of).items()}
    repeated["seed"] = list(range(len(texts)))
    types = {"reason": pl.String, "reasoning": pl.String}
    return pl.DataFrame(rows | repeated, schema_overrides=types)
