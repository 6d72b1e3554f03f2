"""Another workflow uses this one as a module: its own configuration, one rule of its own."""

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from builders import reviews
from conftest import ROOT

EXTENDING = (ROOT / "docs/extending.md").read_text()
SHOWN = re.findall(r"```python\n(module mixtura:.*?)```", EXTENDING, re.DOTALL)[0]
SCRIPT = """
import polars as pl

rows = [
    (f"mine-{label}-{i}", text.strip(), label)
    for label in ("negative", "positive")
    for i, text in enumerate(open(f"my-texts/{label}.txt"))
]
pl.DataFrame(rows, schema=["id", "text", "label"], orient="row").write_parquet(snakemake.output[0])
"""


def test_a_workflow_that_imports_this_one_goes_from_its_own_rows_to_the_report(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    study = copy.deepcopy(tiny)
    folder = tmp_path / "my-texts"
    folder.mkdir()
    for label in ("negative", "positive"):
        texts = [f"{text}\n" for text, of in reviews(200, seed=5) if of == label]
        (folder / f"{label}.txt").write_text("".join(texts))
    study["seeds"] = [0]
    study["task"]["data"] = {"path": str(folder)}
    (tmp_path / "my_rows.py").write_text(SCRIPT)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"mixtura": study}))
    snakefile = SHOWN
    for shown, here in {
        "mixtura/Snakefile": str(ROOT / "Snakefile"),
        "results/my-study/data/my-task.parquet": "results/tiny/data/reviews.parquet",
    }.items():
        assert snakefile.count(shown) == 1
        snakefile = snakefile.replace(shown, here)
    (tmp_path / "Snakefile").write_text(f'configfile: "config.yaml"\n\n\n{snakefile}')
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(tmp_path)]
    run = subprocess.run(  # no target: what `all` of the module makes
        [*command, "--snakefile", str(tmp_path / "Snakefile"), "--show-failed-logs"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,
    )
    assert run.returncode == 0, run.stdout
    ran = set(re.findall(r"(?m)^(\w+) +\d+ *$", run.stdout)) - {"total"}
    assert "mixtura_report" in ran and "mixtura_task" not in ran
    assert {rule for rule in ran if not rule.startswith("mixtura_")} == {"my_rows"}
    results = tmp_path / "results/tiny"
    assert (results / "report.html").stat().st_size
    assert not pl.read_parquet(results / "tables/findings.parquet").is_empty()
    tested = pl.read_parquet(results / "tables/predictions.parquet")
    assert tested["id"].str.starts_with("mine-").all()
    shown_rows = pl.read_parquet(results / "generated/writer/topic/D6/r0/0.parquet")["example_ids"]
    assert shown_rows.explode().str.starts_with("mine-").all()
