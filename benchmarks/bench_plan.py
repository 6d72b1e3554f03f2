"""Planning of large studies, beside bare Snakemake with as many trivial jobs.

The study is config/paper.yaml with more seeds. The peer is a chain of six shell rules for each of
its items: what Snakemake itself takes to know what to run.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import yaml
from measuring import Row

TITLE = "What a study will take, before it runs"
ROOT = Path(__file__).parents[1]
SIZES = {16: (10_454, 15, 600, 3), 78: (50_444, 75, 2000, 1)}  # seeds: jobs, s, MB, repeats
BARE = """\
rule all:
    input: expand("f/{i}.txt", i=range(int(config["jobs"]) // 6))
for here, before in zip("abcdef", " abcde"):
    rule:
        name: f"step_{here}"
        input: [] if before == " " else f"{before}/{{i}}.txt"
        output: f"{here}/{{i}}.txt"
        shell: "echo {wildcards.i} > {output}"
"""


def run(quick: bool = False) -> Iterator[Row]:
    """Yield one row for each size and way to plan, about four minutes; quick: the shipped study."""
    sizes = {5: (3_359, 15, 600, 1)} if quick else SIZES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Snakefile").write_text(BARE)
        config = yaml.safe_load((ROOT / "config/paper.yaml").read_text("utf-8"))
        for seeds, (jobs, seconds, megabytes, repeats) in sizes.items():
            study = folder / f"{seeds}.yaml"
            study.write_text(yaml.safe_dump({**config, "seeds": list(range(seeds))}))
            given = ["--configfile", str(study), "--directory", str(folder)]
            plan = ["-c", "from mixtura.cli import app; app()", "plan", *given]
            dry = ["-m", "snakemake", "-n", "-q", "all"]
            bare = [*dry, "--snakefile", str(folder / "Snakefile"), "--config", f"jobs={jobs}"]
            bare += ["--directory", str(folder)]
            ways = {
                "mixtura plan": plan,
                "snakemake -n -q all": [*dry, *given, "--profile", "profiles/local"],
            }
            for way, command in ways.items():
                times = [(timed(command, jobs), timed(bare)) for _ in range(repeats)]
                ours, peers = zip(*times, strict=True)
                own, other = (median(one[0] for one in side) for side in (ours, peers))
                limit = f"< {seconds} s and < {megabytes} MB" if way == "mixtura plan" else ""
                yield {
                    "case": f"{way}, {jobs:,} jobs",
                    "ours s": own,
                    "MB": round(max(one[1] for one in ours)),
                    "peer": "bare Snakemake",
                    "peer s": other,
                    "peer MB": round(max(one[1] for one in peers)),
                    "times the peer": own / other,
                    "target": limit,
                }


def timed(arguments: list[str], jobs: int = 0) -> tuple[float, float]:
    """Wall time in seconds and memory in MB of the largest process of one Python command.

    Raises RuntimeError where it fails, or where it does not say that there are `jobs` jobs.
    """
    path = str(ROOT / "workflow/scripts")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    seconds = time.perf_counter() - began
    if status or ("plan" in arguments and jobs and f"{jobs:,}" not in said):
        raise RuntimeError(f"{' '.join(arguments)}: {said[-2000:]}")
    return seconds, used.ru_maxrss * 1024 / 1e6
