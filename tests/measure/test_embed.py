"""The store of embeddings: what was embedded stays, and no job sees what another embedded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixtura.core.contents import content_digest
from mixtura.measure import embed as module
from mixtura.measure.embed import embed, stored_embeddings


class Encoder:
    """Embeds a text as (its length, how many texts were embedded before it)."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts: list[str]) -> np.ndarray[Any, Any]:
        start = len(self.seen)
        self.seen += texts
        return np.array([[len(text), start + place] for place, text in enumerate(texts)], "f4")


@pytest.fixture(autouse=True)
def two_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 2)


def test_a_text_is_encoded_once_and_texts_that_are_added_cost_what_is_new(tmp_path: Path) -> None:
    encode = Encoder()
    first, new = stored_embeddings(["a", "bb", "a"], encode, tmp_path)
    assert new == 2 and encode.seen == ["a", "bb"]
    assert first.tolist() == [[1, 0], [2, 1], [1, 0]]
    more, new = stored_embeddings(["a", "bb", "ccc", "a"], encode, tmp_path)
    assert new == 1 and encode.seen == ["a", "bb", "ccc"]
    assert more.tolist() == [[1, 0], [2, 1], [3, 2], [1, 0]]
    again, new = stored_embeddings(["a", "bb", "ccc"], encode, tmp_path)
    assert new == 0 and again.tolist() == [[1, 0], [2, 1], [3, 2]]
    assert len(list(tmp_path.glob("*.parquet"))) == len(list(tmp_path.iterdir())) == 2


def test_what_other_jobs_stored_changes_no_embedding(tmp_path: Path) -> None:
    """The last bits depend on the batch: were a text read from another's, the order would count."""
    alone, _ = stored_embeddings(["b", "c"], Encoder(), tmp_path / "alone")
    stored_embeddings(["x", "b"], Encoder(), tmp_path / "shared")
    beside, new = stored_embeddings(["b", "c"], Encoder(), tmp_path / "shared")
    assert new == 2 and beside.tolist() == alone.tolist()


@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_part_is_embedded_again(
    cut: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 2000)
    store, texts = tmp_path / "store", [f"text {n * n}" for n in range(2000)]
    before, _ = stored_embeddings(texts, Encoder(), store)
    (part,) = store.iterdir()
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content[: len(content) // 2] if cut else content)
    after, new = stored_embeddings(texts, Encoder(), store)
    assert new == 2000 and after.tolist() == before.tolist()
    assert stored_embeddings(texts, Encoder(), store)[1] == 0


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
