"""What a person reads when something failed: the real error, the log, and what to try."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import ROOT, run_snakemake
from mixtura.plan.resources import STAGE_OF_RULE
from snakemake_logger_plugin_mixtura.failures import (
    NO_REASON,
    Failure,
    error_lines,
    failure_screen,
)
from snakemake_logger_plugin_mixtura.slurm import in_words

STATUS = "SLURM-job '12' failed, SLURM status is: '{}'. Detailed failure reason unavailable"
TRACE = """\
batch 3 of 9
Traceback (most recent call last):
  File "generate.py", line 9, in <module>
    main()
{error}
"""


def screen(tmp_path: Path, log: str, output: str = "") -> str:
    file = tmp_path / "job.log"
    file.write_text(log)
    return failure_screen([Failure("generate", "Generate topic D3 shard 1", str(file), output)])


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("OSError: [Errno 28] No space left on device: 'x'", "free some disk space"),
        ("OSError: [Errno 30] Read-only file system: 'x'", "writable"),
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate",
            "raise resources.generate.mem_mb",
        ),
        ("ConnectionError: cannot reach the host", "network"),
        (
            "ValueError: the job asks for 2 GPUs, this machine shows 1",
            "lower resources.generate.gpu",
        ),
    ],
)
def test_the_error_its_log_and_what_to_try(tmp_path: Path, error: str, advice: str) -> None:
    text = screen(tmp_path, TRACE.format(error=error))
    assert f"| {error}" in text and "batch 3" not in text.replace("| batch 3 of 9", "")
    assert "generate: Generate topic D3 shard 1" in text and f"log: {tmp_path / 'job.log'}" in text
    assert advice in text.partition("try:")[2]


def test_a_killed_job_has_no_error_and_says_so(tmp_path: Path) -> None:
    text = screen(tmp_path, "batch 1 of 9\nbatch 2 of 9\n")
    assert "| batch 2 of 9" in text and NO_REASON in text
    assert "try: raise resources.generate.mem_mb or resources.generate.runtime" in text
    nothing = Failure("generate", "Generate", str(tmp_path / "none.log"))
    assert error_lines(nothing) == [NO_REASON]


REFUSED = """SLURM sbatch failed. The error message was 'sbatch: error: {}'.
    sbatch call:
        sbatch --parsable --job-name "mixtura_1" --wrap="a command of 2,000 characters"
"""


@pytest.mark.parametrize(
    ("message", "words", "advice"),
    [
        (
            REFUSED.format("invalid partition specified: gpux"),
            "refused the job: invalid partition specified: gpux (this cluster has no such",
            "resources.generate",
        ),
        (
            REFUSED.format("Memory specification can not be\nsbatch: error: Requested node conf"),
            "no node of the partition has so much memory; lower mem_mb",
            "resources.generate",
        ),
        (
            STATUS.format("CANCELLED"),
            "SLURM job 12 was cancelled, by scancel",
            "nothing: run again",
        ),
        (
            STATUS.format("TIMEOUT"),
            "12 ran longer than its runtime",
            "raise resources.generate.run",
        ),
        (STATUS.format("OUT_OF_MEMORY"), "12 needed more than its mem_mb", "generate.mem_mb"),
        (STATUS.format("NODE_FAIL"), "SLURM job 12 lost its node", "run again"),
    ],
)
def test_what_slurm_did_is_said_in_words_and_no_old_log_is_shown(
    tmp_path: Path, message: str, words: str, advice: str
) -> None:
    old = tmp_path / "job.log"
    old.write_text("ValueError: of an earlier try\n")
    job = Failure("generate", "Generate", str(old), in_words(message), begin=time.time() + 60)
    text = failure_screen([job])
    assert words in text and advice in text.partition("try:")[2]
    for part in ("sbatch call", "2,000", "an earlier try", NO_REASON):
        assert part not in text


def test_a_job_that_failed_on_a_cluster_shows_its_own_error(tmp_path: Path) -> None:
    text = screen(tmp_path, TRACE.format(error="ValueError: 3"), in_words(STATUS.format("FAILED")))
    assert "| ValueError: 3" in text and "SLURM job 12 ended with an error." in text
    assert "mem_mb" not in text and NO_REASON in screen(tmp_path, "batch 1\n", "SLURM job 12 ended")
    assert in_words("another message") == "another message"


def test_every_rule_has_the_stage_that_its_resources_name() -> None:
    rules = "\n".join(file.read_text() for file in sorted(ROOT.glob("workflow/rules/*.smk")))
    stages: dict[str, str] = {}
    for block in re.split(r"(?m)^(?=rule |use rule )", rules):
        if head := re.match(r"use rule (\w+) as (\w+)|rule (\w+)", block):
            copy = re.search(r'resources\.of\("(\w+)"', block)
            stages[head[2] or head[3]] = copy[1] if copy else stages.get(head[1] or "", "")
    assert {rule: stage for rule, stage in stages.items() if stage} == STAGE_OF_RULE


def test_a_damaged_input_is_named(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(good)
    bad.write_bytes(good.read_bytes()[:-9])
    text = failure_screen([Failure("curate", "Curate D0", inputs=(str(good), str(bad)))])
    assert f"try: a file is damaged: delete {bad}" in text and str(good) not in text


def test_what_a_log_holds_never_steers_the_terminal(tmp_path: Path) -> None:
    """Generated text may be in an error: escape sequences of a terminal do not get through."""
    text = screen(tmp_path, "ValueError: \x1b]0;owned\x07 \x1b[2J \x9b31m {0} %s\n")
    assert all(sign.isprintable() for sign in text.replace("\n", ""))
    assert "{0} %s" in text


def test_many_failures_are_one_screen() -> None:
    text = failure_screen([Failure("generate", f"shard {n}") for n in range(500)])
    assert text.startswith("\n500 jobs failed:") and "... and 490 more" in text
    assert len(text.splitlines()) < 60


def test_a_failed_run_ends_with_the_screen(tiny: dict[str, Any], tmp_path: Path) -> None:
    """Both models have pickled weights alone: each is explained, and what else can run has run."""
    models = {}
    for name, source in tiny["models"].items():
        shutil.copytree(source["path"], tmp_path / name)
        weights = tmp_path / name / "model.safetensors"
        weights.rename(weights.with_name("pytorch_model.bin"))
        models[name] = {"path": str(tmp_path / name)}
    targets = [f"results/tiny/{model}" for model in ("models/writer", "models/reader")]
    targets.append("results/tiny/data/splits.parquet")
    run = run_snakemake(tmp_path, {**tiny, "models": models}, *targets)
    assert run.returncode == 1
    before, _, end = run.stdout.partition("2 jobs failed:")
    assert "model: Fetch model reader" in end and "model: Fetch model writer" in end
    assert end.count("has no .safetensors file; weights in other formats are refused") == 4
    assert end.count("log: results/tiny/logs/model/") == 2
    assert end.rstrip().endswith("what is finished stays, killed jobs go on.")
    assert "Traceback" not in before and "CalledProcessError" not in before
    assert (tmp_path / targets[2]).is_file() and not (tmp_path / targets[0]).exists()


def locked(tmp_path: Path) -> Path:
    locks = tmp_path / ".snakemake/locks"
    locks.mkdir(parents=True)
    lines = ["results/tiny/data/splits.parquet"]
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_an_orphaned_lock_is_explained(tiny: dict[str, Any], tmp_path: Path) -> None:
    folder = locked(tmp_path)
    target = "results/tiny/data/splits.parquet"
    run = run_snakemake(folder, tiny, target)
    assert run.returncode == 1
    assert "the last run was killed" in run.stdout and "squeue --me" in run.stdout
    command = next(line for line in run.stdout.splitlines() if line.endswith("--unlock")).split()
    assert run_snakemake(folder, tiny, target, command[-1]).returncode == 0
    assert run_snakemake(folder, tiny, target).returncode == 0


def test_a_lock_of_a_run_at_work_names_it(tiny: dict[str, Any], tmp_path: Path) -> None:
    folder = locked(tmp_path)
    wait = "import time; time.sleep(120)"
    other = subprocess.Popen([sys.executable, "-c", wait, "snakemake"], cwd=folder)
    try:
        run = run_snakemake(folder, tiny, "results/tiny/data/splits.parquet")
    finally:
        other.kill()
        other.wait()
    assert run.returncode == 1 and f"process {other.pid}" in run.stdout
    assert "--unlock" not in run.stdout
