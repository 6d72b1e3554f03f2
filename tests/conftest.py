"""Fixtures: tiny models, tiny data, and Snakemake on them."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
VLLM = ROOT / ".venv-vllm/bin/python"
with_vllm = pytest.mark.skipif(
    not VLLM.parents[1].joinpath("installed").exists(), reason="no .venv-vllm; `make vllm` makes it"
)


@pytest.fixture(scope="session")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny causal language model."""
    from builders import build_generator

    return build_generator(tmp_path_factory.mktemp("models") / "writer")


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny encoder."""
    from builders import build_encoder

    return build_encoder(tmp_path_factory.mktemp("models") / "reader")


@pytest.fixture(scope="session")
def reviews_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CSV of 200 labelled made-up reviews."""
    from builders import reviews

    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows((text, label[:3]) for text, label in reviews(200))
    return path


@pytest.fixture(scope="session")
def tiny(generator: Path, encoder: Path, reviews_csv: Path) -> dict[str, Any]:
    """Configuration of the tiny study. Do not change it: copy it."""
    from builders import tiny_study

    return tiny_study(generator, encoder, reviews_csv)


def run_snakemake(
    folder: Path, config: dict[str, Any], *arguments: str, profile: str = "local"
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake on this workflow in `folder`; output and errors come back as one text."""
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(folder / "study.yaml"), "--directory", str(folder)]
    return subprocess.run(
        [*command, "--profile", f"profiles/{profile}", *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,  # a loaded machine is no error
    )


@pytest.fixture(scope="session")
def done(tiny: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder in which the tiny study ran once. Leave its results as they are."""
    folder = tmp_path_factory.mktemp("study")
    run = run_snakemake(folder, tiny)
    assert run.returncode == 0, run.stdout
    (folder / "first-run.txt").write_text(run.stdout)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def own(done: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, for a test that changes its results."""
    shutil.copytree(done, tmp_path / "own", symlinks=True)
    return tmp_path / "own"
