"""Planning of large studies, beside bare Snakemake on the same graph.

The study is config/paper.yaml with more seeds. The peer is its graph as bare_graph.py writes it:
the same rules, jobs, inputs, outputs, wildcards and resources without a line of our Python. It is
what Snakemake itself takes to know what to run. Both sides run in turn, and CPU seconds are
compared, which say more than wall time where other work runs beside.
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
PAIRS = {16: 3, 78: 1}  # seeds, for 10,000 and 50,000 jobs -> how often both sides run
Timed = tuple[float, float, float, str]


def run(quick: bool = False) -> Iterator[Row]:
    """Yield one row for each size and way to plan, half an hour; quick: the shipped study."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = yaml.safe_load((ROOT / "config/paper.yaml").read_text("utf-8"))
        profile = (ROOT / "profiles/local/config.yaml").read_text("utf-8")
        (folder / "config.yaml").write_text(profile.replace("logger: mixtura\n", ""))
        for seeds, pairs in ({5: 1} if quick else PAIRS).items():
            study = folder / f"{seeds}.yaml"
            study.write_text(yaml.safe_dump({**config, "seeds": list(range(seeds))}))
            ours = ["--configfile", str(study), "--directory", name, "--profile", "profiles/local"]
            timed([str(ROOT / "benchmarks/bare_graph.py"), name, *ours])
            dry = ["-m", "snakemake", "-n", "-q", "all"]
            bare = [*dry, "--snakefile", f"{name}/Snakefile", "--directory", name]
            plan = ["-c", "from mixtura.cli.app import app; app()", "plan", *ours[:4]]
            peers = []
            sides: dict[str, list[Timed]] = {"mixtura plan": [], "snakemake -n -q all": []}
            for _ in range(pairs):
                peers.append(timed([*bare, "--profile", name]))
                sides["snakemake -n -q all"].append(timed([*dry, *ours]))
                sides["mixtura plan"].append(timed(plan))
            jobs = sides["mixtura plan"][0][3].rpartition("total")[2].split()[0]
            for side, runs in sides.items():
                yield row(f"{side}, {jobs} jobs", runs, peers, "" if quick else "<= 1.3 times")


def row(case: str, ours: list[Timed], peer: list[Timed], target: str) -> Row:
    """One row of the table: medians of the runs of both sides."""
    seconds, cpu, size = (median(run[at] for run in ours) for at in range(3))
    peer_seconds, peer_cpu, peer_size = (median(run[at] for run in peer) for at in range(3))
    return {
        "case": case,
        "runs": len(ours),
        "ours s": seconds,
        "CPU s": cpu,
        "MB": round(size),
        "peer": "bare Snakemake, the same graph",
        "peer s": peer_seconds,
        "peer CPU s": peer_cpu,
        "peer MB": round(peer_size),
        "times the peer's CPU": cpu / peer_cpu,
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
    output = process.stdout.read()
    _, process.returncode, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {output[-2000:]}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, output
