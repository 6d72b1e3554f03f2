"""A causal model learns what can be learnt of every kind of task, and stops loudly."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from builders import BAD, GOOD, THINGS, reviews
from mixtura.causal import CausalModel, completions, prompts
from mixtura.training import STEPS

SETTINGS: dict[str, Any] = {
    "labels": ["negative", "positive"],
    "steps": 30,
    "batch_size": 16,
    "learning_rate": 1e-2,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "max_length": 64,
    "accumulate": 1,
    "halvings": 2,
    "gradient_checkpointing": False,
    "loss_bound": 50.0,
    "max_new_tokens": 4,
    "lora": None,
}
LORA = {"rank": 8, "alpha": 32.0, "dropout": 0.0, "target_modules": None}


def model(folder: Path, kind: str = "classification", seed: int = 0, **changed: Any) -> CausalModel:
    return CausalModel(str(folder), kind, {**SETTINGS, **changed}, seed)


def labelled(rows: int) -> pl.DataFrame:
    made = reviews(rows)
    return pl.DataFrame(
        {"test": "test", "id": [str(i) for i in range(rows)]}
        | {"text": [text for text, _ in made], "label": [label for _, label in made]}
    )


def questions() -> pl.DataFrame:
    """Passages of two words; the answer is the thing that is named."""
    pairs = [(thing, word) for thing in THINGS for word in [*GOOD, *BAD]]
    return pl.DataFrame(
        {
            "test": "test",
            "id": [str(i) for i in range(len(pairs))],
            "context": [f"the {thing} was {word}" for thing, word in pairs],
            "question": "this",
            "answers": [[thing, f"the {thing}"] for thing, _ in pairs],
        }
    )


def test_it_classifies_by_the_likelihood_of_label_words(generator: Path) -> None:
    rows = labelled(200)
    trained = model(generator, steps=60)
    steps = trained.train(rows.head(120))
    found = trained.predict(rows.tail(80), batch_size=7)
    assert (found["gold"] == found["predicted"]).mean() > 0.85
    shares = found.select("p_negative", "p_positive").to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert steps["loss"].tail(5).mean() < steps["loss"].head(5).mean() / 2
    assert steps.columns == list(STEPS) and steps["tokens"].min() > 16  # rows of one batch


def test_lora_trains_adapters_alone(generator: Path) -> None:
    trained = model(generator, lora={**LORA, "target_modules": ["q_proj"]})
    free = [name for name, w in trained.model.named_parameters() if w.requires_grad]
    assert len(free) == 4 and all("q_proj.lora_" in name for name in free)  # 2 layers, A and B
    everywhere = model(generator, lora=LORA, learning_rate=3e-2, steps=40)
    kept = everywhere.model.get_input_embeddings().weight.clone()
    loss = everywhere.train(labelled(80))["loss"]
    assert loss.tail(5).mean() < loss[0] - 0.2  # of random weights little can be made
    assert torch.equal(kept, everywhere.model.get_input_embeddings().weight)


def test_it_answers_questions_greedily(generator: Path) -> None:
    rows = questions()
    trained = model(generator, "qa", steps=80)
    before = trained.predict(rows.head(20))
    trained.train(rows)
    after = trained.predict(rows.head(20), batch_size=3)
    right = [said in gold for said, gold in zip(after["predicted"], after["gold"], strict=True)]
    assert np.mean(right) > 0.8
    assert after["gold"].to_list() == rows["answers"].head(20).to_list()
    assert before["predicted"].to_list() != after["predicted"].to_list()


def test_perplexity_falls_and_counts_every_token(generator: Path) -> None:
    rows = labelled(100).with_columns(label=pl.lit("text"))
    trained = model(generator, "text", max_length=8)  # texts in pieces
    before = trained.predict(rows.tail(20))
    words = rows.tail(20)["text"].str.split(" ").list.len()
    trained.train(rows.head(80))
    after = trained.predict(rows.tail(20), batch_size=3)
    assert (after["tokens"] >= words).all() and after["tokens"].equals(before["tokens"])

    def perplexity(frame: pl.DataFrame) -> float:
        return math.exp(frame["nll"].sum() / frame["tokens"].sum())

    vocabulary = len(trained.tokenizer)
    assert perplexity(before) == pytest.approx(vocabulary, rel=0.2)  # it knows nothing yet
    assert perplexity(after) < 0.75 * perplexity(before)


def test_a_response_is_scored_and_said(generator: Path) -> None:
    rows = pl.DataFrame(
        {"test": "test", "id": ["a", "b"], "prompt": ["P", "N"], "response": ["N", "P"]}
    )
    trained = model(generator, "instruction", steps=40)
    trained.train(rows)
    found = trained.predict(rows)
    assert found["predicted"].to_list() == rows["response"].to_list()
    assert (found["nll"] < 1).all() and found["tokens"].to_list() == [2, 2]  # and the end


def test_the_likelihood_is_that_of_the_completion_alone(generator: Path) -> None:
    """Against a loop over tokens, one sequence at a time."""
    scorer = model(generator, "qa")
    rows = questions().head(5)
    given, said = prompts("qa", rows), completions("qa", rows)
    nll, tokens = scorer.nll(given, said, batch_size=2)
    for place, sequence in enumerate(scorer.sequences(given, said)):
        with torch.inference_mode():
            logits = scorer.model(torch.tensor([sequence.ids])).logits[0].float().log_softmax(-1)
        steps = range(sequence.prompt, len(sequence.ids))
        expected = -sum(float(logits[at - 1, sequence.ids[at]]) for at in steps)
        assert nll[place] == pytest.approx(expected, rel=0.02)  # bfloat16 rounds
        assert tokens[place] == len(steps)


def test_the_seed_decides_the_weights(generator: Path) -> None:
    rows = labelled(60)
    found = []
    for seed in (0, 0, 1):
        trained = model(generator, seed=seed, steps=4)
        trained.train(rows.head(40))
        found.append(trained.predict(rows.tail(20))["p_positive"].to_list())
    assert found[0] == found[1] != found[2]


def test_accumulated_gradients_are_those_of_the_whole_batch(generator: Path) -> None:
    rows = labelled(40)
    losses = []
    for accumulate in (1, 4):
        trained = model(generator, accumulate=accumulate, steps=6, learning_rate=1e-3)
        steps = trained.train(rows)
        losses.append(steps["loss"].to_numpy())
        assert set(steps["micro_batch"]) == {16 // accumulate}
    np.testing.assert_allclose(*losses, rtol=0.02)


def test_without_room_the_batch_is_halved_and_that_is_told(
    generator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = model(generator, steps=3)
    plain, calls = trained._logits, []

    def short(batch: list[Any]) -> Any:
        calls.append(len(batch))
        if len(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(batch)

    monkeypatch.setattr(trained, "_logits", short)
    assert trained.train(labelled(48))["micro_batch"].to_list() == [16, 8, 8]
    assert calls == [16, 16, 8, 8, 8, 8]

    def never(batch: list[Any]) -> Any:
        calls.append(len(batch))
        raise torch.OutOfMemoryError("CUDA out of memory")

    calls.clear()
    monkeypatch.setattr(trained, "_logits", never)
    with pytest.raises(MemoryError, match="no room for 4 rows"):
        trained.train(labelled(48))
    assert calls == [16, 8, 4]

    def full(batch: list[Any]) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 GB")

    monkeypatch.setattr(trained, "_logits", full)
    with pytest.raises(MemoryError, match=r"no memory left: .* resources.finetune.mem_mb"):
        trained.train(labelled(48))


def test_a_stopped_training_goes_on_to_the_same_weights(generator: Path, tmp_path: Path) -> None:
    rows = labelled(60)
    whole = model(generator, steps=6, lora=LORA)
    steps = whole.train(rows)

    class Stop(Exception):
        pass

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 4:
            raise Stop

    parts = model(generator, steps=6, lora=LORA)
    with pytest.raises(Stop):
        parts.train(rows, stop, tmp_path, minutes=0)
    again = model(generator, steps=6, lora=LORA)
    seen: list[int] = []
    more = again.train(rows, lambda step, steps, loss: seen.append(step), tmp_path, minutes=0)
    assert seen == [4, 5, 6]
    assert more["loss"].to_list() == steps["loss"].to_list()
    assert again.predict(rows).equals(whole.predict(rows))


def test_gradient_checkpointing_changes_no_loss(generator: Path) -> None:
    rows = labelled(40)
    plain, saving = (
        model(generator, steps=3, gradient_checkpointing=on, lora=LORA).train(rows)["loss"]
        for on in (False, True)
    )
    np.testing.assert_allclose(plain, saving, rtol=0.02)


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        (
            {"lora": {**LORA, "target_modules": ["q_proj", "qkv"]}},
            ValueError,
            r"lora.target_modules: the model has no qkv; allowed: down_proj, gate_proj, k_proj",
        ),
        ({"max_length": 4096}, ValueError, r"max_length: 4096 is more than the 512 tokens"),
        ({"max_length": 8}, ValueError, r"row 1 has \d+ tokens, but max_length is 8"),
        ({"learning_rate": 1e9}, FloatingPointError, r"the loss is .* at step \d.*learning_rate"),
        ({"loss_bound": 0.1}, FloatingPointError, r"at step 1 \(loss_bound 0.1\)"),
        ({"labels": ["negative", "neutral"]}, ValueError, r"labels \['positive'\] are not of"),
    ],
)
def test_what_cannot_be_trained_is_told(
    generator: Path, changed: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        model(generator, **changed).train(labelled(40))


def test_an_empty_mix_is_told(generator: Path) -> None:
    with pytest.raises(ValueError, match="an empty mix"):
        model(generator).train(labelled(2).clear())
