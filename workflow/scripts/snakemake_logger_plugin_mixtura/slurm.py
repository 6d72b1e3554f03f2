"""What the SLURM executor of Snakemake leaves out: jobs that are not forgotten, nor sent twice.

docs/slurm-status.md is the report of the first of these faults for its authors.
"""

import re
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

SILENT = 60  # seconds without a status until a line says so
PARTITIONS = "profiles/slurm/partitions.yaml"
PAUSE = 10  # seconds between two looks at what holds a submission up


def guard_slurm() -> None:
    """Let the SLURM executor, where there is one, be the guarded one below."""
    plugin = ExecutorPluginRegistry().plugins.get("slurm")
    if plugin and plugin.executor.__name__ != "Guarded":
        plugin.executor = guarded(plugin.executor)


def guarded(executor: Any) -> Any:
    """A class of the executor that keeps jobs while SLURM is away and waits for jobs left behind.

    The plugin (2.8.0) drops every job from its list when all its status queries fail, and then
    waits for ever; and it knows no job of a Snakemake that was killed.
    """
    import snakemake_executor_plugin_slurm as plugin

    ages: list[int] = []  # the last MinJobAge that slurmctld told
    plugin_age = plugin.get_min_job_age

    def min_job_age() -> int | None:
        """As slurmctld says, or as it last said: without it the plugin would change to sacct."""
        if (age := plugin_age()) is not None:
            ages[:] = [age]
        return next(iter(ages), None)

    plugin.get_min_job_age = min_job_age

    class Guarded(executor):  # type: ignore[misc]
        """The executor of the plugin, with these guards."""

        # Of the class: the thread that looks at jobs starts before __post_init__.
        ended: ClassVar[set[int]] = set()  # jobs that were reported since the last look
        heard, silent, leaving = time.monotonic(), False, False

        def report_job_success(self, job_info: SubmittedJobInfo) -> None:
            self.ended.add(id(job_info))
            super().report_job_success(job_info)

        def report_job_error(self, job_info: SubmittedJobInfo, *words: Any, **more: Any) -> None:
            self.ended.add(id(job_info))
            super().report_job_error(job_info, *words, **more)

        async def check_active_jobs(
            self, active_jobs: list[SubmittedJobInfo]
        ) -> AsyncIterator[SubmittedJobInfo]:
            self.ended, running = set(), set()
            async for job in super().check_active_jobs(active_jobs):
                running.add(id(job))
                yield job
            forgotten = [job for job in active_jobs if id(job) not in running | self.ended]
            for job in forgotten:
                yield job
            self._listen(bool(forgotten), len(active_jobs))

        def _listen(self, silent: bool, jobs: int) -> None:
            now = time.monotonic()
            if not silent:
                if self.silent:
                    self.logger.warning("SLURM answers again.")
                self.heard, self.silent = now, False
            elif not self.silent and now - self.heard >= SILENT:
                self.silent = True
                self.logger.warning(
                    f"SLURM has told no status for {now - self.heard:.0f} s (`scontrol ping` says "
                    f"whether slurmctld is up). {jobs} jobs are kept; the run goes on when it "
                    "answers."
                )

        def print_job_error(self, job_info: SubmittedJobInfo, msg: Any = None, **more: Any) -> None:
            super().print_job_error(job_info, msg=f"{in_words(msg or '')}\n", **more)

        def run_job(self, job: Any) -> None:
            """Submit a job once slurmctld answers and no other run does the same work."""
            wildcards = plugin.get_job_wildcards(job)  # of a group of jobs there are none
            comment = f"rule_{job.name}_wildcards_{wildcards}" if wildcards else f"rule_{job.name}"
            folder, last = Path(self.workflow.workdir_init), ""
            while not self.leaving and (reason := hindrance(comment, self.run_uuid, folder)):
                if reason != last:
                    last = reason
                    self.logger.warning(f"{job.name} is not submitted yet: {reason}")
                time.sleep(PAUSE)
            if not self.leaving:
                super().run_job(job)

        def cancel(self) -> None:
            self.leaving = True  # or the threads that submit would never end
            super().cancel()

    return Guarded


def hindrance(comment: str, run: str, folder: Path) -> str:
    """Why a job of this comment cannot be submitted now, empty where it can.

    Two jobs that write one file would spoil it, and a slurmctld that is away refuses every job.
    """
    command = ["squeue", "--me", "--noheader", "--format=%i|%j|%Z|%k"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        return f"SLURM does not answer ({' '.join(answer.stderr.split())})"
    jobs = [line.split("|", 3) for line in answer.stdout.splitlines() if line.count("|") > 2]
    for number, name, place, words in jobs:
        if words == comment and name != run and Path(place) == folder:
            return (
                f"job {number} of a Snakemake that ended does the same work in this folder; it "
                f"waits for that job, which `scancel {number}` ends"
            )
    return ""


# What sbatch says -> what it means, and the key to change; the first that fits.
REFUSALS = {
    "invalid partition": "this cluster has no such partition, `sinfo -s` lists them; name yours "
    f"in {PARTITIONS}",
    "Memory specification": "no node of the partition has so much memory; lower mem_mb",
    "Requested node configuration": "no node of the partition has so many GPUs or cores, or so "
    "much memory; lower gpu, threads or mem_mb",
    "Invalid generic resource": "the partition has no such GPUs; lower gpu, or name one that has "
    f"in {PARTITIONS}",
    "time limit": "the partition allows less time; lower runtime, or give its max_runtime in "
    f"{PARTITIONS}",
    "account": "the account or its limits do not allow it; ask for less, or give "
    "`--default-resources slurm_account=NAME`",
}


# State of a job that failed -> what happened.
STATES = {
    "CANCELLED": "was cancelled, by scancel or by an administrator",
    "TIMEOUT": "ran longer than its runtime",
    "DEADLINE": "ran longer than its runtime",
    "OUT_OF_MEMORY": "needed more than its mem_mb",
    "NODE_FAIL": "lost its node",
    "BOOT_FAIL": "got no node that starts",
    "FAILED": "ended with an error",
}


def in_words(message: str) -> str:
    """What the executor says of a job, without the command that it ran: what SLURM did, and why."""
    if "SLURM sbatch failed" in message:
        words = message.partition("The error message was '")[2].partition("'.\n")[0]
        meaning = next((m for part, m in REFUSALS.items() if part.lower() in words.lower()), "")
        first = (
            words.splitlines()[0].removeprefix("sbatch: error: ") if words else "no reason given"
        )
        return f"SLURM refused the job: {first}" + (f" ({meaning})" if meaning else "")
    if state := re.search(r"SLURM-job '(\w+)' failed, SLURM status is: '(\w+)'", message):
        return f"SLURM job {state[1]} {STATES.get(state[2], f'ended as {state[2]}')}."
    return message
