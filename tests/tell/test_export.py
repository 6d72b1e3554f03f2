"""Exported data sets: other libraries load them, and no text of a study becomes YAML or markup."""

import json
import re
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

import studies
from builders import reviews
from mixtura.cli.app import app
from mixtura.core.tables import check
from mixtura.infer.recommend import recommend
from mixtura.plan.plan import read_plan
from mixtura.prepare.tables import Rows, with_generated
from mixtura.tell.export import best_mix, card, escaped, size_category, task_columns
from mixtura.tell.settings import DataSource, SetName, SetRecipe, StudyFacts
from mixtura.tell.tables import Exported

HOSTILE = 'x\n---\nlicense: mit\n---\n<script>alert("1")</script> [a](javascript:b) ```\n# | `c`'
SET = {"generator": "writer", "pipeline": "topic", "level": "D3"}
DRAW = {"replicate": 0, "shown": 64}
STUDY = StudyFacts(
    study="made-up",
    seed=3,
    n=192,
    kind="classification",
    noun="review",
    data=DataSource(name="movie-reviews", licence="MIT"),
)
RECIPE = SetRecipe(
    set=SetName(**SET, **DRAW),
    generators={"writer": {"model": "tiny", "prompt": "Write:"}},
    pipelines={"topic": {"dial": "topic"}},
    curation={"topic": {"exact": True}},
)
PROVENANCE = {"tiny": {"package": "llm-tiny==1.0", "licence": "Apache-2.0"}}


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    diversity, shift = studies.panels()
    tables = {"diversity": diversity, "shift": shift, "curation": studies.curation()}
    columns = [pl.lit(value).alias(name) for name, value in DRAW.items()]
    return {name: table.with_columns(columns) for name, table in tables.items()}


def rows_of(n: int) -> pl.DataFrame:
    """Rows of a set with what the workflow notes beside them."""
    files_of = [
        {"id": str(i), "text": text, "label": label, "seed": i}
        for i, (text, label) in enumerate(reviews(n))
    ]
    return pl.DataFrame(files_of)


def header(text: str) -> dict[str, Any]:
    result: dict[str, Any] = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    return result


def write(folder: Path, rows: pl.DataFrame, text: str) -> Path:
    (folder / "data").mkdir(parents=True)
    rows.write_parquet(folder / "data/train.parquet")
    (folder / "README.md").write_text(text)
    return folder


@pytest.mark.parametrize("noun", ["review", HOSTILE])
def test_a_folder_is_read_by_datasets_and_polars(
    noun: str, tables: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    rows = task_columns(rows_of(40), rows_of(2).drop("seed"), "classification")
    text = card(
        "writer topic D3", rows, STUDY.model_copy(update={"noun": noun}), RECIPE, PROVENANCE, tables
    )
    check(rows, "train.parquet", Exported)
    folder = write(tmp_path / "export", rows, text)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"] and loaded["train"].to_list() == rows.to_dicts()
    assert pl.read_parquet(folder / "data/train.parquet").columns == ["id", "text", "label"]
    assert huggingface_hub.DatasetCard.load(folder / "README.md").data.license == "apache-2.0"


def test_the_card_says_what_a_set_is(tables: dict[str, pl.DataFrame]) -> None:
    text = card("writer topic D3", rows_of(40), STUDY, RECIPE, PROVENANCE, tables)
    assert header(text) == {
        "pretty_name": "made-up: writer topic D3",
        "task_categories": ["text-classification"],
        "language": ["en"],
        "license": "apache-2.0",
        "size_categories": ["n<1K"],
        "tags": ["mixtura", "synthetic", "llm-generated"],
    }
    of_set = tables["diversity"].filter(**SET)
    value = of_set.filter(measure="vendi_score").row(0, named=True)
    for phrase in (
        f"{value['value']:.3f} \\[{value['low']:.3f}, {value['high']:.3f}\\]",
        "llm-tiny==1.0 | Apache-2.0",
        "20 negative, 20 positive",
        "## Intended use and limits",
    ):
        assert phrase in text
    assert re.search(r"\| fuzzy +\| similar +\| 38 +\|", text)
    assert text.count("vendi\\_score") == 1 and text.count("mmd\\_test") == 1
    assert "real rows stay" not in text


def test_hostile_text_stays_text(tables: dict[str, pl.DataFrame]) -> None:
    writer = {"prompt": HOSTILE, "model": "bad"}
    recipe = RECIPE.model_copy(update={"generators": {"writer": writer}})
    bad = {"bad": {"hub": HOSTILE, "licence": HOSTILE}}
    study = STUDY.model_copy(update={"study": HOSTILE, "noun": HOSTILE})
    plain = card("x", rows_of(4), STUDY, RECIPE, PROVENANCE, tables)
    text = card("x", rows_of(4), study, recipe, bad, tables)
    result = header(text)
    assert list(result) == list(header(plain))
    assert result["pretty_name"] == f"{HOSTILE}: x" and result["license"] == "other"
    body = text.split("\n---\n", 1)[1]
    outside = re.sub(r"\n```(json|python)\n.*?\n```\n", "", body, flags=re.DOTALL)
    assert "<script" not in outside and "```" not in outside and "---\nlicense" not in outside
    assert body.count("\n```") == plain.count("\n```") == 4
    assert body.count("\n#") == plain.split("\n---\n", 1)[1].count("\n#")
    assert "\\[a\\]\\(javascript" in outside and escaped("a|b\nc") == "a\\|b c"


def test_the_recommended_mix_is_marked(tables: dict[str, pl.DataFrame]) -> None:
    result = studies.study(studies.peaked, pipelines=("topic",))["findings"]
    best = best_mix(result, "accuracy")
    assert best == recommend(result) and best.n_real
    mixed = rows_of(40).with_columns(source=pl.Series(["real", "generated"] * 20))
    rows = task_columns(mixed, rows_of(2).drop("seed"), "classification")
    assert rows.columns == ["id", "text", "label", "source"]
    check(rows, "train.parquet", Exported)
    names = {key: getattr(best, key) for key in SET}
    recipe = RECIPE.model_copy(update={"set": SetName(**names, **DRAW)})
    text = card("best", rows, STUDY, recipe, PROVENANCE, tables, best)
    assert "recommended" in header(text)["tags"] and header(text)["license"] == "other"
    assert "the mix that the study recommends" in text and escaped(best.sentence) in text
    assert "20 generated, 20 real" in text and "movie-reviews; licence: MIT" in text


def test_without_a_gain_the_real_rows_are_exported(tables: dict[str, pl.DataFrame]) -> None:
    result = studies.study(studies.flat, real=(64, 128), levels=2)["findings"]
    best = best_mix(result, "accuracy")
    assert best.arm == "real128" and best.comparisons > 0
    rows = rows_of(40).with_columns(source=pl.lit("real"))
    text = card("real rows", rows, STUDY, None, PROVENANCE, tables, best)
    assert f"**{escaped(best.sentence)}**" in text and header(text)["license"] == "mit"
    assert header(text)["tags"] == ["mixtura"] and "generated rows were made" not in text


def test_rows_without_labels_have_no_label_column() -> None:
    rows = rows_of(2).with_columns(context=pl.lit("c"))
    data = rows.drop("seed")
    exported = task_columns(rows, data, "qa")
    assert exported.columns == ["id", "text", "context"]
    check(exported, "train.parquet", Exported)
    assert [size_category(n) for n in (999, 1_000, 10**6)] == ["n<1K", "1K<n<10K", "n>1M"]


def test_every_column_of_a_real_row_may_be_exported() -> None:
    columns = [name for name in Exported.columns() if name != "source"]
    assert columns == [name for name in Rows.columns() if name != "side"]
    several = pl.DataFrame({"id": ["a"], "text": ["t"], "label": ["m"], "labels": [["x", "y"]]})
    check(task_columns(several, several, "multilabel"), "train.parquet", Exported)


def test_conversations_are_exported_with_generated_rows_that_are_none() -> None:
    pair = {"id": ["a"], "text": ["p\nr"], "label": ["instruction"]}
    pair |= {"prompt": ["p"], "response": ["r"]}
    real = pl.DataFrame({**pair, "messages": ["[]"]})
    generated = pl.DataFrame({**pair, "id": ["b"], "topic": ["t"]})
    both = with_generated(real, [generated])
    assert both["messages"].to_list() == ["[]", None] and "topic" not in both.columns
    assert with_generated(real, [generated], "topic")["topic"].to_list() == [None, "t"]
    for rows in (both, generated):
        check(task_columns(rows, real, "instruction"), "train.parquet", Exported)


def test_settings_of_an_export_name_every_writer(tiny: dict[str, Any]) -> None:
    config = json.loads(json.dumps(tiny))
    config["generators"]["other"] = config["generators"]["writer"]
    config["generate"]["generators"] = ["writer", "other"]
    levels = {"D0": {"generators": ["writer"]}, "D6": {"generators": ["writer", "other"]}}
    config["pipelines"]["both"] = {"dial": "sources", "of": "topic", "level": "D6"}
    config["pipelines"]["both"]["levels"] = levels
    config["generate"]["pipelines"] = ["topic", "both"]
    plan = read_plan(config)
    settings = json.loads(plan.export.best_settings(None))
    assert set(settings["recipes"]) == {"/".join(key) for key in plan.sets.sets}
    assert set(settings["mixes"]) == set(plan.sets.arms) and settings["first_seed"] == 0
    mixed = settings["recipes"]["mixed/both/D6/r0"]
    assert set(mixed["generators"]) == {"writer", "other"}
    assert set(mixed["pipelines"]) == {"both", "topic"} and set(mixed["curation"]) == {"topic"}
    assert settings["study"]["data"] == {"name": "reviews.csv", "licence": "unknown"}


@pytest.fixture
def exported(tables: dict[str, pl.DataFrame], tmp_path: Path) -> Path:
    text = card("x", rows_of(4), STUDY, RECIPE, PROVENANCE, tables)
    return write(tmp_path / "export", rows_of(4), text)


def test_a_push_uploads_rows_and_card_and_nothing_else(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Any]] = []
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setattr(
        huggingface_hub, "create_repo", lambda repo, **k: calls.append((repo, k["private"]))
    )
    monkeypatch.setattr(
        huggingface_hub, "upload_folder", lambda **k: calls.append(("upload", k)) or "there"
    )
    run = CliRunner().invoke(app, ["push", str(exported), "--repo", "me/mine", "--private"])
    assert run.exit_code == 0 and run.output == f"{exported} -> there\n"
    assert calls[0] == ("me/mine", True)
    assert calls[1][1] == {
        **{"repo_id": "me/mine", "folder_path": exported, "token": "secret"},
        **{"repo_type": "dataset", "allow_patterns": ["README.md", "data/train.parquet"]},
    }


def test_a_push_without_token_or_card_is_refused(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise AssertionError("uploaded")

    monkeypatch.setattr(huggingface_hub, "create_repo", fail)
    monkeypatch.setattr(huggingface_hub, "upload_folder", fail)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    command = ["push", str(exported), "--repo", "me/mine"]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 1 and "mixtura push: HF_TOKEN is not set" in run.output
    monkeypatch.setenv("HF_TOKEN", "secret")
    (exported / "README.md").unlink()
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 1 and "it lacks README.md" in run.output
