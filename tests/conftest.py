"""Fixtures: tiny models, tiny data, and Snakemake on them."""

import csv
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from filelock import FileLock
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # a loaded one is slow, not wrong
settings.load_profile("any machine")

if TYPE_CHECKING:
    from fake_server import Server

ROOT = Path(__file__).parent.parent
VLLM = ROOT / ".venv-vllm/bin/python"
with_vllm = pytest.mark.skipif(
    not VLLM.parents[1].joinpath("installed").exists(), reason="no .venv-vllm; `make vllm` makes it"
)


LONGEST = ("test_slurm.py", "test_reruns.py", "test_loop.py")  # first: no worker has one at the end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the folder `workflow` and of vLLM are left out by `make check`; slow ones may be."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if item.path.parent.name == "workflow" or with_vllm.mark in item.own_markers:
            item.add_marker("workflow")
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="module", autouse=True)
def freeze() -> None:
    """What is loaded by now stays: libraries that train would look through it all for garbage."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one run of pytest share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def once(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, which the first worker that asks makes, and the others wait for."""
    with FileLock(f"{path}.lock"):
        finished = path.with_name(f"{path.name}.finished")
        if not finished.exists():
            shutil.rmtree(path, ignore_errors=True)  # of one that failed
            make(path)
            finished.touch()
    return path


@pytest.fixture(scope="session")
def generator(shared: Path) -> Path:
    """Folder of a tiny causal language model."""
    from builders import build_generator

    return once(shared / "writer", build_generator)


@pytest.fixture(scope="session")
def encoder(shared: Path) -> Path:
    """Folder of a tiny encoder."""
    from builders import build_encoder

    return once(shared / "reader", build_encoder)


@pytest.fixture(scope="session")
def reviews_csv(shared: Path) -> Path:
    """CSV of 200 labelled made-up reviews."""
    from builders import reviews

    def make(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows((text, label[:3]) for text, label in reviews(200))

    return once(shared / "reviews.csv", make)


@pytest.fixture(scope="session")
def tiny(generator: Path, encoder: Path, reviews_csv: Path) -> dict[str, Any]:
    """Configuration of the tiny study. Do not change it: copy it."""
    from builders import tiny_study

    return tiny_study(generator, encoder, reviews_csv)


@pytest.fixture
def instructions(tiny: dict[str, Any]) -> dict[str, Any]:
    """The tiny study as one of instructions, whose answers a model behind a server judges."""
    task = {key: value for key, value in tiny["task"].items() if key != "labels"}
    task["data"] = {**task["data"], "prompt": "text", "response": "label"}
    openai = {"base_url": "http://localhost:1/v1", "model": "m"}
    return {
        **tiny,
        "task": {**task, "kind": "instruction"},
        "generators": {**tiny["generators"], "judge": {"backend": "openai", "openai": openai}},
        "downstream": {"pupil": {"model": "writer", "kind": "causal-lm"}},
        "evaluation": {"judge": "judge"},
    }


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "mixtura", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every test."""
    return np.random.default_rng(0)


@pytest.fixture
def gold(rng: np.random.Generator) -> np.ndarray:
    """Right labels of 300 test items, 0 to 2."""
    return rng.integers(3, size=300)


def snakemake_command(config: Path, folder: Path) -> list[str]:
    """The command that runs this workflow with a configuration, in a folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    return [*command, "--configfile", str(config), "--directory", str(folder)]


def run_snakemake(
    folder: Path, config: dict[str, Any], *arguments: str, profile: str = "local"
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake on this workflow in `folder`; output and errors come back as one text."""
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    command = snakemake_command(folder / "study.yaml", folder)
    return subprocess.run(
        [*command, "--profile", f"profiles/{profile}", *arguments],
        cwd=ROOT,
        # Jobs and the logger are those of this checkout, whatever is installed.
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,  # a loaded machine is no error
    )


@pytest.fixture(scope="session")
def finished(tiny: dict[str, Any], shared: Path) -> Path:
    """Folder in which the tiny study ran once, for all workers. Copy it: nobody writes to it."""

    def make(folder: Path) -> None:
        folder.mkdir()
        run = run_snakemake(folder, tiny)
        assert run.returncode == 0, run.stdout
        (folder / "first-run.txt").write_text(run.stdout)

    return once(shared / "finished", make)


@pytest.fixture(scope="session")
def done(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This worker's copy of the finished study. Leave its results as they are."""
    folder = tmp_path_factory.mktemp("study") / "tiny"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


@pytest.fixture
def study_copy(done: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, for a test that changes its results."""
    shutil.copytree(done, tmp_path / "own", symlinks=True)
    return tmp_path / "own"


@pytest.fixture
def server() -> Iterator["Server"]:
    """A server with OpenAI's interface, which answers as its script says."""
    from fake_server import serving

    with serving() as started:
        yield started
