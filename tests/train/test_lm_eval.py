"""Tasks of lm-eval: checked before anything runs, evaluated once for each checkpoint."""

import copy
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml

from builders import reviews
from conftest import ROOT, run_snakemake
from mixtura.core.tables import check
from mixtura.infer.tables import LmEvalFindings
from mixtura.plan.designs import Arm
from mixtura.plan.plan import Plan, read_plan
from mixtura.study.base import ConfigError
from mixtura.train import lm_eval
from mixtura.train.lm_eval import item_rows, model_arguments, result_rows, stored_results
from mixtura.train.settings import EvaluateLmSettings

SETTINGS = EvaluateLmSettings(tasks=["mood"], shots=0, batch_size=8, python="python", version="0")
SAMPLES = sorted((ROOT / "docs/logs/base/seed-0").glob("samples_*"))
RESULTS: dict[str, Any] = {
    "results": {
        "mood": {
            **{"name": "mood", "alias": "mood", "sample_len": 40},
            **{"acc,none": 0.625, "acc_stderr,none": 0.08},
            **{"exact_match,strict": 1, "exact_match_stderr,strict": "N/A"},
        },
        "moods": {"alias": "moods", " ": " "},  # a group without a mean of its own
    }
}


def asking(tiny: dict[str, Any], python: Path, **lm_eval: Any) -> dict[str, Any]:
    """The tiny study with two tuned language models that are evaluated."""
    study = copy.deepcopy(tiny)
    study["generate"]["levels"] = ["D0"]
    study["designs"] = {"real": [16], "mix-add": {"ratios": [1]}, "controls": []}
    model = {"kind": "causal-lm", "model": "writer", "steps": 60, "max_length": 64}
    model |= {
        "learning_rate": 0.01,
        "keep_checkpoint": True,
        "lm_eval": {"python": str(python), "tasks": ["mood"]},
    }
    model["lm_eval"] |= lm_eval
    study["downstream"] = {"whole": model, "adapters": {**model, "lora": {"rank": 2}}}
    study["seeds"] = [0]
    return study


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A program that must not be run, in an environment with lm-eval 0.4.13."""
    program = tmp_path / "bin/python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    (tmp_path / "lib/python3.11/site-packages/lm_eval-0.4.13.dist-info").mkdir(parents=True)
    return program


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"tasks": []}, "downstream.whole.lm_eval.tasks"),
        ({"tasks": ["a,b"]}, "downstream.whole.lm_eval.tasks.0: 'a,b' is wrong"),
        ({"include": "gone"}, "downstream.whole.lm_eval: include: no folder at 'gone'"),
        ({"python": "gone/python"}, "downstream.whole.lm_eval: .*'gone/python'.*`make lm-eval`"),
        ({"python": sys.executable}, "downstream.whole.lm_eval: .*`make lm-eval` puts in .venv-lm"),
        ({"fewshot": 2}, "unknown key .*allowed: python, tasks, include, shots, limit"),
    ],
)
def test_wrong_keys_are_named_before_a_job_runs(
    tiny: dict[str, Any], python: Path, keys: dict[str, Any], message: str
) -> None:
    study = asking(tiny, python)
    study["downstream"]["whole"]["lm_eval"] |= keys
    with pytest.raises(ConfigError, match=message):
        read_plan(study)


def test_it_needs_the_tuned_model(tiny: dict[str, Any], python: Path) -> None:
    study = asking(tiny, python)
    del study["downstream"]["whole"]["keep_checkpoint"]
    with pytest.raises(ConfigError, match=r"downstream\.whole: .*keep_checkpoint: true"):
        read_plan(study)


def test_another_task_trains_nothing(tiny: dict[str, Any], python: Path) -> None:
    few, more = (read_plan(asking(tiny, python, tasks=tasks)) for tasks in (["a"], ["a", "b"]))
    run = SimpleNamespace(arm=next(iter(few.sets.arms)), model="adapters", seed="0")
    assert few.finetune.settings(run) == more.finetune.settings(run)
    assert few.finetune.lm_eval_settings(run) != more.finetune.lm_eval_settings(run)
    assert json.loads(few.finetune.lm_eval_settings(run))["version"] == "0.4.13"
    assert not (python.parents[1] / "was-run").exists()
    assert len(few.findings.lm_evaluated()) == 2 * len(few.sets.arms)
    study = asking(tiny, python)
    for model in study["downstream"].values():
        del model["lm_eval"]
    off = read_plan(study)
    assert off.finetune.settings(run) == few.finetune.settings(run)
    assert off.findings.lm_evaluated() == [] and off.findings.lm_eval_tables() == {}
    assert [Path(file).name for file in few.findings.lm_eval_tables().values()] == [
        *("lm_eval.parquet", "lm_eval_findings.parquet")
    ]
    items = few.findings.lm_evaluated("lm_eval_items")
    assert len(items) == len(few.findings.lm_evaluated()) and "lm_eval_items" in items[0]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The models that lm-eval, which answers at once, was run on."""
    models: list[dict[str, str]] = []

    def answer(model: dict[str, str], settings: EvaluateLmSettings, environment: Any) -> Any:
        models.append(model)
        return json.dumps(RESULTS), item_rows(SAMPLES)

    monkeypatch.setattr(lm_eval, "run_lm_eval", answer)
    return models


def checkpoint(folder: Path, weights: bytes, adapter: bool = False) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    if adapter:
        (folder / "adapter_config.json").touch()
    return str(folder)


def test_a_checkpoint_is_evaluated_once(ran: list[dict[str, str]], tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mood.yaml").write_text("task: mood")

    def runs(model: dict[str, str], **changes: Any) -> int:
        before = len(ran)
        settings = SETTINGS.model_copy(update=changes)
        results, items = stored_results(model, settings, tmp_path / "store")
        assert results == RESULTS and items.equals(item_rows(SAMPLES))
        return len(ran) - before

    first = {"pretrained": checkpoint(tmp_path / "first", b"1")}
    assert (runs(first), runs(first)) == (1, 0)
    assert runs({"pretrained": checkpoint(tmp_path / "second", b"1")}) == 0  # the same weights
    assert runs({"pretrained": checkpoint(tmp_path / "second", b"2")}) == 1
    changes: list[dict[str, Any]] = [
        {"tasks": ["moods"]},
        {"shots": 1},
        {"limit": 5},
        {"version": "1"},
    ]
    for change in [*changes, {"include": str(folder)}]:
        assert (runs(first, **change), runs(first, **change)) == (1, 0)
    assert runs(first, python="another/python") == 0
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/utils.pyc").touch()
    (folder / ".git").touch()
    assert runs(first, include=str(folder)) == 0
    (folder / "mood.yaml").write_text("task: mood\nnum_fewshot: 1")
    assert runs(first, include=str(folder)) == 1
    folder.rename(tmp_path / "moved")
    assert runs(first, include=str(tmp_path / "moved")) == 0


def test_an_adapter_lies_over_its_base(ran: list[dict[str, str]], tmp_path: Path) -> None:
    base = checkpoint(tmp_path / "base", b"1")
    adapter = checkpoint(tmp_path / "adapter", b"2", adapter=True)
    model = model_arguments(adapter, base)
    assert model == {"pretrained": base, "peft": adapter}
    assert model_arguments(base, "other") == {"pretrained": base}
    stored_results(model, SETTINGS, tmp_path / "store")
    checkpoint(tmp_path / "base", b"3")
    stored_results(model, SETTINGS, tmp_path / "store")
    assert len(ran) == 2
    with pytest.raises(FileNotFoundError, match="--forcerun finetune_causal"):
        model_arguments(str(tmp_path / "gone"), base)


def test_a_run_that_fails_keeps_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(model: dict[str, str], settings: EvaluateLmSettings, environment: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(lm_eval, "run_lm_eval", fail)
    model = {"pretrained": checkpoint(tmp_path / "model", b"1")}
    with pytest.raises(RuntimeError):
        stored_results(model, SETTINGS, tmp_path / "store")
    assert not list((tmp_path / "store").glob("*"))


def test_every_number_becomes_a_row() -> None:
    assert result_rows(RESULTS).rows() == [
        ("mood", "acc", 0.625, 0.08, 40),
        ("mood", "exact_match,strict", 1.0, None, 40),
    ]


def test_every_item_with_a_number_becomes_a_row(tmp_path: Path) -> None:
    rows = item_rows(SAMPLES)
    assert rows.height == 40 and rows.select("task", "metric", "lower").unique().rows() == [
        ("mood", "acc", False)
    ]
    line = {"doc_id": 0, "doc": {}, "filter": "none", "metrics": ["ppl"], "ppl": [-3.0, 2]}
    log = tmp_path / SAMPLES[0].name.replace("mood", "wiki").removesuffix(".gz")
    log.write_text(json.dumps(line))
    assert item_rows([log, *SAMPLES]).equals(rows) and item_rows([log]).is_empty()


LM_EVAL = ROOT / ".venv-lm-eval/bin/python"
with_lm_eval = pytest.mark.skipif(
    not LM_EVAL.parents[1].joinpath("installed").exists(),
    reason="no .venv-lm-eval; `make lm-eval` makes it",
)


def mood_task(folder: Path) -> Path:
    """A folder with a task of our own: the label of a review, prompted as in the training."""
    folder.mkdir()
    rows = [{"text": text, "gold": int(label == "negative")} for text, label in reviews(60, seed=9)]
    (folder / "mood.json").write_text("\n".join(map(json.dumps, rows)))
    task = {
        "task": "mood",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(folder / "mood.json")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{text}}\nLabel:",
        "doc_to_choice": ["positive", "negative"],
        "doc_to_target": "gold",
        "metric_list": [{"metric": "acc"}],
        "metadata": {"version": 1},
    }
    (folder / "mood.yaml").write_text(yaml.safe_dump(task))
    return folder


@with_lm_eval
@pytest.mark.workflow
def test_tuned_models_are_evaluated_on_a_task_of_the_users_own(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    study = asking(tiny, LM_EVAL, include=str(mood_task(tmp_path / "own")), limit=40)
    plan: Plan = read_plan(study)
    root = tmp_path / "results/tiny"
    run = run_snakemake(tmp_path, study, "results/tiny/findings.md")
    assert run.returncode == 0, run.stdout
    table = pl.read_parquet(root / "tables/lm_eval.parquet")
    assert set(table["arm"]) == set(plan.sets.arms) and set(table["model"]) == {"whole", "adapters"}
    assert table.height == 2 * len(plan.sets.arms)
    assert table.select("task", "metric", "seed", "n").unique().rows() == [("mood", "acc", 0, 40)]
    learnt = table.filter(model="whole", arm=Arm(16).name)
    assert learnt["value"].item() > 0.65 and learnt["stderr"].null_count() == 0
    text = (root / "findings.md").read_text()
    assert "## Tasks of lm-eval" in text and "### mood (acc on 40 test rows" in text
    tasks = pl.read_parquet(root / "tables/lm_eval_findings.parquet")
    check(tasks, "tables/lm_eval_findings.parquet", LmEvalFindings)
    assert tasks.select("test", "metric").unique().rows() == [("mood", "acc")]
    compared = tasks.filter(pl.col("baseline").is_not_null())
    assert compared.height and compared["verdict"].null_count() == 0
    means = table.group_by("arm", "model").agg(pl.col("value").mean())
    both = tasks.join(means, on=["arm", "model"], suffix="_lm")
    assert both["value"].to_list() == pytest.approx(both["value_lm"].to_list())

    def stored() -> dict[str, float]:
        return {file.name: file.stat().st_mtime for file in (root / ".lm_eval").iterdir()}

    before = stored()
    assert {Path(name).suffix for name in before} == {".json", ".parquet"}
    again = run_snakemake(
        *(tmp_path, study, "--forcerun", "evaluate_lm", "results/tiny/findings.md")
    )
    assert again.returncode == 0 and again.stdout.count("with lm-eval") == table.height
    assert len(before) == 2 * table.height and stored() == before
