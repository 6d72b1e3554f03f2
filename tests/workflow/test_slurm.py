"""The workflow through profiles/slurm on a real SLURM, undisturbed and with every common fault."""

import contextlib
import copy
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from conftest import ROOT, run_snakemake, snakemake_command
from slurm_cluster import Cluster, missing

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(bool(missing()), reason=missing() or ""),
]
FAST = ("--slurm-init-seconds-before-status-checks=3", "--seconds-between-status-checks=3")
FAST += ("--latency-wait=5",)


@pytest.fixture(
    scope="module",
    params=[1, pytest.param(2, marks=pytest.mark.slow)],
    ids=["one node", "two nodes"],
)
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("slurm"), request.param)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def config(tiny: dict[str, Any]) -> dict[str, Any]:
    """The tiny study with one level and one seed; its models want the GPU."""
    small = copy.deepcopy(tiny)
    small["generate"] |= {"levels": ["D6"], "shard": 48}
    small["seeds"] = [0]
    small["resources"] = {
        "generate": {"gpu": 1, "threads": 1, "mem_mb": 2500, "runtime": 10},
        "embed": {"gpu": 1},
        "finetune": {"mem_mb": 2500},
    }
    small["downstream"]["reader"]["resources"] = {"gpu": 1, "runtime": 10}
    return small


@pytest.fixture(scope="module")
def local(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an undisturbed run on this machine, the pretend GPU included."""
    folder = tmp_path_factory.mktemp("local")
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = "0"
    try:
        run = run_snakemake(folder, config, "tables")
    finally:
        os.environ.pop("CUDA_VISIBLE_DEVICES")
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before
    assert run.returncode == 0, run.stdout
    return folder


def tables(folder: Path) -> dict[str, bytes]:
    """The tables of a study but that of generation, which says how long it took."""
    files = sorted((folder / "results/tiny/tables").iterdir())
    return {file.name: file.read_bytes() for file in files if file.stem != "generation"}


class Run:
    """Snakemake on the cluster, in the background."""

    def __init__(
        self, cluster: Cluster, folder: Path, config: dict[str, Any], *arguments: str
    ) -> None:
        (folder / "study.yaml").write_text(yaml.safe_dump(config))
        self.folder, self.out = folder, folder / "run.txt"
        command = snakemake_command(folder / "study.yaml", folder)
        command += ["--profile", str(ROOT / "profiles/slurm"), *FAST, *(arguments or ["tables"])]
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                command, env=cluster.environment, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
            )

    def finish(self, seconds: float = 900) -> str:
        """Wait for the end, which must be a good one; the printed text."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = -9
        text = self.out.read_text()
        assert code == 0, text
        return text


def without_one_run(local: Path, folder: Path) -> Path:
    """A copy of the finished study that lacks one fine-tuning and the tables made of it."""
    shutil.copytree(local, folder, symlinks=True)
    results = folder / "results/tiny"
    shutil.rmtree(sorted((results / "runs").iterdir())[0])
    for name in ("predictions", "scores", "arms", "findings"):
        (results / f"tables/{name}.parquet").unlink()
    return folder


def test_a_whole_study_equals_a_local_one(
    cluster: Cluster, config: dict[str, Any], local: Path, tmp_path: Path
) -> None:
    printed = Run(cluster, tmp_path, config).finish()
    assert tables(tmp_path) == tables(local)
    where = {job["Comment"].split("_wildcards_")[0]: job for job in cluster.jobs()}
    on_gpu = {rule for rule, job in where.items() if job["Partition"] == "gpu"}
    asking = {"generate", "embed", "embed_real", "finetune"}
    assert {f"rule_{name}" for name in asking} == on_gpu
    assert {rule for rule, job in where.items() if "gpu" in job.get("TresPerJob", "")} == on_gpu
    assert where["rule_curate"]["Partition"] == "cpu"
    assert where["rule_generate"]["MinMemoryNode"] == "2500M"
    assert where["rule_finetune"]["TimeLimit"] == "00:10:00"
    assert not where.keys() & {"rule_model", "rule_task", "rule_split", "rule_evaluate"}
    assert "finetune 3/3" in printed


def scancel(cluster: Cluster) -> None:
    cluster.run("scancel", cluster.wait_for("finetune")["JobId"])


def requeue(cluster: Cluster) -> None:
    cluster.run("scontrol", "requeue", cluster.wait_for("finetune")["JobId"])


def stall(cluster: Cluster) -> None:
    """Stop the job's processes until SLURM finds its minute used up."""
    job = cluster.wait_for("finetune")
    assert job["TimeLimit"] == "00:01:00"
    time.sleep(4)
    for pid in cluster.processes(job["JobId"]):
        os.kill(pid, signal.SIGSTOP)
    cluster.wait_for("finetune", "TIMEOUT", 400)


def resident(processes: list[int]) -> int:
    """Megabytes that they hold, shared ones counted for each, as SLURM does."""
    held = 0
    for pid in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            held += psutil.Process(pid).memory_info().rss
    return held // 10**6


def exceed(cluster: Cluster) -> None:
    """The first try asks for less memory than it needs.

    SLURM looks once a second, and a quick job is over its limit for less: it is held there.
    """
    first = cluster.wait_for("finetune")
    assert first["MinMemoryNode"] == "350M"
    peak, held = 0, False
    while cluster.job(first["JobId"])["JobState"] == "RUNNING":
        step = cluster.processes(first["JobId"], "0")
        peak = max(peak, resident(step))
        if peak > 390 and not held:
            held = True
            for pid in step:
                os.kill(pid, signal.SIGSTOP)
        time.sleep(0.05)
    print(f"the first try of the fine-tuning held {peak} MB")


def drain(cluster: Cluster) -> None:
    """All nodes leave while a job runs and come back when that job is done and one waits."""
    cluster.wait_for("finetune")
    nodes = f"nodename={','.join(cluster.nodes)}"
    cluster.run("scontrol", "update", nodes, "state=drain", "reason=test")
    cluster.wait_for("findings", "PENDING")
    assert "drain" in cluster.run("sinfo", "-h", "-o", "%T")
    cluster.run("scontrol", "update", nodes, "state=resume")


def away(seconds: float) -> Callable[[Cluster], None]:
    """slurmctld dies while a job runs, and comes back."""

    def fault(cluster: Cluster) -> None:
        cluster.wait_for_step(cluster.wait_for("finetune")["JobId"])
        cluster.stop_controller()
        time.sleep(seconds)
        cluster.start_controller()

    return fault


@pytest.mark.parametrize(
    ("fault", "requested", "ends"),
    [
        (scancel, {}, ["CANCELLED", "COMPLETED"]),
        (requeue, {}, ["COMPLETED"]),
        (stall, {"runtime": 1}, ["TIMEOUT", "COMPLETED"]),
        (exceed, {"mem_mb": 350}, ["FAILED", "COMPLETED"]),
        (drain, {}, ["COMPLETED"]),
        (away(60), {}, ["COMPLETED"]),
        pytest.param(away(20), {}, ["COMPLETED"], marks=pytest.mark.slow),
        pytest.param(away(120), {}, ["COMPLETED"], marks=pytest.mark.slow),
    ],
    ids=[
        *("cancelled", "requeued", "out of time", "out of memory", "node drained"),
        *("controller away 60 s", "controller away 20 s", "controller away 120 s"),
    ],
)
def test_a_study_survives(
    fault: Callable[[Cluster], None],
    requested: dict[str, int],
    ends: list[str],
    cluster: Cluster,
    config: dict[str, Any],
    local: Path,
    tmp_path: Path,
) -> None:
    folder = without_one_run(local, tmp_path / "study")
    known = {job["JobId"] for job in cluster.jobs()}
    changed = copy.deepcopy(config)
    changed["downstream"]["reader"]["resources"] |= requested
    # SLURM counts shared memory twice: how many tries it takes is the machine's
    run = Run(cluster, folder, changed, *(["--retries=5"] if fault is exceed else []), "tables")
    try:
        fault(cluster)
    except BaseException:
        run.process.send_signal(signal.SIGINT)
        print(run.out.read_text())
        raise
    run.finish()
    assert tables(folder) == tables(local)
    jobs = [job for job in cluster.jobs() if job["JobId"] not in known]
    tries = [job for job in jobs if job["Comment"].startswith("rule_finetune")]
    states = [job["JobState"] for job in tries]
    assert (list(dict.fromkeys(states)) if fault is exceed else states) == ends
    assert tries[-1]["Restarts"] == ("1" if fault is requeue else "0")
    if fault is exceed:
        asked_for = [f"{350 * attempt}M" for attempt in range(1, len(tries) + 1)]
        assert [job["MinMemoryNode"] for job in tries] == asked_for
    if fault is stall:
        assert [job["TimeLimit"] for job in tries] == ["00:01:00", "00:02:00"]


def test_trainings_share_a_submission_one_after_the_other(
    cluster: Cluster, config: dict[str, Any], local: Path, tmp_path: Path
) -> None:
    """As docs/cluster.md says of short jobs."""
    folder = without_one_run(local, tmp_path / "study")
    shutil.rmtree(folder / "results/tiny/runs")
    shutil.rmtree(folder / "results/tiny/.runs")
    known = {job["JobId"] for job in cluster.jobs()}
    grouped = ["--groups=finetune=trainings", "--group-components=trainings=3"]
    grouped += ["--set-resources=finetune:at_once=1", "--set-resource-scopes=at_once=local"]
    Run(cluster, folder, config, "tables", *grouped, "--resources=at_once=1").finish()
    assert tables(folder) == tables(local)
    jobs = [job for job in cluster.jobs() if job["JobId"] not in known]
    (group,) = (job for job in jobs if job["Comment"].startswith("rule_trainings"))
    asked_for = [group[key] for key in ("TimeLimit", "MinMemoryNode", "NumCPUs")]
    assert asked_for == ["00:30:00", "2500M", "1"]
    assert not any(job["Comment"].startswith("rule_finetune") for job in jobs)


def test_the_profile_works_once_it_is_linked(
    cluster: Cluster, config: dict[str, Any], local: Path, tmp_path: Path
) -> None:
    """`snakemake --profile slurm` after the one link command, from any folder."""
    profiles = tmp_path / "home/.config/snakemake"
    profiles.mkdir(parents=True)
    (profiles / "slurm").symlink_to(ROOT / "profiles/slurm")
    folder = without_one_run(local, tmp_path / "study")
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    known = {job["JobId"] for job in cluster.jobs()}
    run = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--profile", "slurm"),
            *(
                "--snakefile",
                str(ROOT / "Snakefile"),
                "--configfile",
                "study.yaml",
                *FAST,
                "tables",
            ),
        ],
        cwd=folder,
        env={**cluster.environment, "HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": ""},
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert run.returncode == 0, run.stderr
    jobs = [job for job in cluster.jobs() if job["JobId"] not in known]
    assert {job["Partition"] for job in jobs} == {"cpu", "gpu"}
    assert tables(folder) == tables(local)


def test_a_job_of_a_killed_snakemake_is_not_submitted_twice(
    cluster: Cluster, config: dict[str, Any], local: Path, tmp_path: Path
) -> None:
    folder = without_one_run(local, tmp_path / "study")
    nodes = f"nodename={','.join(cluster.nodes)}"
    # Held in the queue: a job that has begun is found by its process where it runs on this machine.
    cluster.run("scontrol", "update", nodes, "state=drain", "reason=test")
    killed = Run(cluster, folder, config)
    left = cluster.wait_for("finetune", "PENDING")["JobId"]
    killed.process.kill()
    killed.process.wait()
    locked = Run(cluster, folder, config)
    assert locked.process.wait(300) and "--unlock" in locked.out.read_text()
    run_snakemake(folder, config, "--unlock")
    again = Run(cluster, folder, config)
    try:
        for _ in range(1500):
            if f"job {left} of a Snakemake that ended" in again.out.read_text():
                break
            time.sleep(0.2)
    finally:
        cluster.run("scontrol", "update", nodes, "state=resume")
    assert f"`scancel {left}` ends" in again.finish()
    assert tables(folder) == tables(local)
    tries = [job for job in cluster.jobs() if int(job["JobId"]) >= int(left)]
    tries = [job for job in tries if job["Comment"].startswith("rule_finetune")]
    assert all(a["EndTime"] <= b["StartTime"] for a, b in itertools.pairwise(tries))


@pytest.mark.parametrize(
    ("partition", "requested", "words"),
    [
        ("nowhere", {}, "partition specified: nowhere (this cluster has no such partition"),
        ("gpu", {"mem_mb": 10**6}, "so much memory; lower mem_mb"),
        ("gpu", {"gpu": 9}, "so many GPUs or cores"),
    ],
)
def test_what_slurm_refuses_is_said_with_the_key(
    partition: str,
    requested: dict[str, int],
    words: str,
    cluster: Cluster,
    config: dict[str, Any],
    tmp_path: Path,
) -> None:
    limits = {"max_runtime": 60, "max_mem_mb": 10**7, "max_gpu": 99}
    file = tmp_path / "partitions.yaml"
    file.write_text(yaml.safe_dump({"partitions": {partition: limits}}))
    changed = copy.deepcopy(config)
    changed["resources"]["generate"] |= requested
    shard = "results/tiny/generated/writer/topic/D6/r0/0.parquet"
    run = Run(cluster, tmp_path, changed, f"--slurm-partition-config={file}", shard)
    assert run.process.wait(600) == 1
    end = run.out.read_text().partition("1 job failed:")[2]
    assert "SLURM refused the job: " in end and words in end, end
    assert "resources.generate" in end and "sbatch call" not in end and len(end) < 1500
