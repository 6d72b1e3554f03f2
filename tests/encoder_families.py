"""Tiny untrained encoders of every family."""

from pathlib import Path
from typing import Any

import transformers as hf

SIZE: dict[str, Any] = {"vocab_size": 64}
LAYERS: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
FAMILIES = {
    "roberta": hf.RobertaConfig(**SIZE, **LAYERS, intermediate_size=16, max_position_embeddings=66),
    "modernbert": hf.ModernBertConfig(
        **SIZE, **LAYERS, intermediate_size=16, max_position_embeddings=64
    ),
    "gpt2": hf.GPT2Config(**SIZE, n_embd=16, n_layer=2, n_head=2, n_positions=64),
    "llama": hf.LlamaConfig(**SIZE, **LAYERS, intermediate_size=16, max_position_embeddings=64),
    "t5": hf.T5Config(**SIZE, d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2),
    "bart": hf.BartConfig(
        **SIZE,
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=64,
    ),
}


def folder_of(family: str, encoder: Path, place: Path) -> Path:
    """A folder with a tiny model of a family and the tokenizer of `encoder` without padding."""
    tokenizer = hf.AutoTokenizer.from_pretrained(encoder)
    tokenizer.save_pretrained(place)
    config = FAMILIES[family]
    config.vocab_size = len(tokenizer)
    config.pad_token_id = 1 if family == "roberta" else None
    config.eos_token_id = tokenizer.sep_token_id  # ends a text, of which a decoder reads the end
    if family in ("t5", "bart"):
        config.decoder_start_token_id, config.pad_token_id = 0, 0
    model = hf.AutoModelForSequenceClassification.from_config(config)
    model.base_model.save_pretrained(place)
    return place
