"""Every kind of downstream model has its module, and every kind predicts from its settings."""

from pathlib import Path

import polars as pl
import pytest

from builders import reviews
from mixtura.study.downstream import CausalLM, Encoder, ModuleModel, SetFit
from mixtura.train.kinds import KINDS, load_kind
from mixtura.train.runs import Rows, Workplace
from mixtura.train.settings import FinetuneSettings, Mix

EVEN = """
def fit_predict(texts, labels, unseen, words, seed, model=None):
    return [[0.25, 0.75] for text in unseen]
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_fitted_from_the_section_of_the_study(
    kind: str, encoder: Path, generator: Path, tmp_path: Path
) -> None:
    (tmp_path / "even.py").write_text(EVEN)
    file = str(tmp_path / "even.py")
    section, folder = {
        "encoder": (Encoder(model="reader", steps=2, max_length=32), encoder),
        "causal-lm": (CausalLM(kind="causal-lm", model="writer", steps=2), generator),
        "setfit": (SetFit(kind="setfit", model="reader", steps=2, max_length=32), encoder),
        "module": (ModuleModel(kind="module", file=file), None),
    }[kind]
    data = pl.DataFrame(reviews(24), ["text", "label"], orient="row")
    ids = pl.Series("id", [str(row) for row in range(data.height)])
    rows = data.select(pl.lit("test").alias("test"), ids, "text", "label")
    mix = rows.head(16).select("id", source=pl.lit("real"))
    settings = FinetuneSettings(
        training=section,
        task="classification",
        labels=["negative", "positive"],
        mix=Mix(n_real=16, study_seed=0),
    )
    lines: list[str] = []
    output = tmp_path / "kept"
    place = Workplace(
        model=str(folder) if folder else None,
        file=file,
        tuned_model=str(output),
        resume=tmp_path / "resume",
        minutes=10,
        say=lines.append,
    )
    drawn = Rows(mix, rows.head(16), rows.clear(), rows.tail(8))
    model, trials = load_kind(section.kind).fit(
        FinetuneSettings.from_json(settings.to_json()), drawn, 0, place
    )
    assert model.predict(drawn.test).columns[:4] == ["test", "id", "gold", "predicted"]
    assert trials == []
    if kind in ("setfit", "module"):
        assert model.steps is None and not output.exists()
    else:
        assert model.steps is not None and model.steps.height == 2
        assert lines[0].startswith("step 1 of 2, loss ") and output.is_dir()
