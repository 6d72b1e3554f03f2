"""Tasks of lm-eval: checked before anything runs, evaluated once for each checkpoint, told."""

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
from mixtura import evaluate_lm
from mixtura.config import ConfigError
from mixtura.designs import Arm
from mixtura.evaluate_lm import checkpoint, result_rows, results_of
from mixtura.findings import findings_text
from mixtura.hypotheses import HYPOTHESES
from mixtura.plan import Plan, read_plan
from test_findings import NULL, SHIFT, measures

SETTINGS: dict[str, Any] = {
    **{"tasks": ["mood"], "shots": 0, "limit": None},
    **{"batch_size": 8, "include": None, "python": "python", "version": "0"},
}
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
    ("given", "told"),
    [
        ({"tasks": []}, "downstream.whole.lm_eval.tasks"),
        ({"tasks": ["a,b"]}, "downstream.whole.lm_eval.tasks.0: 'a,b' is wrong"),
        ({"include": "gone"}, "downstream.whole.lm_eval: include: no folder at 'gone'"),
        ({"python": "gone/python"}, "downstream.whole.lm_eval: .*'gone/python'.*`make lm-eval`"),
        ({"python": sys.executable}, "downstream.whole.lm_eval: .*`make lm-eval` puts in .venv-lm"),
        ({"fewshot": 2}, "unknown key .*allowed: python, tasks, include, shots, limit"),
    ],
)
def test_what_cannot_be_asked_is_told_before_a_job_runs(
    tiny: dict[str, Any], python: Path, given: dict[str, Any], told: str
) -> None:
    study = asking(tiny, python)
    study["downstream"]["whole"]["lm_eval"] |= given
    with pytest.raises(ConfigError, match=told):
        read_plan(study)


def test_it_needs_the_tuned_model(tiny: dict[str, Any], python: Path) -> None:
    study = asking(tiny, python)
    del study["downstream"]["whole"]["keep_checkpoint"]
    with pytest.raises(ConfigError, match=r"downstream\.whole: .*keep_checkpoint: true"):
        read_plan(study)


def test_another_task_trains_nothing(tiny: dict[str, Any], python: Path) -> None:
    few, more = (read_plan(asking(tiny, python, tasks=tasks)) for tasks in (["a"], ["a", "b"]))
    run = SimpleNamespace(arm=next(iter(few.arms)), model="adapters", seed="0")
    assert few.finetune_settings(run) == more.finetune_settings(run)
    assert few.lm_eval_settings(run) != more.lm_eval_settings(run)
    assert json.loads(few.lm_eval_settings(run))["version"] == "0.4.13"
    assert not (python.parents[1] / "was-run").exists()
    assert len(few.lm_evaluated()) == 2 * len(few.arms)
    study = asking(tiny, python)
    for model in study["downstream"].values():
        del model["lm_eval"]
    off = read_plan(study)
    assert off.finetune_settings(run) == few.finetune_settings(run)
    assert off.lm_evaluated() == [] and off.lm_eval_table() == {}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The models that lm-eval, which answers at once, was run on."""
    models: list[dict[str, str]] = []

    def answer(model: dict[str, str], settings: dict[str, Any], environment: Any) -> str:
        models.append(model)
        return json.dumps(RESULTS)

    monkeypatch.setattr(evaluate_lm, "run_lm_eval", answer)
    return models


def kept(folder: Path, weights: bytes, adapter: bool = False) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    if adapter:
        (folder / "adapter_config.json").touch()
    return str(folder)


def test_a_checkpoint_is_evaluated_once(ran: list[dict[str, str]], tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mood.yaml").write_text("task: mood")

    def runs(model: dict[str, str], **changed: Any) -> int:
        before = len(ran)
        assert results_of(model, {**SETTINGS, **changed}, tmp_path / "store") == RESULTS
        return len(ran) - before

    first = {"pretrained": kept(tmp_path / "first", b"1")}
    assert (runs(first), runs(first)) == (1, 0)
    assert runs({"pretrained": kept(tmp_path / "second", b"1")}) == 0  # the same weights
    assert runs({"pretrained": kept(tmp_path / "second", b"2")}) == 1
    changes: list[dict[str, Any]] = [
        {"tasks": ["moods"]},
        {"shots": 1},
        {"limit": 5},
        {"version": "1"},
    ]
    for change in [*changes, {"include": str(own)}]:
        assert (runs(first, **change), runs(first, **change)) == (1, 0)
    assert runs(first, python="another/python") == 0
    (own / "__pycache__").mkdir()
    (own / "__pycache__/utils.pyc").touch()
    (own / ".git").touch()
    assert runs(first, include=str(own)) == 0
    (own / "mood.yaml").write_text("task: mood\nnum_fewshot: 1")
    assert runs(first, include=str(own)) == 1
    own.rename(tmp_path / "moved")
    assert runs(first, include=str(tmp_path / "moved")) == 0


def test_an_adapter_lies_over_its_base(ran: list[dict[str, str]], tmp_path: Path) -> None:
    base = kept(tmp_path / "base", b"1")
    adapter = kept(tmp_path / "adapter", b"2", adapter=True)
    model = checkpoint(adapter, base)
    assert model == {"pretrained": base, "peft": adapter}
    assert checkpoint(base, "other") == {"pretrained": base}
    results_of(model, SETTINGS, tmp_path / "store")
    kept(tmp_path / "base", b"3")
    results_of(model, SETTINGS, tmp_path / "store")
    assert len(ran) == 2
    with pytest.raises(FileNotFoundError, match="--forcerun finetune_causal"):
        checkpoint(str(tmp_path / "gone"), base)


def test_a_run_that_fails_keeps_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(model: dict[str, str], settings: dict[str, Any], environment: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr(evaluate_lm, "run_lm_eval", fail)
    model = {"pretrained": kept(tmp_path / "model", b"1")}
    with pytest.raises(RuntimeError):
        results_of(model, SETTINGS, tmp_path / "store")
    assert not list((tmp_path / "store").iterdir())


def test_every_number_becomes_a_row() -> None:
    assert result_rows(RESULTS).rows() == [
        ("mood", "acc", 0.625, 0.08, 40),
        ("mood", "exact_match,strict", 1.0, None, 40),
    ]


def test_the_findings_tell_the_spread_of_the_seeds_and_no_more() -> None:
    said = {"arm": "D06464", "model": "reader", "task": "mood", "metric": "acc", "n": 40}
    results = pl.DataFrame([said | {"seed": s, "value": v} for s, v in ((0, 0.5), (1, 0.75))])

    def text(given: pl.DataFrame | None) -> str:
        return findings_text(
            NULL, measures(), SHIFT, pl.DataFrame(schema=HYPOTHESES), lm_eval=given
        )

    assert "lm-eval" not in text(None)
    both = text(results)
    assert "Means over 2 seeds, in brackets the lowest and the highest seed" in both
    assert "64 real + 64 generated, topic D0" in both and "0.625 [0.500, 0.750]" in both
    one = text(results.filter(seed=0))
    assert "One seed: how far seeds differ is not known" in one and "0.500 " in one


LM_EVAL = ROOT / ".venv-lm-eval/bin/python"
with_lm_eval = pytest.mark.skipif(
    not LM_EVAL.parents[1].joinpath("installed").exists(),
    reason="no .venv-lm-eval; `make lm-eval` makes it",
)


def own_task(folder: Path) -> Path:
    """A folder with a task of our own: the label of a review, asked for as in the training."""
    folder.mkdir()
    rows = [{"text": text, "gold": int(label == "negative")} for text, label in reviews(60, seed=9)]
    (folder / "mood.json").write_text("\n".join(map(json.dumps, rows)))
    told = {
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
    (folder / "mood.yaml").write_text(yaml.safe_dump(told))
    return folder


@with_lm_eval
@pytest.mark.workflow
def test_tuned_models_are_evaluated_on_a_task_of_the_users_own(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    study = asking(tiny, LM_EVAL, include=str(own_task(tmp_path / "own")), limit=40)
    plan: Plan = read_plan(study)
    root = tmp_path / "results/tiny"
    run = run_snakemake(tmp_path, study, "results/tiny/findings.md")
    assert run.returncode == 0, run.stdout
    table = pl.read_parquet(root / "tables/lm_eval.parquet")
    assert set(table["arm"]) == set(plan.arms) and set(table["model"]) == {"whole", "adapters"}
    assert table.height == 2 * len(plan.arms)
    assert table.select("task", "metric", "seed", "n").unique().rows() == [("mood", "acc", 0, 40)]
    learnt = table.filter(model="whole", arm=Arm(16).name)
    assert learnt["value"].item() > 0.65 and learnt["stderr"].null_count() == 0
    assert "## Tasks of lm-eval" in (root / "findings.md").read_text()

    def stored() -> dict[str, float]:
        return {file.name: file.stat().st_mtime for file in (root / ".lm_eval").iterdir()}

    before = stored()
    again = run_snakemake(
        *(tmp_path, study, "--forcerun", "evaluate_lm", "results/tiny/findings.md")
    )
    assert again.returncode == 0 and again.stdout.count("with lm-eval") == table.height
    assert len(before) == table.height and stored() == before
