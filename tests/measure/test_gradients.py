"""Projected gradients keep the angles of gradients."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from builders import reviews
from mixtura.measure.diversity.vendi import vendi_score
from mixtura.measure.embed import embed_rows
from mixtura.measure.gradients import gradient_embeddings

TEXTS = [text for text, _ in reviews(12)]


def whole_gradients(texts: list[str], folder: str) -> np.ndarray:
    """Gradients without a projection, unit vectors."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    start = tokenizer("").input_ids or [tokenizer.eos_token_id]
    rows = []
    for text in texts:
        ids = [*start, *tokenizer(text, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
        batch = torch.tensor([ids])
        model.zero_grad()
        model(input_ids=batch, labels=batch).loss.backward()
        rows.append(torch.cat([weight.grad.flatten() for weight in model.parameters()]).numpy())
    whole = np.stack(rows)
    return whole / np.linalg.norm(whole, axis=1, keepdims=True)


def test_angles_are_those_of_the_gradients(generator: Path) -> None:
    whole = whole_gradients(TEXTS, str(generator))
    projected = gradient_embeddings(TEXTS, str(generator), 4096)
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(projected @ projected.T, whole @ whole.T, atol=0.1)
    assert vendi_score(projected) == pytest.approx(vendi_score(whole), rel=0.1)


def test_equal_texts_are_one_and_an_empty_one_has_a_vector(generator: Path) -> None:
    embeddings = gradient_embeddings([TEXTS[0], "", TEXTS[0]], str(generator), 64)
    assert np.isfinite(embeddings).all()
    np.testing.assert_array_equal(embeddings[0], embeddings[2])


def test_a_table_holds_them_where_the_settings_ask(generator: Path, tmp_path: Path) -> None:
    import polars as pl

    rows = pl.DataFrame({"id": ["a", "b"], "text": TEXTS[:2], "label": ["x", "y"]})
    table, new = embed_rows(rows, generator, tmp_path / "store", kind="gradient")
    assert new == 2 and table["embedding"].to_numpy().shape == (2, 1024)
