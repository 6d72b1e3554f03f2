"""Pretend GPUs: jobs side by side take different ones, and a killed job frees its own."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mixtura.core.gpus import gpus, take, use_gpus

HOLD = """
import os, sys, time
from mixtura.core.gpus import use_gpus
use_gpus(int(sys.argv[1]), int(sys.argv[3]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
time.sleep(float(sys.argv[2]))
"""


class Machine:
    """Jobs on a machine that shows some pretend GPUs."""

    def __init__(self, folder: Path, shown: str) -> None:
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
        self.environment |= {"CUDA_VISIBLE_DEVICES": shown}
        self.environment.pop("SLURM_JOB_ID", None)
        self.jobs: list[subprocess.Popen[str]] = []

    def start(
        self, count: int = 1, seconds: float = 60, share: int = 1, **more: str
    ) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOLD, str(count), str(seconds), str(share)]
        environment = {**self.environment, **more}
        job = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.jobs.append(job)
        return job


def took(job: "subprocess.Popen[str]") -> list[str]:
    """Ids that the job printed; waits for it."""
    assert job.stdout is not None
    return job.stdout.readline().strip().split(",")


@pytest.fixture
def machine(tmp_path: Path):
    product = Machine(tmp_path, "0,2,GPU-5f3a")
    yield product
    for job in product.jobs:
        job.kill()
        job.wait()


def test_jobs_side_by_side_take_different_gpus(machine: Machine) -> None:
    jobs = [machine.start() for _ in range(3)]
    assert sorted(took(job)[0] for job in jobs) == ["0", "2", "GPU-5f3a"]


@pytest.mark.workflow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_job_frees_its_gpu_for_the_one_that_waits(machine: Machine, how: int) -> None:
    first, second = machine.start(2), machine.start(1)
    held = took(first)
    assert took(second)[0] not in held
    waiting = machine.start(2)
    assert select.select([waiting.stdout], [], [], 2) == ([], [], [])  # it took nothing yet
    first.send_signal(how)
    assert sorted(took(waiting)) == sorted(held)


def test_a_job_that_needs_all_is_not_passed_by_small_ones(machine: Machine) -> None:
    small = machine.start(1)
    took(small)
    large = machine.start(3)
    time.sleep(1.5)  # it holds the door by now
    late = machine.start(1, 0.1)
    small.kill()
    assert sorted(took(large)) == ["0", "2", "GPU-5f3a"]
    large.kill()
    assert took(late)[0]


@pytest.mark.workflow
def test_small_jobs_share_a_gpu_and_a_large_one_has_it_alone(machine: Machine) -> None:
    machine.environment["CUDA_VISIBLE_DEVICES"] = "0"
    half, quarters = machine.start(share=2), [machine.start(share=4) for _ in range(2)]
    assert [took(job) for job in (half, *quarters)] == [["0"]] * 3
    alone = machine.start()
    assert select.select([alone.stdout], [], [], 2) == ([], [], [])
    for job in (half, *quarters):
        assert select.select([alone.stdout], [], [], 0) == ([], [], [])
        job.kill()
    assert took(alone) == ["0"]


def test_each_slurm_job_counts_its_own_gpus(machine: Machine) -> None:
    """Two SLURM jobs of one node may both see a GPU 0: neither waits for the other."""
    jobs = [machine.start(3, SLURM_JOB_ID=number) for number in ("7", "8")]
    assert [sorted(took(job)) for job in jobs] == [["0", "2", "GPU-5f3a"]] * 2


def test_too_few_gpus_are_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="asks for 2 GPUs, this machine shows 1"):
        take(2, ["0"], tmp_path)


def test_a_job_without_gpus_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    use_gpus(0)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "" and gpus() == []


def test_gpus_are_asked_of_the_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    tool.chmod(0o755)
    assert gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus() == []
