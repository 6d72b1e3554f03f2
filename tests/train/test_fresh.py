"""A folder is read once in a process; each copy is what reading it again would be."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import transformers as hf

from encoder_families import FAMILIES, folder_of
from mixtura.core.tables import read_table
from mixtura.train import fresh
from mixtura.train.run_store import stored_run
from mixtura.train.runs import Run
from mixtura.train.settings import Lora, SetFitTraining
from mixtura.train.tables import Predictions
from trainings import CAUSAL, ENCODER, RUN_ROWS, place, settings

CAUSAL_LM, CLASSIFIER = hf.AutoModelForCausalLM, hf.AutoModelForSequenceClassification
FLOATS: dict[str, Any] = {"dtype": torch.float32}


@pytest.fixture(autouse=True)
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Folders that models are read of, in turn."""
    record: list[str] = []
    for auto in (CAUSAL_LM, CLASSIFIER):

        def counted(
            folder: str, *args: Any, read: Callable[..., Any] = auto.from_pretrained, **options: Any
        ) -> Any:
            record.append(folder)
            return read(folder, *args, **options)

        monkeypatch.setattr(auto, "from_pretrained", counted)
    yield record
    fresh._kept.clear()


def everything(model: Any) -> list[tuple[str, bytes]]:
    """Parameters and buffers with their names."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return [(name, tensor.detach().numpy().tobytes()) for name, tensor in tensors]


@pytest.mark.parametrize("family", [*FAMILIES, "writer"])
def test_a_copy_is_the_model_that_is_read(
    family: str, encoder: Path, generator: Path, reads: list[str], tmp_path: Path
) -> None:
    auto = CAUSAL_LM if family == "writer" else CLASSIFIER
    folder = str(generator if family == "writer" else folder_of(family, encoder, tmp_path))
    for seed in (3, 4):
        model, tokenizer = fresh.read_model(auto, folder, seed, **FLOATS)
        after = torch.get_rng_state()
        torch.manual_seed(seed)
        again = auto.from_pretrained(folder, use_safetensors=True, **FLOATS)
        assert everything(model) == everything(again)
        assert torch.equal(after, torch.get_rng_state())
        assert model.config.to_json_string() == again.config.to_json_string()
        assert model.name_or_path == again.name_or_path == model.config.name_or_path
        assert model.training == again.training
        if again.can_generate():
            assert model.generation_config == again.generation_config
        with torch.no_grad():  # the caller may change all of it
            next(model.parameters()).add_(1)
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(5)
        model.config.pad_token_id = 5
    assert len(reads) == 3  # twice by this test


def test_a_changed_folder_or_a_large_one_is_read_again(
    encoder: Path, reads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of("roberta", encoder, tmp_path)

    def read() -> Any:
        return fresh.read_model(CLASSIFIER, str(folder), 0, **FLOATS)[0]

    first = everything(read())
    assert everything(read()) == first and len(reads) == 1
    monkeypatch.setattr(fresh, "LARGEST", 0)
    assert everything(read()) == everything(read()) == first and len(reads) == 3
    monkeypatch.undo()
    folder_of("roberta", encoder, tmp_path)  # other weights
    assert everything(read()) != first


@pytest.mark.workflow
@pytest.mark.parametrize(
    "training",
    [
        ENCODER.model_copy(update={"steps": 4}),
        CAUSAL.model_copy(update={"steps": 4}),
        CAUSAL.model_copy(update={"steps": 4, "lora": Lora(rank=2)}),
        SetFitTraining(kind="setfit", model="reader", steps=4, max_length=32),
    ],
    ids=["encoder", "causal", "lora", "setfit"],
)
def test_runs_predict_the_same_however_often_the_folder_is_read(
    training: Any,
    encoder: Path,
    generator: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = settings(training)
    folder = generator if training.kind == "causal-lm" else encoder
    where = place(tmp_path, model=str(folder), file=None, tuned_model=None)

    def predictions(store: str) -> list[pl.DataFrame]:
        results = []
        for seed in (0, 1):
            run = Run("a", "m", 0, seed)
            outputs, _ = stored_run(run, RUN_ROWS, own, "", where, tmp_path / store)
            results.append(read_table(outputs / "predictions.parquet", Predictions))
        return results

    once = predictions("once")
    monkeypatch.setattr(fresh, "LARGEST", 0)
    again = predictions("again")
    assert not once[0].equals(once[1])
    assert all(one.equals(other) for one, other in zip(once, again, strict=True))
