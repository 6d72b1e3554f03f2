"""Texts that do not look like their label."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mixtura.curate.filters import apply_filters
from mixtura.curate.filters.label_consistency import label_consistency
from mixtura.curate.settings import Filters, LabelConsistency, Pii


def labelled(n, seed, prefix):
    """Two labels whose embeddings differ in the first of eight dimensions."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    vectors = rng.normal(size=(n, 8))
    vectors[:, 0] += 10 * labels
    return (
        pl.DataFrame(
            {
                "id": [f"{prefix}{i}" for i in range(n)],
                "text": [f"text {i}" for i in range(n)],
                "label": [str(x) for x in labels],
            }
        ),
        vectors,
    )


def test_label_consistency_finds_swapped_labels():
    real, real_vectors = labelled(40, 0, "real")
    generated, vectors = labelled(60, 1, "made")
    swapped = generated.with_columns(
        label=pl.when(pl.int_range(60) < 10)
        .then(1 - pl.col("label").cast(int))
        .otherwise("label")
        .cast(pl.String)
    )
    inputs = {"real": real, "real_embeddings": real_vectors, "embeddings": vectors}
    result = label_consistency(swapped, LabelConsistency(), **inputs)
    assert result["passes"].to_list() == [False] * 10 + [True] * 50
    order = np.random.default_rng(2).permutation(60)
    again = label_consistency(
        swapped[order.tolist()],
        LabelConsistency(),
        real=real[::-1],
        real_embeddings=real_vectors[::-1],
        embeddings=vectors[order],
    )
    assert_frame_equal(again, result[order.tolist()])
    # through apply_filters, after another filter has removed rows
    remaining, removed = apply_filters(
        swapped.with_columns(pl.col("text").replace("text 20", "a@b.org")),
        Filters(pii=Pii(), label_consistency=LabelConsistency(min_probability=0.3)),
        **inputs,
    )
    assert set(removed.filter(stage="label_consistency")["id"]) == {f"made{i}" for i in range(10)}
    assert len(remaining) == 49


def test_label_consistency_refuses_to_guess():
    real, vectors = labelled(40, 0, "real")
    noise = np.random.default_rng(5).normal(size=(40, 8))
    for inputs, message in [
        ({}, "needs real"),
        ({"real": real, "embeddings": vectors, "real_embeddings": vectors[:3]}, "length"),
        ({"real": real, "embeddings": vectors, "real_embeddings": noise}, "no better"),
        (
            {"real": real[::2], "embeddings": vectors, "real_embeddings": vectors[::2]},
            "two labels",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            label_consistency(real, LabelConsistency(), **inputs)
    with pytest.raises(ValueError, match="no real row"):
        label_consistency(
            real.with_columns(label=pl.lit("other")),
            LabelConsistency(),
            real=real,
            embeddings=vectors,
            real_embeddings=vectors,
        )


def test_label_consistency_by_a_judge():
    real, _ = labelled(8, 0, "real")
    real = real.with_columns(judged=pl.Series([None, None, "0", "1", "0", "1", "0", "0"]))
    generated = pl.DataFrame(
        {"id": list("abc"), "text": ["x"] * 3, "label": ["0"] * 3, "judged": ["0", "1", ""]}
    )
    settings = Filters(label_consistency=LabelConsistency(judge="writer"))
    remaining, removed = apply_filters(generated, settings, real=real)
    assert remaining["id"].to_list() == ["a", "c"]
    assert removed["reason"].to_list() == ["judged to be of another label"]
    # 3 of 6 right: a coin does as well
    guessing = real.with_columns(judged=pl.Series([None, None, "0", "0", "0", "0", "0", ""]))
    with pytest.raises(ValueError, match="judge 'writer' names the label of 3 of 6 real rows"):
        apply_filters(generated, settings, real=guessing)
    with pytest.raises(ValueError, match="'judged' is missing"):
        apply_filters(generated.drop("judged"), settings, real=real)
