"""Exact reruns: docs/reruns.md is what the graph says, and dry runs beside results agree."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import rerun_table
from conftest import ROOT, run_snakemake
from mixtura.core.contents import files_of
from mixtura.study.study import Study
from rerun_studies import FOLDER, labelled_line, studies

FILES = ("Snakefile", "workflow", "profiles", "config")


@pytest.fixture(scope="module")
def results(done: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished study: what is written beside it disturbs no other test."""
    folder = tmp_path_factory.mktemp("reruns") / "study"
    shutil.copytree(done, folder, symlinks=True)
    return folder


def jobs(folder: Path, config: dict[str, Any], root: Path = ROOT) -> dict[str, int]:
    """Rule -> jobs that a dry run of the workflow at `root` would run in `folder`."""
    (folder / "changed.yaml").write_text(yaml.safe_dump(config))
    jobs_file = folder / "jobs.json"
    jobs_file.unlink(missing_ok=True)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake_logger_plugin_mixtura.jobs", str(jobs_file)),
            *("--snakefile", str(root / "Snakefile"), "--profile", str(root / "profiles/local")),
            *("--configfile", str(folder / "changed.yaml"), "--directory", str(folder)),
        ],
        env={**os.environ, "PYTHONPATH": str(root / "workflow/scripts")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert jobs_file.exists(), run.stderr
    planned = json.loads(jobs_file.read_text())["jobs"]
    return dict(Counter(job["rule"] for job in planned if job["why"] is not None))


def test_the_documented_table_is_what_the_graph_says() -> None:
    """It names rules alone: most changes of the code change no row."""
    clone = subprocess.run(
        [sys.executable, str(ROOT / "tests/rerun_table.py")],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert clone.returncode == 0, clone.stderr
    page = (ROOT / "docs/reruns.md").read_text()
    assert clone.stdout == page, "docs/reruns.md is out of date: run `make docs`"
    rows = dict(re.findall(r"(?m)^\| `([^`]+)` \| ([^|]+) \|", clone.stdout))
    assert rows["plots.colours"] == "figures, report"
    assert rows["prices.gpu_hour"] == "collect_generation"
    anew = "generate, top_up, report, export_set, export_best"
    assert rows["generators.smollm2.sampling.temperature"] == anew
    assert {rows[key] for key in rows if ".resources." in key or key[:10] == "resources."} == {
        "nothing"
    }
    assert {rows[f"mixtura/{name}.py"] for name in ("core/gpus", "plan/cost", "plan/plan")} == {
        "nothing"
    }
    assert rows["mixtura/generate/dials/persona.py"] == "generate, top_up"
    assert (
        rows["mixtura/infer/loop.py"] == "findings"
        and rows["mixtura/curate/select.py"] == "select_rows"
    )
    embed = {"embed_pool", "embed_real", "embed_fold", "embed_examples", "embed_shifted", "embed"}
    assert set(rows["mixtura/measure/embed.py"].split(", ")) == embed
    missing = schema_keys() - {part for name in rows for part in name.split(".")}
    assert missing == {"dial"}  # it says what a pipeline is: another one is another pipeline


def schema_keys() -> set[str]:
    """Names of all keys."""
    schema = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())
    parts = [schema, *schema["$defs"].values()]
    return {key for part in parts for key in part.get("properties", {})}


def change(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    *before, last = path.split(".")
    place = changed
    for part in before:
        place = place.setdefault(part, {})
    place[last] = value
    return changed


COMPARED = {"evaluate": 1, "findings": 1, "figures": 1, "report": 1}
NEEDS = {"mem_mb": 9000, "runtime": 99, "gpu": 1, "threads": 2}


def after_generation(levels: int, finetune: int) -> dict[str, int]:
    """Jobs that follow from new shards of so many levels."""
    per_level = dict.fromkeys(("curate", "embed", "diversity", "shift"), levels)
    collected = {"collect_generation": 1, "collect_scores": 1}
    return {**per_level, **collected, "finetune": finetune, **COMPARED}


SCORED = {"diversity": 2, "collect_scores": 1, "findings": 1, "figures": 1, "report": 1}
CASES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "nothing": ({}, {}),
    "plot option": ({"plots.colours": "magma"}, {"figures": 1, "report": 1}),
    "filter threshold": (
        {"curation.full.filters.length.min_words": 2},
        after_generation(levels=2, finetune=4),  # all but real data alone
    ),
    "one level's setting": (
        {"pipelines.topic.levels.D6.topics": 5},
        {"generate": 2, **after_generation(levels=1, finetune=2)},
    ),
    "sampling temperature": (
        {"generators.writer.sampling.temperature": 0.7},
        {"generate": 4, **after_generation(levels=2, finetune=4)},
    ),
    # As many jobs as one replicate has: all that was made stays.
    "one more replicate": (
        {"replicates": 2},
        {
            **{"examples": 1, "embed_examples": 1, "generate": 4},
            **after_generation(levels=2, finetune=5),
        },
    ),
    "one more seed": ({"seeds": [0, 1, 2]}, {"finetune": 5, **COMPARED}),
    # The reference grows with n, so that the splits may show prompts other examples.
    "larger n": (
        {"generate.n": 32, "task.reference": 64, "task.test": 30},
        {
            "split": 1,
            "examples": 1,
            "embed_real": 1,
            "embed_examples": 1,
            "generate": 6,
            **after_generation(levels=2, finetune=5),
        },
    ),
    "more prompts": (
        {"generate.overgenerate": 6.0},  # one more shard a level
        {"generate": 2, **after_generation(levels=2, finetune=4)},
    ),
    "a level that is not used": ({"pipelines.topic.levels.D3": {"topics": 4}}, {"report": 1}),
    "one more level": (
        {"pipelines.topic.levels.D3": {"topics": 4}, "generate.levels": ["D0", "D3", "D6"]},
        {"generate": 2, **after_generation(levels=1, finetune=2)},
    ),
    "one more downstream model": (
        {"downstream.other": {"model": "reader", "steps": 5}},
        {"finetune": 5, **COMPARED},
    ),
    "another embedder": (
        {"models.second": "reader", "embedders": ["second"]},
        {
            **{"model": 1, "embed_real": 1, "embed_examples": 1, "embed": 2, "shift": 2},
            **SCORED,
        },
    ),
    "measures": ({"diversity.measures": ["radius"]}, SCORED),
    "prices": (
        {"prices": {"gpu_hour": 3.0, "cpu_hour": 0.1}},
        {"collect_generation": 1, "findings": 1, "figures": 1, "report": 1},
    ),
    "memory, time and cores": (
        {
            "resources": {"generate": NEEDS, "curate": NEEDS},
            "downstream.reader.resources": NEEDS,
            "generators.writer.resources": NEEDS,
        },
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_reruns_what_it_touches_and_nothing_else(
    case: str, tiny: dict[str, Any], results: Path
) -> None:
    changes, expected = CASES[case]
    config = tiny
    for path, value in changes.items():
        model = path.startswith("models.")
        config = change(config, path, tiny["models"][value] if model else value)
    assert jobs(results, config) == expected


@pytest.mark.parametrize(("name", "rule"), [("reviews.csv", "task"), ("config.json", "model")])
def test_other_bytes_in_a_persons_file_rerun_what_reads_it(
    name: str, rule: str, tiny: dict[str, Any], results: Path
) -> None:
    """Tests share the files, so the record of their bytes is changed, and not they."""
    record = results / "results/.contents.json"
    before = record.read_text()
    hashes = json.loads(before)
    changed = {path: [*row[:3], "other"] for path, row in hashes.items() if path.endswith(name)}
    assert changed
    record.write_text(json.dumps(hashes | changed))
    try:
        rerun = jobs(results, tiny)
    finally:
        record.write_text(before)
    assert rerun[rule] >= 1 and rerun["finetune"] == 5
    assert jobs(results, tiny) == {}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh copy of the workflow: all its files are newer than any result."""
    for name in FILES:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, tmp_path / name)
    return tmp_path


def test_touch_comments_docstrings_and_a_fresh_checkout_rerun_nothing(
    tiny: dict[str, Any], results: Path, checkout: Path
) -> None:
    later = time.time() + 60
    for file in checkout.rglob("*.*"):
        os.utime(file, (later, later))
    for name in ("measure/shift/mmd.py", "generate/shard.py", "plan/plan.py"):
        file = checkout / "workflow/scripts/mixtura" / name
        text = file.read_text()
        first = text.index('"""') + 3
        file.write_text(text[:first] + "Another docstring. " + text[first:] + "\n\n# A comment.\n")
    partitions = checkout / "profiles/slurm/partitions.yaml"
    partitions.write_text(partitions.read_text().replace("  gpu:", "  accelerated:"))
    assert not jobs(results, tiny, checkout)


@pytest.mark.parametrize(
    ("module", "direct", "not_touched"),
    [
        (
            "measure/shift/mmd.py",
            "shift",
            {"generate", "curate", "embed", "diversity", "finetune", "split"},
        ),
        ("generate/shard.py", "generate", {"split", "model", "embed_real"}),
        ("generate/dials/topic.py", "generate", {"split", "model", "embed_real"}),
        ("generate/backends/transformers.py", "generate", {"split", "model", "embed_real"}),
        ("measure/embed.py", "embed", {"generate", "top_up", "curate"}),
        # What this study does not use, though its scripts could.
        ("generate/dials/persona.py", "", set()),
        ("generate/backends/openai.py", "", set()),
        ("curate/judge.py", "", set()),
        ("measure/grouping_judge.py", "", set()),
        ("infer/loop.py", "", set()),
        ("core/modules.py", "", set()),
        ("plan/plan.py", "", set()),
    ],
)
def test_a_changed_function_reruns_the_rules_that_call_it(
    module: str,
    direct: str,
    not_touched: set[str],
    tiny: dict[str, Any],
    results: Path,
    checkout: Path,
) -> None:
    file = checkout / "workflow/scripts/mixtura" / module
    file.write_text(file.read_text() + "\n\ndef added() -> int:\n    return 1\n")
    planned = jobs(results, tiny, checkout)
    if not direct:  # the plan too: it says what jobs get, and they depend on that alone
        assert not planned
        return
    assert planned[direct] and planned["report"] and not set(planned) & not_touched


def plan(folder: Path, config: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """`mixtura plan`, its table in plan.csv."""
    (folder / "changed.yaml").write_text(yaml.safe_dump(config))
    command = [
        "from mixtura.cli.app import app; app()",
        "plan",
        "--output",
        str(folder / "plan.csv"),
    ]
    return subprocess.run(
        [
            *(sys.executable, "-c", *command, "--snakefile", str(ROOT / "Snakefile")),
            *("--directory", str(folder), "--configfile", str(folder / "changed.yaml")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_mixtura_plan_agrees_with_the_dry_run(tiny: dict[str, Any], results: Path) -> None:
    config = change(tiny, "seeds", [0, 1, 2])
    run = plan(results, config)
    assert run.returncode == 0, run.stderr
    rows = [line.split(",") for line in (results / "plan.csv").read_text().splitlines()[1:]]
    to_run = {row[0]: int(row[1]) for row in rows if row[1] != "0"}
    dry = run_snakemake(results, config, "-n", "--quiet", "rules")
    printed = dry.stdout.partition("Job stats:")[2].partition("total")[0]
    listed = {line.split()[0]: int(line.split()[1]) for line in printed.splitlines()[3:] if line}
    assert to_run == {rule: count for rule, count in listed.items() if rule != "all"}
    assert to_run["finetune"] == 5 and "measured" in run.stdout
    same = run.stdout.strip().partition("\n\n")[0]  # without what the study can see
    assert dry.stdout.count(same) == 1  # the dry run ends with the same table
    done = {row[0]: int(row[2]) for row in rows}
    assert "finetune" in done and not done["finetune"]  # each job has a run to train
    assert done["generate"] == 4


def test_a_plan_of_a_finished_study_has_nothing_to_run(tiny: dict[str, Any], results: Path) -> None:
    run = plan(results, tiny)
    assert run.returncode == 0, run.stderr
    rows = [line.split(",") for line in (results / "plan.csv").read_text().splitlines()[1:]]
    assert {row[1] for row in rows} == {"0"} and sum(int(row[2]) for row in rows) >= 30


def test_a_plan_of_a_wrong_configuration_says_why(tiny: dict[str, Any], tmp_path: Path) -> None:
    run = plan(tmp_path, change(tiny, "generate.shards", 3))
    assert run.returncode == 1 and "generate.shards: unknown key (value 3)" in run.stderr
    assert not (tmp_path / "results").exists()


ADDED = {
    ".py": "ADDED = 1\n",
    ".csv": "one more row,positive\n",
    ".jsonl": f"{labelled_line(9999)}\n",
}


def owned_files(study: dict[str, Any]) -> dict[str, Path]:
    """Place in the schema -> the first file below what a key of the study names."""
    files = {}
    for path, place, _ in rerun_table.keys(Study, study):
        value: Any = study
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        for name in value.values() if isinstance(value, dict) else [value]:
            if isinstance(name, str) and Path(name).is_relative_to(FOLDER):
                files[place] = files_of(Path(name))[0]
    return files


def test_every_file_that_a_person_owns_counts_by_its_bytes(monkeypatch: Any) -> None:
    """A key that names a file has to stand in a study of the table, and so it comes here."""
    monkeypatch.setattr(rerun_table.downstream, "version_in", lambda python, package: "0")
    monkeypatch.chdir(FOLDER)
    places: set[str] = set()
    for study in studies().values():
        owned = {place: file for place, file in owned_files(study).items() if place not in places}
        before = rerun_table.graph(study) if owned else {}
        for place, file in owned.items():
            text, state = file.read_text(), file.stat()
            file.write_text(text + ADDED.get(file.suffix, "\n"))
            os.utime(file, (state.st_mtime, state.st_mtime))  # older than any result
            rerun_table.code._tree.cache_clear()  # another process would have none
            assert rerun_table.reruns(before, rerun_table.graph(study))[0], f"{place}: {file}"
            file.write_text(text)
        places |= owned.keys()
    assert len(places) > 12, places
