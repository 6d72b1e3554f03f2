"""The guards of the SLURM executor, without a SLURM."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_mixtura import slurm
from snakemake_logger_plugin_mixtura.slurm import guarded, hindrance


class Plugin:
    """As the plugin does: what was not yielded or reported is never looked at again.

    The plugin looks at jobs in a thread that starts before its __post_init__: here there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.logger, self.run_uuid = logging.getLogger("guard"), "mixtura_new"
        self.workflow = SimpleNamespace(workdir_init=folder)
        self.answers: dict[str, str] | None = {}
        self.submitted: list[str] = []

    def report_job_success(self, job_info: Any) -> None: ...

    def report_job_error(self, job_info: Any, msg: Any = None, **more: Any) -> None: ...

    def run_job(self, job: Any) -> None:
        self.submitted.append(job.name)

    def cancel(self) -> None: ...

    async def check_active_jobs(self, active_jobs: list[Any]) -> AsyncIterator[Any]:
        if self.answers is None:
            return
        for job in active_jobs:
            state = self.answers.get(job.name, "RUNNING")
            if state == "COMPLETED":
                self.report_job_success(job)
            elif state == "FAILED":
                self.report_job_error(job, msg="it failed")
            else:
                yield job


def look(executor: Any, jobs: list[Any]) -> list[str]:
    """Names of the jobs that stay in the list after a look."""

    async def names() -> list[str]:
        return [job.name async for job in executor.check_active_jobs(jobs)]

    return asyncio.run(names())


@pytest.fixture
def executor(tmp_path: Path) -> Any:
    return guarded(Plugin)(tmp_path)


def test_no_job_is_forgotten_while_slurm_says_nothing(
    executor: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = [SimpleNamespace(name=name) for name in ("a", "b", "c")]
    executor.answers = None
    assert look(executor, jobs) == ["a", "b", "c"] and not caplog.messages
    monkeypatch.setattr(slurm, "SILENT", 0)
    assert look(executor, jobs) == look(executor, jobs) == ["a", "b", "c"]
    (line,) = caplog.messages
    assert "SLURM has told no status for 0 s" in line and "3 jobs are kept" in line
    executor.answers = {"a": "COMPLETED", "b": "FAILED"}
    assert look(executor, jobs) == ["c"]
    assert caplog.messages[1:] == ["SLURM answers again."]


def squeue(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The command, in its folder: prints a text, or fails without one."""
    folder.mkdir(exist_ok=True)
    file = folder / "squeue"
    lines = f"cat <<'EOT'\n{text}\nEOT" if text else "echo 'slurm_load_jobs error' >&2; exit 1"
    file.write_text(f"#!/bin/sh\n{lines}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_what_holds_a_submission_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(line: str) -> str:
        squeue(tmp_path / "bin", monkeypatch, line)
        return hindrance("rule_finetune_wildcards_a", "mixtura_new", tmp_path)

    assert "job 12 of a Snakemake that ended" in reason(
        f"12|mixtura_old|{tmp_path}|rule_finetune_wildcards_a"
    )
    assert reason(f"12|mixtura_old|{tmp_path}/other|rule_finetune_wildcards_a") == ""
    assert reason(f"12|mixtura_old|{tmp_path}|rule_finetune_wildcards_b") == ""
    assert reason(f"12|mixtura_new|{tmp_path}|rule_finetune_wildcards_a") == ""
    assert reason("") == "SLURM does not answer (slurm_load_jobs error)"


def test_a_job_waits_for_the_one_that_is_left(
    executor: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    squeue(tmp_path / "bin", monkeypatch, f"12|mixtura_old|{tmp_path}|rule_embed_wildcards_a_b")
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            squeue(tmp_path / "bin", monkeypatch, " ")
            monkeypatch.setattr(slurm, "hindrance", lambda *words: "")

    monkeypatch.setattr(slurm.time, "sleep", pause)
    executor.run_job(SimpleNamespace(name="embed", wildcards=["a", "b"]))
    assert executor.submitted == ["embed"] and len(looks) == 3
    (line,) = caplog.messages
    assert "embed is not submitted yet" in line and "`scancel 12` ends" in line


def test_a_run_that_is_interrupted_submits_nothing_more(
    executor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squeue(tmp_path / "bin", monkeypatch, "")
    monkeypatch.setattr(slurm.time, "sleep", lambda seconds: executor.cancel())
    executor.run_job(SimpleNamespace(name="embed", wildcards=[]))
    assert executor.submitted == []


def test_a_group_of_jobs_is_submitted(
    executor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squeue(tmp_path / "bin", monkeypatch, " ")
    executor.run_job(SimpleNamespace(name="trainings"))  # it has no wildcards
    assert executor.submitted == ["trainings"]
