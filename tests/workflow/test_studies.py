"""The studies in config/: every one can be planned, and the paper's have the paper's shape."""

import os
import re
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from conftest import ROOT, snakemake_command
from mixtura.cli.app import app
from mixtura.plan.plan import Plan, read_plan
from mixtura.plan.training_memory import memory_checks, training_gigabytes
from mixtura.study.downstream import CausalLM

STUDIES = sorted((ROOT / "config").glob("*.yaml"))
LEVELS = [f"D{step}" for step in range(7)]
COUNTED = ("run", "tokens", "gpu_hours", "cost")
NO_NETWORK = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")


@pytest.fixture
def _at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def planned(path: Path) -> Plan:
    return read_plan(yaml.safe_load(path.read_text()))


@pytest.mark.usefixtures("_at_root")
@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_can_be_planned(path: Path) -> None:
    plan = planned(path)
    assert plan.sets.sets and plan.findings.predictions()
    if path.stem != "config":  # the demo is the default
        assert plan.sets.study.study == path.stem


def test_the_paper_in_full_has_its_shape() -> None:
    plan = planned(ROOT / "config/paper.yaml")
    study = plan.sets.study
    kinds = [study.pipelines[pipeline].dial for pipeline in study.generate.pipelines]
    assert kinds == ["topic", "paraphrase"]
    assert study.generate.levels == LEVELS and len(plan.sets.sets) == 2 * len(LEVELS)
    assert len(study.seeds) == 5 and len(study.designs.real) >= 2

    for design in ("mix-fixed", "mix-add", "grid"):
        arms = [point.arm for point in plan.sets.points if point.design == design]
        assert len({(arm.pipeline, arm.level) for arm in arms}) == 2 * len(LEVELS)
    topics = [study.levels_of("topic")[level].topics for level in LEVELS]
    sources = [study.levels_of("paraphrase")[level].sources for level in LEVELS]
    assert topics == sorted(set(topics))  # more topics: higher
    assert sources == sorted(set(sources), reverse=True) and sources[-1] == 0  # more: lower


def test_the_paper_in_full_is_three_sizes_by_name_on_gpus() -> None:
    plan = planned(ROOT / "config/paper.yaml")
    study = plan.sets.study
    topics = [study.levels_of("topic")[level].topics for level in LEVELS]
    assert (topics[0], topics[1], topics[-1]) == (20, 100, 10_000)
    assert study.designs.real == [64, 256, 1024]
    assert {model.kind for model in study.downstream.values()} == {"causal-lm"}
    *others, whole = study.downstream.values()
    assert [model.resources.gpu for model in (*others, whole) if model.resources] == [1, 1, 1, 8]
    assert [bool(getattr(model, "lora", None)) for model in others] == [False, False, True]
    assert isinstance(others[2], CausalLM) and others[2].lora and others[2].lora.quantize
    assert isinstance(whole, CausalLM) and whole.sharded and whole.model == others[2].model
    assert study.task.data.hub and all(model.hub for model in study.models.values())
    assert study.generators["qwen"].backend == "vllm"
    runs = [len(plan.sets.trainings(name)) for name in study.downstream]
    assert runs == [215, 215, 215, 31]  # of 124M all seeds are a job, of the others each
    assert len(plan.findings.predictions()) == 215 + 5 * (215 + 215 + 31) == 2_520


def test_the_trainings_of_the_paper_fit_their_gpus() -> None:
    study = planned(ROOT / "config/paper.yaml").sets.study
    least = {check.what.partition(".")[2]: check.words for check in memory_checks(study)}
    assert least == {
        "gpt2": "2 GB on each of 1 GPUs, without activations",
        "llama-1b": "20 GB on each of 1 GPUs, without activations",
        "llama-8b": "8 GB on each of 1 GPUs, without activations",
        "llama-8b-whole": "16 GB on each of 8 GPUs, without activations",
    }  # of 80
    whole = study.downstream["llama-8b-whole"]
    assert isinstance(whole, CausalLM)
    alone = training_gigabytes(whole.model_copy(update={"sharded": False}), 8.03, 8)
    assert alone > 80
    weights = 4 * 8.03e3  # MB of float32, which are read again to predict
    assert whole.resources and whole.resources.mem_mb > 2 * weights


def test_the_paper_in_small_can_ask_each_hypothesis_of_replicates() -> None:
    plan = planned(ROOT / "config/paper-mini.yaml")
    study = plan.sets.study
    assert study.task.data.package and all(model.package for model in study.models.values())
    assert study.replicates.count >= 4 and len(study.generate.levels) >= 5  # H1, H3
    kinds = [model.kind for model in study.downstream.values()]
    assert kinds == ["probe", "encoder", "encoder"]  # H2: two sizes
    grid = {point.arm for point in plan.sets.points if point.design == "grid"}
    for generated in study.designs.grid.generated:  # H4: equal rows beside two numbers of real
        assert len({arm.n_real for arm in grid if arm.n_generated == generated}) == 2
    assert len(study.designs.mix_fixed.shares) == 3  # H5
    # Baselines of 8, 32, 48 and 64 rows and their mixes; 6 of MiniLM, 4 of SmolLM2.
    runs = len(plan.sets.arms_of("minilm")) + len(plan.sets.arms_of("smollm2"))
    assert runs * study.replicates.count == 40


def test_a_dry_run_of_the_paper_for_slurm_needs_no_network(tmp_path: Path) -> None:
    command = snakemake_command(ROOT / "config/paper.yaml", tmp_path)
    run = subprocess.run(
        [*command, "--profile", "profiles/slurm", "--dry-run", "--quiet", "rules"],
        cwd=ROOT,
        env={**os.environ, **NO_NETWORK, "HF_ENDPOINT": "http://127.0.0.1:9"},
        text=True,
        capture_output=True,
        timeout=600,
    )
    output = run.stdout + run.stderr
    assert run.returncode == 0, output
    rows = (line.split() for line in output.splitlines())
    counts = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    assert counts["finetune_causal"] == 2_520 and counts["total"] == 2_657  # and all


@pytest.mark.usefixtures("_at_root")
def test_the_cost_of_the_paper_is_told_before_it_runs(tmp_path: Path) -> None:
    table = tmp_path / "plan.parquet"
    options = ["--configfile", "config/paper.yaml", "--directory", str(tmp_path)]
    run = CliRunner().invoke(app, ["plan", *options, "--output", str(table)])
    assert run.exit_code == 0, run.output
    rows = {row["stage"]: row for row in pl.read_parquet(table).iter_rows(named=True)}
    output = (ROOT / "docs/paper.md").read_text()
    stages = {"topics, generate, top_up": ("topics", "generate", "top_up")}
    stages |= {"finetune_causal": ("finetune_causal",), "total": tuple(rows)}
    for name, summed in stages.items():
        shown = re.search(rf"^\| {name} \|(.*)\|$", output, re.MULTILINE)
        sums = {key: sum(rows[stage][key] for stage in summed) for key in COUNTED}
        tokens = f"{sums['tokens'] / 1e6:.1f} million" if sums["tokens"] else ""
        hours = sums["gpu_hours"]
        expected = [f"{sums['run']:,}", tokens, f"{hours:,.{int(hours < 100)}f}"]
        assert shown
        cells = [cell.strip() for cell in shown[1].split("|")]
        assert cells == [*expected, f"{sums['cost']:,.0f}"]
