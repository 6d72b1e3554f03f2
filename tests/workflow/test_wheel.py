"""The wheel installs into fresh environments, without torch and Snakemake, and works there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

VERSIONS = ("3.11", "3.12", "3.13")
API = """
import sys
import mixtura
from mixtura.measure import dcscore, vendi_score, novelsum, mmd, prdc, c2st, frechet_distance
from mixtura.curate import deduplicate
from mixtura.infer import compare
import numpy as np
rng = np.random.default_rng(0)
x, y = rng.normal(size=(2, 60, 8))
values = [dcscore(x), vendi_score(x), novelsum(x, y), mmd(x, y), frechet_distance(x, y), c2st(x, y)]
assert np.isfinite(values).all() and set(prdc(x, y)) >= {"precision", "recall"}
assert compare({"a": x[:, 0], "b": x[:, 0] + 1})["verdict"].to_list() == ["gain shown"]
assert not {"torch", "snakemake", "transformers"} & set(sys.modules)
print(mixtura.__version__)
"""


def python_of(version: str) -> str | None:
    """A Python of this version: ours, one in the path, or one of pyenv."""
    if sys.version.startswith(version):
        return sys.executable
    folders = [*map(Path, os.environ["PATH"].split(":"))]
    folders += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin"))
    files = [folder / f"python{version}" for folder in folders]
    works = [file for file in files if file.is_file() and _runs(file)]
    return str(works[0]) if works else None


def _runs(python: Path) -> bool:
    return subprocess.run([python, "-c", "import ensurepip"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `python -m build` makes of what git lists."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):  # a copy: setuptools leaves a folder build/
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "source" / name)
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), "source"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheel_works_in_a_fresh_environment(version: str, wheel: Path, tmp_path: Path) -> None:
    python = python_of(version)
    if python is None:
        pytest.skip(f"no Python {version}")
    subprocess.run([python, "-m", "venv", tmp_path / "fresh"], check=True)
    programs = tmp_path / "fresh/bin"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def output(*command: object, code: int = 0) -> str:
        run = subprocess.run(
            [*map(str, command)], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert run.returncode == code, run.stdout + run.stderr
        return run.stdout + run.stderr

    output(programs / "pip", "install", "--quiet", wheel)
    shown = output(programs / "python", "-W", "error::SyntaxWarning", "-c", API).strip()
    mixtura = programs / "mixtura"
    assert output(mixtura, "--version").strip() == f"mixtura {shown}"
    assert " test " in output(mixtura, "--help")
    (tmp_path / "texts.csv").write_text("text\na fine film\na fine film\na dull story\n")
    score = ("score", "texts.csv", "--measure", "distinct_n", "--repeats", 0)
    assert "distinct_n" in output(mixtura, *score)
    dedup = ("dedup", "texts.csv", "--text-column", "text", "--output", "kept.csv")
    assert "3 rows in, 2 kept" in output(mixtura, *dedup)
    logs = [f"{name}={ROOT / 'docs/logs' / name}" for name in ("base", "tuned")]
    assert "gain shown" in output(mixtura, "test", *logs, "--fixed")
    refused = output(mixtura, "plan", code=1)
    assert "mixtura plan: needs the package snakemake: pip install 'mixtura[workflow]'" in refused
    refused = output(mixtura, "score", "texts.csv", "--embedder", "model", code=1)
    assert "pip install 'mixtura[embed]'" in refused
