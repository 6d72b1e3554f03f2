"""Another workflow uses this one as a module: its own configuration, one rule of its own."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from conftest import ROOT

pytestmark = pytest.mark.workflow

SNAKEFILE = """
configfile: "config.yaml"


module mixtura:
    snakefile: "{snakefile}"
    config: config["mixtura"]


use rule * from mixtura exclude task as mixtura_*


rule my_rows:
    output: "results/tiny/data/reviews.parquet"
    script: "my_rows.py"
"""
SCRIPT = """
import polars as pl

rows = [(f"r{i}", f"own text {i}", ("negative", "positive")[i % 2]) for i in range(200)]
pl.DataFrame(rows, schema=["id", "text", "label"], orient="row").write_parquet(snakemake.output[0])
"""


def test_a_workflow_that_imports_this_one_brings_its_own_rows(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    study = copy.deepcopy(tiny)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"mixtura": study}))
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(snakefile=ROOT / "Snakefile"))
    (tmp_path / "my_rows.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", str(tmp_path)]
    shard = "results/tiny/generated/writer/topic/D6/0.parquet"
    run = subprocess.run(
        [*command, "--snakefile", str(tmp_path / "Snakefile"), shard, "--show-failed-logs"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout
    assert "mixtura_generate" in run.stdout and "rule my_rows" in run.stdout
    shown = set(pl.read_parquet(tmp_path / shard)["example_ids"].explode())
    assert shown <= {f"r{i}" for i in range(200)}
