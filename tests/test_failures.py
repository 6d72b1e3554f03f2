"""What a person reads when something failed: the real error, the log, and what to try."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import run_snakemake
from snakemake_logger_plugin_mixtura.failures import (
    NO_REASON,
    Failure,
    error_lines,
    failure_screen,
)

TRACE = """\
batch 3 of 9
Traceback (most recent call last):
  File "generate.py", line 9, in <module>
    main()
{error}
"""


def screen(tmp_path: Path, log: str, said: str = "") -> str:
    file = tmp_path / "job.log"
    file.write_text(log)
    return failure_screen([Failure("generate", "Generate topic D3 shard 1", str(file), said)])


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("OSError: [Errno 28] No space left on device: 'x'", "free some disk space"),
        ("OSError: [Errno 30] Read-only file system: 'x'", "writable"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate", "raise mem_mb"),
        ("ConnectionError: cannot reach the host", "network"),
        ("ValueError: the job asks for 2 GPUs, this machine shows 1", "lower gpu"),
    ],
)
def test_the_error_its_log_and_what_to_try(tmp_path: Path, error: str, advice: str) -> None:
    text = screen(tmp_path, TRACE.format(error=error))
    assert f"| {error}" in text and "batch 3" not in text.replace("| batch 3 of 9", "")
    assert "generate: Generate topic D3 shard 1" in text and f"log: {tmp_path / 'job.log'}" in text
    assert advice in text.partition("try:")[2]


def test_a_killed_job_has_no_error_and_says_so(tmp_path: Path) -> None:
    text = screen(tmp_path, "batch 1 of 9\nbatch 2 of 9\n")
    assert "| batch 2 of 9" in text and NO_REASON in text and "raise mem_mb or runtime" in text
    late = screen(tmp_path, "batch 1 of 9\n", "SLURM status is: 'TIMEOUT'")
    assert "TIMEOUT" in late and "try: raise runtime" in late
    assert error_lines(str(tmp_path / "none.log")) == [NO_REASON]


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
    targets = [f"results/tiny/{made}" for made in ("models/writer", "models/reader")]
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
