"""Encoders of every family become classifiers, whatever their files leave out."""

from pathlib import Path

import pytest
import transformers as hf

from encoder_families import FAMILIES, folder_of
from mixtura.train.families import freeze_layers, longest_text, read_classifier
from trainings import LABELS, TEXTS, trained


@pytest.mark.workflow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_trained_and_predicts(family: str, encoder: Path, tmp_path: Path) -> None:
    folder = folder_of(family, encoder, tmp_path / family)
    classifier = trained(folder, steps=2, freeze=1, batch_size=8)
    assert classifier.steps.height == 2
    alone, together = classifier.probabilities(TEXTS[:5], 1), classifier.probabilities(TEXTS[:5], 5)
    assert alone == pytest.approx(together, abs=0.01)  # padding changes nothing
    assert alone.shape == (5, len(LABELS))


def test_the_positions_of_roberta_start_after_its_padding(encoder: Path, tmp_path: Path) -> None:
    model, _ = read_classifier(str(folder_of("roberta", encoder, tmp_path / "r")), LABELS, 0)
    assert longest_text(model) == 64
    model, _ = read_classifier(str(folder_of("t5", encoder, tmp_path / "t")), LABELS, 0)
    assert longest_text(model) is None


@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_frozen_are_words_and_the_lowest_layers(family: str, encoder: Path, tmp_path: Path) -> None:
    model, _ = read_classifier(str(folder_of(family, encoder, tmp_path / family)), LABELS, 0)
    freeze_layers(model, 1)
    still = {name for name, weight in model.named_parameters() if not weight.requires_grad}
    layers = "transformer.h" if family == "gpt2" else "model.encoder.layers"
    assert any(name.startswith(f"{layers}.0.") for name in still)
    assert not any(f"{layers}.1." in name or "decoder.layers" in name for name in still)
    assert not model.get_input_embeddings().weight.requires_grad
    with pytest.raises(ValueError, match="freeze: 3 layers, but the model has 2"):
        freeze_layers(model, 3)


def test_a_tokenizer_without_padding_gets_one(encoder: Path, tmp_path: Path) -> None:
    folder = folder_of("llama", encoder, tmp_path / "l")
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    model, tokenizer = read_classifier(str(folder), LABELS, 0)
    assert tokenizer.pad_token and model.config.pad_token_id == tokenizer.pad_token_id


@pytest.mark.workflow
def test_a_tokenizer_that_is_python_alone_reads_and_pads(tmp_path: Path) -> None:
    folder = tmp_path / "canine"  # characters are its tokens
    hf.CanineTokenizer().save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = hf.CanineConfig(**sizes, intermediate_size=16, max_position_embeddings=64)
    hf.CanineModel(config).save_pretrained(folder)
    classifier = trained(folder, steps=2, batch_size=8)
    assert not classifier.tokenizer.is_fast
    alone, together = classifier.probabilities(TEXTS[:5], 1), classifier.probabilities(TEXTS[:5], 5)
    assert alone == pytest.approx(together, abs=0.01)
