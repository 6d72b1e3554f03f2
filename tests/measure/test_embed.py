"""The store of embeddings: each text is embedded once, and what is stored stays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixtura.core.contents import content_digest
from mixtura.measure.embed import embed, stored_embeddings


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


@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_part_is_embedded_again(cut: bool, tmp_path: Path) -> None:
    store, texts = tmp_path / "store", [f"text {n * n}" for n in range(2000)]
    stored_embeddings(texts, Encoder(), store)
    (part,) = store.iterdir()
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content[: len(content) // 2] if cut else content)
    encode = Encoder()
    embeddings, new = stored_embeddings([*texts, "more"], encode, store)
    assert new == 2001 and len(encode.seen) == 2001 and embeddings[-1].tolist() == [4, 2000]
    assert stored_embeddings(texts, encode, store)[1] == 0


def test_a_text_in_two_parts_keeps_one_embedding(tmp_path: Path) -> None:
    """Two jobs that ran at the same time may both have embedded it."""
    for name, texts in (("one", ["a", "b"]), ("two", ["b", "c"])):
        stored_embeddings(texts, Encoder(), tmp_path / name)
    for part in (tmp_path / "two").iterdir():
        part.rename(tmp_path / "one" / part.name)
    embeddings, new = stored_embeddings(["c", "b", "a"], Encoder(), tmp_path / "one")
    assert new == 0 and embeddings.shape == (3, 2)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_precision_is_kept(tmp_path: Path, dtype: str) -> None:
    for _ in range(2):
        embeddings, _ = stored_embeddings(["a", "b"], Encoder(), tmp_path, dtype)
        assert embeddings.dtype == dtype and embeddings.tolist() == [[1, 0], [1, 1]]


def test_what_the_precision_cannot_hold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too large for float16"):
        stored_embeddings(["a"], lambda texts: np.array([[1e6]]), tmp_path, "float16")
    assert not list(tmp_path.iterdir())


def test_another_model_has_another_digest(encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    before = content_digest(tmp_path)
    (tmp_path / "config.json").write_text("{ }")
    assert content_digest(tmp_path) != before
    assert content_digest(encoder) == content_digest(encoder)


def test_embeddings_repeat_and_tell_texts_apart(encoder: Path) -> None:
    embeddings = embed(["superb story", "awful plot", "superb story"], str(encoder))
    assert embeddings.shape == (3, 32) and embeddings.dtype == np.float32
    assert (
        np.abs(embeddings[0] - embeddings[2]).max()
        < 1e-5
        < np.abs(embeddings[0] - embeddings[1]).max()
    )
