"""Faults in the middle of a study: it then finishes and equals an undisturbed run, or stops with
one clear message that names the file, and nothing is lost.
"""

import contextlib
import copy
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from builders import build_generator
from conftest import ROOT, VLLM, run_snakemake, snakemake_command, with_vllm

SHARD = "generated/writer/topic/D6/r0"
SCORES = "results/tiny/scores/diversity/reader/writer/topic/D6/r0.parquet"


@pytest.fixture(scope="module")
def small(tiny: dict[str, Any]) -> dict[str, Any]:
    """The tiny study with one level, one seed and one mix."""
    config = copy.deepcopy(tiny)
    config["generate"] |= {"levels": ["D6"], "shard": 24}
    config["seeds"] = [0]
    config["designs"] = {"real": [16], "mix-add": {"ratios": [1]}, "controls": []}
    return config


@pytest.fixture(scope="module")
def undisturbed(small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that nothing disturbed. Leave it as it is."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder, small)
    return folder


@pytest.fixture
def harmed(undisturbed: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, to be harmed."""
    shutil.copytree(undisturbed, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def tables(folder: Path) -> dict[str, bytes]:
    """The tables of a study but that of generation, which says how long it took."""
    files = sorted((folder / "results/tiny/tables").glob("*.parquet"))
    return {file.name: file.read_bytes() for file in files if file.stem != "generation"}


def finish(folder: Path, config: dict[str, Any], *targets: str) -> None:
    """Run the study to its end, and see that nothing is left to do."""
    targets = targets or ("tables",)
    run = run_snakemake(folder, config, *targets)
    assert run.returncode == 0, run.stdout
    assert "Nothing to be done" in run_snakemake(folder, config, *targets, "-n").stdout


def start(folder: Path, *targets: str) -> "subprocess.Popen[str]":
    """Snakemake in the background on the study.yaml there is, its jobs in its process group."""
    command = snakemake_command(folder / "study.yaml", folder)
    return subprocess.Popen(
        [*command, "--profile", "profiles/local", *(targets or ("tables",))],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def processes(folder: Path, named: str = ".snakemake/scripts/") -> dict[int, str]:
    """Process -> command of those that work in a folder and have `named` in it: its jobs."""
    result = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            command = (process / "cmdline").read_bytes().decode()
            if named in command and (process / "cwd").readlink() == folder:
                result[int(process.name)] = command
    return result


def wait_for(folder: Path, run: "subprocess.Popen[str]") -> int:
    """A job of the running study, or 0 where the run ended before there was one."""
    while run.poll() is None:
        if result := processes(folder):
            return random.Random(0).choice(sorted(result))
        time.sleep(0.05)
    return 0


def kill_everything(folder: Path, config: dict[str, Any], run: "subprocess.Popen[str]") -> None:
    """As a power cut does."""
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def kill_snakemake(folder: Path, config: dict[str, Any], run: "subprocess.Popen[str]") -> None:
    """Its jobs go on. Who starts again is told of them, and how to unlock once they ended."""
    orphan = wait_for(folder, run)
    run.kill()
    run.wait()
    if orphan and orphan in processes(folder):
        message = run_snakemake(folder, config, "tables")
        assert message.returncode and (
            f"process {orphan}:" in message.stdout or "--unlock" in message.stdout
        )
    while processes(folder):
        time.sleep(0.2)
    message = run_snakemake(folder, config, "tables")
    assert message.returncode and "the last run was killed" in message.stdout, message.stdout
    assert "--unlock" in message.stdout


def kill_a_job(folder: Path, config: dict[str, Any], run: "subprocess.Popen[str]") -> None:
    """The run goes on with what it can and ends with the screen."""
    if job := wait_for(folder, run):
        os.kill(job, signal.SIGKILL)
        output = run.communicate(timeout=900)[0]
        assert "job failed:" in output and "run the same command again" in output, output
        assert "killed from outside" in output, output


KILLS = (kill_everything, kill_snakemake, kill_a_job)


def torment(folder: Path, config: dict[str, Any], kills: int, seed: int) -> None:
    """Kill a run again and again, each time a few jobs later, then let it end."""
    rng = random.Random(seed)
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    for number in range(kills):
        run = start(folder)
        assert run.stdout
        jobs = rng.randint(1, 4)
        while jobs and (line := run.stdout.readline()):
            jobs -= line.startswith("[") and "running:" not in line
        time.sleep(rng.random() * 2)
        KILLS[number % len(KILLS)](folder, config, run)
        run.stdout.close()
        assert run_snakemake(folder, config, "--unlock").returncode == 0
    finish(folder, config)


def test_killed_runs_go_on_and_end_the_same(
    small: dict[str, Any], undisturbed: Path, tmp_path: Path
) -> None:
    torment(tmp_path, small, kills=3, seed=1)
    assert tables(tmp_path) == tables(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_killed_many_times_at_random_moments(
    small: dict[str, Any], undisturbed: Path, tmp_path: Path, seed: int
) -> None:
    torment(tmp_path, small, kills=9, seed=seed)
    assert tables(tmp_path) == tables(undisturbed)


def scripts(folder: Path) -> dict[int, str]:
    """Process -> the script that it runs, for all jobs of a folder."""
    named = re.compile(r"scripts/tmp\w+\.(\w+)\.py")
    jobs = processes(folder).items()
    return {pid: script[1] for pid, command in jobs if (script := named.search(command))}


def kill_at_random(run: "subprocess.Popen[str]", folder: Path, killed: Counter[str]) -> None:
    """Kill jobs of a run: the first of each script for certain, any other one time in three."""
    rng = random.Random(killed.total())
    doomed: dict[int, float] = {}
    seen: set[int] = set()
    while run.poll() is None:
        for pid, script in scripts(folder).items():
            if pid not in seen and (script not in killed or rng.random() < 1 / 3):
                doomed[pid] = time.monotonic() + rng.expovariate(1 / 2)
            seen.add(pid)
            if pid in doomed and time.monotonic() > doomed[pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed[script] += 1
                    print(f"killed {killed.total()}: {script}", flush=True)
                    del doomed[pid]
        time.sleep(0.02)


EVERYTHING = ("all", "export")


@pytest.fixture(scope="module")
def wide(tiny: dict[str, Any]) -> dict[str, Any]:
    """A study that has a job of every script but those of lm-eval and of a confirmation."""
    config = copy.deepcopy(tiny)
    config["replicates"] = 2
    config["task"] |= {"shifted": {"others": config["task"]["data"]}, "shifted_rows": 20}
    config["task"]["development"] = 20
    config["generate"] |= {"overgenerate": 1.2}
    loop = {"pipeline": "topic", "level": "D6", "rounds": 1, "schemes": ["replace"]}
    tuning = {"steps": 3, "batch_size": 4}
    config["designs"] |= {"real": [8], "loop": {**loop, "tune": tuning, "perplexity_rows": 20}}
    config["downstream"]["probe"] = {"kind": "probe", "embedder": "reader"}
    return config


@pytest.mark.slow
def test_a_hundred_kills_over_all_rules_lose_nothing(wide: dict[str, Any], tmp_path: Path) -> None:
    """A plain rerun is enough after each run of killed jobs."""
    for name in ("undisturbed", "killed"):
        (tmp_path / name).mkdir()
    finish(tmp_path / "undisturbed", wide, *EVERYTHING)
    folder, killed = tmp_path / "killed", Counter[str]()
    (folder / "study.yaml").write_text(yaml.safe_dump(wide))
    while killed.total() < 100:
        with start(folder, *EVERYTHING) as run:
            thread = threading.Thread(target=run.communicate)
            thread.start()
            kill_at_random(run, folder, killed)
            thread.join()
        if not run.returncode:  # the end came before the hundredth kill: another study is begun
            assert tables(folder) == tables(tmp_path / "undisturbed")
            shutil.rmtree(folder / "results")
    finish(folder, wide, *EVERYTHING)
    assert tables(folder) == tables(tmp_path / "undisturbed")
    print(dict(killed))


@with_vllm
def test_a_killed_vllm_engine_is_told_and_its_shard_goes_on(
    small: dict[str, Any], tmp_path: Path
) -> None:
    config = copy.deepcopy(small)
    model = build_generator(tmp_path / "wide", head_dim=32)  # 16 is too small for vLLM on a CPU
    config["models"]["writer"] = {"path": str(model)}
    engine = {"python": str(VLLM), "dtype": "float32", "max_model_len": 512, "enforce_eager": True}
    # so many batches that the engine is still at work when the first is seen to be done
    config["generators"]["writer"] |= {"backend": "vllm", "vllm": engine, "batch_size": 1}
    target = f"results/tiny/{SHARD}/0.parquet"
    shards = []
    for name in ("undisturbed", "killed"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "killed":
            (folder / "study.yaml").write_text(yaml.safe_dump(config))
            run = start(folder)
            while run.poll() is None and not list(folder.glob("results/tiny/.resume/*/0-*")):
                time.sleep(0.01)
            os.kill(min(processes(folder, "vllm.entrypoints")), signal.SIGKILL)
            output = run.communicate(timeout=900)[0]
            assert "the server of the model ended with exit code -9" in output, output
        again = run_snakemake(folder, config, target)
        assert again.returncode == 0, again.stdout
        shards.append(pl.read_parquet(folder / target))
    # without a GPU the seed is the server's, which starts again: texts and their ids differ
    assert shards[0].height == shards[1].height and shards[1]["text"].null_count() == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid():
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.fixture
def unfinished(undisturbed: Path, disk: Path) -> Path:
    """A copy of the study on the small disk that lacks its last tables."""
    shutil.copytree(undisturbed, disk, symlinks=True, dirs_exist_ok=True)
    for name in ("predictions", "scores", "arms", "findings", "diversity", "shift", "curation"):
        (disk / f"results/tiny/tables/{name}.parquet").unlink()
    return disk


def test_a_full_disk_is_told_and_nothing_is_lost(
    small: dict[str, Any], undisturbed: Path, unfinished: Path
) -> None:
    filler = os.open(unfinished / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, bytes(4096))
    os.close(filler)
    run = start(unfinished)
    output = run.communicate(timeout=900)[0]
    assert run.returncode and "No space left on device" in output, output
    (unfinished / "filler").unlink()
    run_snakemake(unfinished, small, "--unlock")
    finish(unfinished, small)
    assert tables(unfinished) == tables(undisturbed)


def test_a_read_only_folder_is_told_and_nothing_is_lost(
    small: dict[str, Any], undisturbed: Path, unfinished: Path
) -> None:
    remount(unfinished, "ro")
    run = start(unfinished)
    output = run.communicate(timeout=900)[0]
    remount(unfinished, "rw")
    assert run.returncode and "Read-only file system" in output, output
    finish(unfinished, small)
    assert tables(unfinished) == tables(undisturbed)


@pytest.mark.parametrize(
    "name",
    [
        SCORES,
        f"results/tiny/{SHARD}/0.parquet",
        "results/tiny/logs/generate/writer/topic/D6/r0/0.json",
        "results/tiny/models/reader/model.safetensors",
    ],
)
def test_a_truncated_file_is_named_and_made_again(
    small: dict[str, Any], undisturbed: Path, harmed: Path, name: str
) -> None:
    whole = (harmed / name).read_bytes()
    (harmed / name).write_bytes(whole[: len(whole) // 2])
    if "models" in name:  # something has to read it
        shutil.rmtree(next((harmed / "results/tiny/runs").iterdir()))
        (harmed / "results/tiny/tables/predictions.parquet").unlink()
    run = run_snakemake(harmed, small, "tables")
    assert run.returncode, run.stdout
    advice = run.stdout.partition("failed:")[2]
    assert "a file is damaged: delete results/tiny/" in advice, run.stdout
    message = advice.partition("a file is damaged: delete ")[2].split()[0]
    assert name.startswith(message), message
    damaged = harmed / message
    shutil.rmtree(damaged) if damaged.is_dir() else damaged.unlink()
    finish(harmed, small)
    assert tables(harmed) == tables(undisturbed)


def test_foreign_files_are_left_alone(
    small: dict[str, Any], undisturbed: Path, harmed: Path
) -> None:
    foreign = ["notes.txt", "runs/x/y/z", "models/reader/notes.txt", "tables/mine.parquet"]
    foreign += [f"{name}.parquet" for name in ("curated/writer/topic/D9/r0", f"{SHARD}/7")]
    for name in foreign:
        file = harmed / "results/tiny" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
    finish(harmed, small)
    again = run_snakemake(harmed, small, "--forcerun", "collect_scores", "evaluate", "--", "tables")
    assert again.returncode == 0, again.stdout
    assert all((harmed / "results/tiny" / name).read_text() == "mine" for name in foreign)
    (harmed / "results/tiny/tables/mine.parquet").unlink()
    assert tables(harmed) == tables(undisturbed)


def test_wrong_dates_rerun_nothing(small: dict[str, Any], undisturbed: Path, harmed: Path) -> None:
    """Files dated days ahead and behind, in any order: their bytes decide.

    Of a folder the date decides: models stay the oldest, and runs older than what is read of them.
    """
    rng = random.Random(5)
    folders = {"models": -9, "runs": -8}
    stamps = sorted(harmed.glob("results/tiny/**/.snakemake_timestamp"))
    assert {file.relative_to(harmed).parts[2] for file in stamps} == set(folders)
    for file in sorted((harmed / "results").rglob("*")):
        room = file.relative_to(harmed).parts[2:3]
        days = folders[room[0]] if file in stamps else rng.uniform(-5, 5)
        os.utime(file, (time.time() + days * 86400,) * 2)
    assert "Nothing to be done" in run_snakemake(harmed, small, "tables", "-n").stdout
    assert tables(harmed) == tables(undisturbed)


def test_a_clock_that_was_ahead_stops_no_job(
    small: dict[str, Any], undisturbed: Path, harmed: Path
) -> None:
    """All there is comes from the future; what is made of it now stays, and is made once."""
    for file in (harmed / "results").rglob("*"):
        os.utime(file, (time.time() + 9 * 86400,) * 2)
    shutil.rmtree(next((harmed / "results/tiny/runs").iterdir()))
    (harmed / "results/tiny/tables/predictions.parquet").unlink()
    finish(harmed, small)
    assert tables(harmed) == tables(undisturbed)
