"""What a dry run finds, as JSON: `python -m snakemake_logger_plugin_mixtura.jobs FILE ARGUMENTS`.

Snakemake prints which jobs would run; `mixtura plan` also needs those that are done, with their
wildcards, and no text for each of 50,000 jobs. So this runs Snakemake's own dry run up to the point
where it would count the jobs, and writes them instead.
"""

import json
import sys
from pathlib import Path
from typing import Any

from snakemake.cli import main
from snakemake.dag import DAG


def _jobs(dag: DAG) -> list[dict[str, Any]]:
    pending = set(dag.needrun_jobs(exclude_finished=False))
    found = []
    order = {rule.name: number for number, rule in enumerate(dag.workflow.rules)}
    for job in sorted(dag.jobs, key=lambda job: order[job.rule.name]):
        if job.output:
            runs = job in pending
            found.append(
                {
                    "rule": job.rule.name,
                    "wildcards": job.wildcards_dict,
                    "threads": job.threads,
                    "gpu": job.resources.get("gpu", 0),
                    "log": str(job.log[0]) if job.log else None,
                    "benchmark": str(job.benchmark) if job.benchmark else None,
                    "why": sorted(dag.reason(job).get_names()) if runs else None,
                    "bytes": 0 if runs else sum(_size(Path(file)) for file in job.output),
                }
            )
    return found


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(part) for part in path.iterdir())
    return path.stat().st_size if path.exists() else 0


if __name__ == "__main__":
    file, *arguments = sys.argv[1:]

    def stats(dag: DAG) -> None:
        """In place of the count of the jobs: write them and end."""
        told = {"directory": str(Path.cwd()), "config": dag.workflow.globals["config"]}
        told["jobs"] = _jobs(dag)
        Path(file).write_text(json.dumps(told, default=str))
        raise SystemExit

    DAG.stats = stats
    DAG.__len__ = lambda dag: 1  # else a finished study ends before this
    main([*arguments, "--dry-run", "--quiet", "all"])
