"""What a dry run finds, as JSON: `python -m snakemake_logger_plugin_mixtura.jobs FILE ARGUMENTS`.

Snakemake prints which jobs would run; `mixtura plan` also needs those that are done, with their
wildcards, and no text for each of 50,000 jobs. So this runs Snakemake's own dry run until it knows
which jobs would run and why, writes them and ends.
"""

import json
import sys
from pathlib import Path

from snakemake.cli import main
from snakemake.dag import DAG
from snakemake_interface_executor_plugins.settings import DeploymentMethod

from mixtura.plan.planned import PlannedJob
from mixtura.plan.resources import DECIDE_RESOURCES


def planned_jobs(dag: DAG) -> list[PlannedJob]:
    """The jobs of a graph that make files, rule by rule; `why` is None for one that is done."""
    pending = set(dag.needrun_jobs(exclude_finished=False))
    jobs: list[PlannedJob] = []
    resources: dict[tuple[str, ...], tuple[int, float]] = {}
    order = {rule.name: number for number, rule in enumerate(dag.workflow.rules)}
    for job in sorted(dag.jobs, key=lambda job: order[job.rule.name]):
        if job.output:
            runs, names = job in pending, job.wildcards_dict
            needs = (job.rule.name, *(names.get(key, "") for key in DECIDE_RESOURCES))
            if needs not in resources:
                asked = job.resources
                resources[needs] = (job.threads, asked.get("gpu", 0) / asked.get("gpu_share", 1))
            jobs.append(
                {
                    "rule": job.rule.name,
                    "wildcards": names,
                    "threads": resources[needs][0],
                    "gpu": resources[needs][1],
                    "log": str(job.log[0]) if job.log else None,
                    "benchmark": str(job.benchmark) if job.benchmark else None,
                    "why": sorted(dag.reason(job).get_names()) if runs else None,
                    "bytes": 0 if runs else sum(_size(Path(file)) for file in job.output),
                }
            )
    return jobs


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(part) for part in path.iterdir())
    return path.stat().st_size if path.exists() else 0


if __name__ == "__main__":
    file, *arguments = sys.argv[1:]

    conda_envs = DAG.update_conda_envs

    def needed_envs(dag: DAG) -> None:
        """The environments, where Snakemake is to use any: they take the params of every job."""
        if DeploymentMethod.CONDA in dag.workflow.deployment_settings.deployment_method:
            conda_envs(dag)

    def write(dag: DAG) -> None:
        """In place of the last check of a new graph: write its jobs and end."""
        plan = {"directory": str(Path.cwd()), "config": dag.workflow.globals["config"]}
        plan["jobs"] = planned_jobs(dag)
        Path(file).write_text(json.dumps(plan, default=str))
        raise SystemExit

    DAG.update_conda_envs = needed_envs
    DAG.check_directory_outputs = write
    main([*arguments, "--dry-run", "--quiet", "all"])
