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

import yaml
from measuring import Row

TITLE = "What a study will take, before it runs"
ROOT = Path(__file__).parents[1]
TARGETS = {16: "< 15 s and < 600 MB", 78: "< 75 s"}  # seeds, for 10,000 and 50,000 jobs
Timed = tuple[float, float, float, str]
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
    targets = {5: ""} if quick else TARGETS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Snakefile").write_text(BARE)
        config = yaml.safe_load((ROOT / "config/paper.yaml").read_text("utf-8"))
        for seeds, target in targets.items():
            study = folder / f"{seeds}.yaml"
            study.write_text(yaml.safe_dump({**config, "seeds": list(range(seeds))}))
            given = ["--configfile", str(study), "--directory", name]
            dry = ["-m", "snakemake", "-n", "-q", "all"]
            bare = [*dry, "--snakefile", f"{name}/Snakefile", "--directory", name]
            own = timed(["-c", "from mixtura.cli import app; app()", "plan", *given])
            jobs = own[3].rpartition("total")[2].split()[0]
            other = timed([*bare, "--config", f"jobs={jobs.replace(',', '')}"])
            yield row(f"mixtura plan, {jobs} jobs", own, other, target)
            if seeds < max(TARGETS):
                own = timed([*dry, *given, "--profile", "profiles/local"])
                yield row(f"snakemake -n -q all, {jobs} jobs", own, other, "")


def row(case: str, ours: Timed, peer: Timed, target: str) -> Row:
    """One row of the table."""
    return {
        "case": case,
        "ours s": ours[0],
        "CPU s": ours[1],
        "MB": round(ours[2]),
        "peer": "bare Snakemake",
        "peer s": peer[0],
        "peer CPU s": peer[1],
        "peer MB": round(peer[2]),
        "times the peer's CPU": ours[1] / peer[1],
        "target": target,
    }


def timed(arguments: list[str]) -> Timed:
    """Wall and CPU seconds, MB of the largest process, and output of one Python command.

    Raises RuntimeError where it fails.
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
    _, process.returncode, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {said[-2000:]}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, said
