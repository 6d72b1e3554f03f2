"""Translations by an encoder-decoder in this process."""

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, MarianMTModel

from builders import build_translator, reviews
from mixtura.generate.backends import open_backend
from mixtura.generate.backends.seq2seq import Seq2seqBackend
from mixtura.generate.settings import LanguageModel, Sampling

TEXTS = [text for text, _ in reviews(6)]
SAMPLING = Sampling(max_new_tokens=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_translator(tmp_path_factory.mktemp("models") / "marian")


@pytest.fixture(scope="module")
def backend(folder: Path) -> Seq2seqBackend:
    return Seq2seqBackend(str(folder), precision="float32")


def test_it_is_the_backend_of_its_name(folder: Path) -> None:
    backend = open_backend(LanguageModel(model="m", backend="seq2seq"), str(folder))
    assert isinstance(backend, Seq2seqBackend)


@pytest.mark.workflow
def test_greedy_texts_are_those_of_transformers(folder: Path, backend: Seq2seqBackend) -> None:
    """Texts of different lengths in one batch, as each of them alone."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = MarianMTModel.from_pretrained(folder, dtype=torch.float32)
    model.generation_config.forced_eos_token_id = None
    texts = [TEXTS[0], TEXTS[1].split()[0], " ".join(TEXTS[2].split()[:3])]
    alone = []
    for text in texts:
        tokens = model.generate(
            **tokenizer([text], return_tensors="pt"), num_beams=1, max_new_tokens=20
        )
        alone.append(tokenizer.decode(tokens[0], skip_special_tokens=True))
    greedy = SAMPLING.model_copy(update={"temperature": 0.0})
    assert [done.text for done in backend.complete(texts, greedy, [0, 0, 0])] == alone
    assert len({*alone}) > 1


@pytest.mark.workflow
def test_a_text_depends_on_its_seed_alone(backend: Seq2seqBackend) -> None:
    first = backend.complete(TEXTS * 5, SAMPLING, list(range(30)))
    assert first == backend.complete(TEXTS * 5, SAMPLING, list(range(30)))
    assert first != backend.complete(TEXTS * 5, SAMPLING, list(range(1, 31)))
    alone = backend.complete(TEXTS[:1], SAMPLING, [0])[0]
    assert (alone.text, alone.new_tokens) == (first[0].text, first[0].new_tokens)
    # an end that has room is one, and what has none is cut off
    assert {done.finish_reason for done in first} == {"stop", "length"}
    assert all((d.finish_reason == "stop") or d.new_tokens == 20 for d in first)
    assert all("<pad>" not in done.text and "</s>" not in done.text for done in first)
    assert first[0].prompt_tokens == len(backend.tokenizer(TEXTS[0]).input_ids)


def test_a_text_that_cannot_be_read_whole_is_told_and_harms_no_other(
    backend: Seq2seqBackend,
) -> None:
    long = " ".join(TEXTS)
    whole, cut = backend.complete([TEXTS[0], long], SAMPLING, [1, 2])
    assert whole.text and whole == backend.complete(TEXTS[:1], SAMPLING, [1])[0]
    assert (cut.text, cut.fault, cut.new_tokens) == ("", "prompt too long", 0)
    assert "there is room for 64" in cut.message
    assert backend.complete([long], SAMPLING, [2]) == [cut]
    with pytest.raises(ValueError, match=r"max_new_tokens: 65, but the model has room for 64"):
        backend.complete(TEXTS[:1], Sampling(max_new_tokens=65), [1])


def test_models_of_another_kind_are_refused(folder: Path, generator: Path) -> None:
    with pytest.raises(RuntimeError, match=r"has an encoder; use backend seq2seq"):
        open_backend(LanguageModel(model="m"), str(folder))
    with pytest.raises(RuntimeError, match="cannot be loaded"):
        Seq2seqBackend(str(generator))


def test_a_model_of_many_languages_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(AutoTokenizer.from_pretrained(folder))
    monkeypatch.setattr(kind, "src_lang", "eng_Latn", raising=False)
    with pytest.raises(ValueError, match="between many languages"):
        Seq2seqBackend(str(folder))
