"""Encoders of every family as classifiers: padding, positions, layers.

A classifier may be an encoder (BERT, RoBERTa, ModernBERT), an encoder with a decoder (BART, T5), or
a decoder alone (GPT-2, Llama), whatever its configuration leaves out.
"""

from inspect import signature
from typing import Any


def read_classifier(
    folder: str, labels: list[str], seed: int, several: bool = False
) -> tuple[Any, Any]:
    """The model in a folder with a head for `labels` drawn from `seed`, and its tokenizer.

    `several`: a row may have several labels, or none.

    Weights are float32; model and tokenizer have one padding token, also where their files have
    none.
    """
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    from mixtura.train.fresh import read_model

    logging.disable_progress_bar()
    model, tokenizer = read_model(
        AutoModelForSequenceClassification,
        folder,
        seed,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
        problem_type="multi_label_classification" if several else None,
        dtype=torch.float32,
    )
    if tokenizer.pad_token is None:  # the attention mask hides it, whatever it is
        likely = (tokenizer.eos_token, tokenizer.sep_token, tokenizer.unk_token)
        first = tokenizer.convert_ids_to_tokens(0)
        tokenizer.pad_token = next((token for token in likely if token), first)
    if "token_type_ids" not in signature(model.forward).parameters:  # though the tokenizer has them
        names = tokenizer.model_input_names
        tokenizer.model_input_names = [name for name in names if name != "token_type_ids"]
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    model.config.pad_token_id = tokenizer.pad_token_id
    return model, tokenizer


def longest_text(model: Any) -> int | None:
    """How many tokens a model can see; None where nothing limits them.

    RoBERTa counts positions from its padding token on: of 514 there are 512 for tokens.
    """
    for name, module in model.named_modules():
        if (
            name.endswith("position_embeddings")
            and getattr(module, "padding_idx", None) is not None
        ):
            return int(module.num_embeddings - module.padding_idx - 1)
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return limit if limit and limit > 0 else None


def freeze_layers(model: Any, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` layers as they are; 0 frees all.

    Of an encoder with a decoder the layers are those of the encoder. Raises ValueError where the
    model has fewer layers.
    """
    if not layers:
        return
    base, words = model.base_model, model.get_input_embeddings()
    stack = next(module for module in base.modules() if type(module).__name__ == "ModuleList")
    if layers > len(stack):
        raise ValueError(f"freeze: {layers} layers, but the model has {len(stack)}")
    # What is below the layers: the words, with positions and a norm where they share a module.
    below = [
        child
        for child in base.modules()
        if any(module is words for module in child.modules())
        and not any(type(module) is type(stack) for module in child.modules())
    ]
    for part in (*below, *stack[:layers]):
        part.requires_grad_(False)
