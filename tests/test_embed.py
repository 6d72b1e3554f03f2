"""The store of embeddings: each text is embedded once, and what is stored stays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixtura.embed import embed, stored_embeddings
from mixtura.model_digest import model_digest


class Encoder:
    """Embeds a text as (its length, how many texts were embedded before it)."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts: list[str]) -> np.ndarray[Any, Any]:
        start = len(self.seen)
        self.seen += texts
        return np.array([[len(text), start + place] for place, text in enumerate(texts)], "f4")


def test_only_new_texts_are_embedded(tmp_path: Path) -> None:
    encode = Encoder()
    first, new = stored_embeddings(["a", "bb", "a"], encode, tmp_path / "store")
    assert new == 2 and encode.seen == ["a", "bb"]
    assert first.tolist() == [[1, 0], [2, 1], [1, 0]]
    more, new = stored_embeddings(["ccc", "bb", "a"], encode, tmp_path / "store")
    assert new == 1 and encode.seen == ["a", "bb", "ccc"]
    assert more.tolist() == [[3, 2], [2, 1], [1, 0]]
    again, new = stored_embeddings(["bb"], encode, tmp_path / "store")
    assert new == 0 and again.tolist() == [[2, 1]]
    files = sorted(file.name for file in (tmp_path / "store").iterdir())
    assert len(files) == 2 and all(name.endswith(".parquet") for name in files)


def test_a_text_in_two_parts_keeps_one_embedding(tmp_path: Path) -> None:
    """Two jobs that ran at the same time may both have embedded it."""
    for name, texts in (("one", ["a", "b"]), ("two", ["b", "c"])):
        stored_embeddings(texts, Encoder(), tmp_path / name)
    for part in (tmp_path / "two").iterdir():
        part.rename(tmp_path / "one" / part.name)
    made, new = stored_embeddings(["c", "b", "a"], Encoder(), tmp_path / "one")
    assert new == 0 and made.shape == (3, 2)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_precision_is_kept(tmp_path: Path, dtype: str) -> None:
    for _ in range(2):
        made, _ = stored_embeddings(["a", "b"], Encoder(), tmp_path, dtype)
        assert made.dtype == dtype and made.tolist() == [[1, 0], [1, 1]]


def test_what_the_precision_cannot_hold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too large for float16"):
        stored_embeddings(["a"], lambda texts: np.array([[1e6]]), tmp_path, "float16")
    assert not list(tmp_path.iterdir())


def test_another_model_has_another_digest(encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    before = model_digest(tmp_path)
    (tmp_path / "config.json").write_text("{ }")
    assert model_digest(tmp_path) != before
    assert model_digest(encoder) == model_digest(encoder)


def test_embeddings_repeat_and_tell_texts_apart(encoder: Path) -> None:
    made = embed(["superb story", "awful plot", "superb story"], str(encoder))
    assert made.shape == (3, 32) and made.dtype == np.float32
    assert np.abs(made[0] - made[2]).max() < 1e-5 < np.abs(made[0] - made[1]).max()
