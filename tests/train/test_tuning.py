"""A generator in a loop learns the text after the prompt that asks for it."""

from pathlib import Path

import polars as pl
import pytest

from builders import reviews
from mixtura.generate.parsing import parse
from mixtura.generate.templates import template_text
from mixtura.train.settings import CausalTraining, Kind, Lora, Prompting
from mixtura.train.tuning import Writer, row_pairs

PROMPTING = Prompting(
    prompt="{% for text in examples %}{{ text }}\n{% endfor %}{{ label }} {{ noun }}"
    "{% if topic %} about {{ topic }}{% endif %}{{ hints | join }}:",
    format="completion",
    task="classification",
    noun="review",
)
CHAT = PROMPTING.model_copy(update={"format": "chat"})


def test_a_row_is_taught_after_the_prompt_that_asks_for_it() -> None:
    rows = pl.DataFrame(
        {
            "text": ["so\ngood", "bad"],
            "label": ["positive", "negative"],
            "topic": ["plot", None],
            "fields": ['{"hints":["x"]}', None],
        }
    )
    assert row_pairs(rows, PROMPTING) == (
        ["positive review about plotx:", "negative review:"],
        [" so good", " bad"],
    )
    assert row_pairs(rows, CHAT)[1] == ["so\ngood", "bad"]
    questions = pl.DataFrame(
        {"label": "qa", "context": "a b", "question": "what?", "answers": [["b", "a b"]]}
    )
    qa = PROMPTING.model_copy(update={"prompt": "{{ context }} Question:", "task": "qa"})
    assert row_pairs(questions, qa) == (["a b Question:"], [" what? Answer: b"])


@pytest.mark.parametrize("kind", ["classification", "qa", "instruction", "text"])
@pytest.mark.parametrize("chat", [True, False])
def test_a_tuned_writer_is_taught_what_generation_parses(kind: Kind, chat: bool) -> None:
    rows = pl.DataFrame(
        {"label": [kind], "text": ["A good film."], "context": ["Rome is old."]}
        | {"question": ["What is old?"], "answers": [["Rome"]]}
        | {"prompt": ["Name a city."], "response": ["Rome."]}
    )
    settings = Prompting(
        prompt=template_text(f"{kind}-chat" if chat else kind),
        format="chat" if chat else "completion",
        task=kind,
        noun="review",
    )
    (prompt,), (answer,) = row_pairs(rows, settings)
    parsed, reason = parse(kind, answer, "stop", "Rome is old.")
    assert parsed and not reason
    form = {"qa": "Question:", "instruction": "Instruction:"}.get(kind, "")
    assert answer.startswith(form) if chat else prompt.endswith(form)


TRAINING = CausalTraining(
    kind="causal-lm",
    model="writer",
    steps=40,
    batch_size=16,
    learning_rate=1e-2,
    weight_decay=0.0,
    max_length=64,
    halvings=0,
    loss_bound=50.0,
    lora=Lora(rank=8, alpha=32.0),
)


@pytest.mark.workflow
def test_a_tuned_writer_is_a_plain_folder_that_finds_its_text_likelier(
    generator: Path, tmp_path: Path
) -> None:
    rows = pl.DataFrame(
        {"text": [text for text, _ in reviews(40)], "label": [label for _, label in reviews(40)]}
    )
    writer = Writer(str(generator), PROMPTING, TRAINING)
    (first, *_) = writer.sequences(["P review:"], [" superb story"])
    assert writer.tokenizer.decode(first.ids) == "P review: superb story\n"  # as generated
    before, tokens = writer.nll(*writer.pairs(rows), batch_size=8)
    writer.learn(*writer.pairs(rows))
    tuned, _ = writer.nll(*writer.pairs(rows), batch_size=8)
    writer.save(tmp_path / "tuned")
    whole = TRAINING.model_copy(update={"lora": None})
    loaded = Writer(str(tmp_path / "tuned"), PROMPTING, whole)
    again, same = loaded.nll(*loaded.pairs(rows), batch_size=8)
    gain = before.sum() - tuned.sum()
    assert gain > 0.03 * before.sum() and (same == tokens).all()
    assert again.sum() == pytest.approx(tuned.sum(), abs=0.2 * gain)  # saved in bfloat16
    files = {file.name for file in (tmp_path / "tuned").iterdir()}
    assert "model.safetensors" in files and "adapter_config.json" not in files
