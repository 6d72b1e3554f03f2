"""A causal model learns what can be learnt of every kind of task, and stops loudly."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from builders import BAD, GOOD, THINGS, reviews
from mixtura.core.settings import Precision
from mixtura.prepare.messages import context_text
from mixtura.train.causal import CausalModel
from mixtura.train.completions import row_completions, row_prompts
from mixtura.train.settings import Kind, Lora
from mixtura.train.sft import PlannedSFTTrainer
from mixtura.train.tables import Steps
from mixtura.train.trainer import Restart
from trainings import CAUSAL, LABELS

LORA = Lora(rank=8, alpha=32.0)


def model(
    folder: Path,
    kind: Kind = "classification",
    seed: int = 0,
    labels: list[str] = LABELS,
    **changes: Any,
) -> CausalModel:
    settings = CAUSAL.model_copy(update=changes)
    return CausalModel(str(folder), kind, labels, settings, seed)


def labelled(rows: int) -> pl.DataFrame:
    texts, labels = zip(*reviews(rows), strict=True)
    ids = [str(row) for row in range(rows)]
    return pl.DataFrame({"test": "test", "id": ids, "text": texts, "label": labels})


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


@pytest.mark.workflow
def test_it_classifies_by_the_likelihood_of_label_words(generator: Path) -> None:
    rows = labelled(200)
    trained = model(generator, steps=60)
    steps = trained.train(rows.head(120))
    predictions = trained.predict(rows.tail(80), batch_size=7)
    assert (predictions["gold"] == predictions["predicted"]).mean() > 0.85
    shares = predictions.select("p_negative", "p_positive").to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert steps["loss"].tail(5).mean() < steps["loss"].head(5).mean() / 2
    assert steps.columns == list(Steps.columns())
    assert steps["tokens"].min() > 16  # rows of one batch


@pytest.mark.workflow
def test_lora_trains_adapters_alone(generator: Path) -> None:
    trained = model(generator, lora=LORA.model_copy(update={"target_modules": ["q_proj"]}))
    free = [name for name, w in trained.model.named_parameters() if w.requires_grad]
    assert len(free) == 4 and all("q_proj.lora_" in name for name in free)  # 2 layers, A and B
    everywhere = model(generator, lora=LORA, learning_rate=3e-2, steps=40)
    embeddings = everywhere.model.get_input_embeddings().weight.clone()
    loss = everywhere.train(labelled(80))["loss"]
    assert loss.tail(5).mean() < loss[0] - 0.2  # of random weights little can be made
    assert torch.equal(embeddings, everywhere.model.get_input_embeddings().weight)


@pytest.mark.workflow
def test_it_answers_questions_greedily(generator: Path) -> None:
    rows = questions()
    trained = model(generator, "qa", steps=80)
    before = trained.predict(rows.head(20))
    trained.train(rows)
    after = trained.predict(rows.head(20), batch_size=3)
    right = [answer in gold for answer, gold in zip(after["predicted"], after["gold"], strict=True)]
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
    predictions = trained.predict(rows)
    assert predictions["predicted"].to_list() == rows["response"].to_list()
    assert (predictions["nll"] < 1).all()
    assert predictions["tokens"].to_list() == [2, 2]  # and the end


def test_all_answers_of_a_conversation_are_learnt_and_scored(generator: Path) -> None:
    talk = [("user", "P"), ("assistant", "N"), ("user", "N"), ("assistant", "P")]
    messages = [{"role": role, "content": content} for role, content in talk]
    rows = pl.DataFrame(
        {
            **{"test": "test", "id": ["a", "b"], "response": ["P", "P"]},
            "prompt": [context_text(messages[:-1]), "P"],  # the second was generated
            "messages": [json.dumps(messages), None],
        }
    )
    trained = model(generator, "instruction", steps=40, max_length=128)
    prompts, completions = trained.pairs(rows)
    assert completions == ["N", "P", "P"] and prompts[::2] == ["P\n", "P\n"]
    assert prompts[1] == "User: P\nAssistant: N\nUser: N\nAssistant:\n"
    each, tokens = trained.nll(prompts, completions, batch_size=4)
    before = trained.predict(rows)
    assert before["tokens"].to_list() == [tokens[:2].sum(), tokens[2]] == [4, 2]
    np.testing.assert_allclose(before["nll"], [each[:2].sum(), each[2]], rtol=1e-5)
    trained.train(rows)
    after = trained.predict(rows)
    assert (after["nll"] < before["nll"] / 2).all()
    assert after["predicted"][0] == "P"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_likelihood_is_that_of_the_completion_alone(
    generator: Path, precision: Precision
) -> None:
    """Against a loop over tokens, one sequence at a time."""
    scorer = model(generator, "qa", precision=precision)
    rounding = max(1e-5, 2.5 * torch.finfo(getattr(torch, scorer.dtype)).eps)
    rows = questions().head(5)
    pairs = row_prompts("qa", rows), row_completions("qa", rows)
    nll, tokens = scorer.nll(*pairs, batch_size=2)
    for place, sequence in enumerate(scorer.sequences(*pairs)):
        with torch.inference_mode():
            logits = scorer.model(torch.tensor([sequence.ids])).logits[0].float().log_softmax(-1)
        steps = range(sequence.prompt, len(sequence.ids))
        expected = -sum(float(logits[at - 1, sequence.ids[at]]) for at in steps)
        assert nll[place] == pytest.approx(expected, rel=rounding)
        assert tokens[place] == len(steps)


def test_the_seed_decides_the_weights(generator: Path) -> None:
    rows = labelled(60)
    shares = []
    for seed in (0, 0, 1):
        trained = model(generator, seed=seed, steps=4)
        trained.train(rows.head(40))
        shares.append(trained.predict(rows.tail(20))["p_positive"].to_list())
    assert shares[0] == shares[1] != shares[2]


def test_accumulated_gradients_are_those_of_the_whole_batch(generator: Path) -> None:
    rows = labelled(40)
    losses = []
    for accumulate in (1, 4):
        trained = model(generator, accumulate=accumulate, steps=6, learning_rate=1e-3)
        steps = trained.train(rows)
        losses.append(steps["loss"].to_numpy())
        assert set(steps["micro_batch"]) == {16 // accumulate}
    np.testing.assert_allclose(*losses, rtol=0.02)


def test_without_room_the_batch_is_halved_and_recorded(
    generator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, room = PlannedSFTTrainer.compute_loss, 8
    whole = model(generator, steps=3).train(labelled(48))

    def short_of_memory(self: Any, model: Any, inputs: Any, **kwargs: Any) -> Any:
        if len(inputs["input_ids"]) > room:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 GB")
        return forward(self, model, inputs, **kwargs)

    monkeypatch.setattr(PlannedSFTTrainer, "compute_loss", short_of_memory)
    halved = model(generator, steps=3).train(labelled(48))
    assert halved["micro_batch"].to_list() == [8] * 3
    np.testing.assert_allclose(whole["loss"], halved["loss"], rtol=0.02)
    room = 3
    with pytest.raises(MemoryError, match=r"no room for 4 rows .* resources.finetune.mem_mb"):
        model(generator, steps=3).train(labelled(48))


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
        parts.train(rows, stop, Restart(tmp_path, 0))
    again = model(generator, steps=6, lora=LORA)
    seen: list[int] = []
    more = again.train(rows, lambda step, steps, loss: seen.append(step), Restart(tmp_path, 0))
    assert seen == [4, 5, 6]
    assert more["loss"].to_list() == steps["loss"].to_list()
    assert again.predict(rows).equals(whole.predict(rows))


def test_packed_rows_do_not_see_each_other(generator: Path) -> None:
    """All rows in one batch: packed or padded, the loss of every token is the same."""
    losses = [
        model(generator, steps=1, batch_size=40, packing=packing, precision="float32")
        .train(labelled(40))["loss"]
        .item()
        for packing in (False, True)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_in_a_chat_a_prompt_is_a_turn(generator: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"chat: .* has no chat template"):
        model(generator, chat=True)
    folder = tmp_path / "chatting"
    shutil.copytree(generator, folder)
    template = "{% for m in messages %}P {{ m.content }} N {% endfor %}"
    folder.joinpath("chat_template.jinja").write_text(template)
    trained = model(folder, chat=True, steps=8)
    rows = labelled(40)
    pairs = trained.pairs(rows)
    (first, *_) = trained.sequences(*pairs)
    prompt, completion = pairs[0][0], pairs[1][0]
    assert (prompt, completion) == (f"P {rows['text'][0]}\nLabel: N ", rows["label"][0])
    tokens = trained.tokenizer
    ids = [*tokens(prompt).input_ids, *tokens(completion).input_ids, tokens.eos_token_id]
    assert first.ids == ids  # the template has the start
    assert trained.train(rows)["loss"].is_finite().all()
    assert set(trained.predict(rows)["predicted"]) <= set(LABELS)


def test_four_bits_need_their_package(generator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"lora.quantize: .* pip install bitsandbytes"):
        model(generator, lora=LORA.model_copy(update={"quantize": True}))


def test_gradient_checkpointing_changes_no_loss(generator: Path) -> None:
    rows = labelled(40)
    plain, saving = (
        model(generator, steps=3, gradient_checkpointing=on, lora=LORA).train(rows)["loss"]
        for on in (False, True)
    )
    np.testing.assert_allclose(plain, saving, rtol=0.02)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"lora": LORA.model_copy(update={"target_modules": ["q_proj", "qkv"]})},
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
def test_an_error_names_what_cannot_be_trained(
    generator: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model(generator, **changes).train(labelled(40))


def test_an_empty_mix_is_an_error(generator: Path) -> None:
    with pytest.raises(ValueError, match="an empty mix"):
        model(generator).train(labelled(2).clear())
