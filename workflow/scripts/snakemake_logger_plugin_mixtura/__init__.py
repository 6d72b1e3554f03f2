"""Progress of a run in plain lines, and at its end one screen that explains what failed."""

import json
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from logging import WARNING, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from mixtura.plan import SHORT, TYPICAL
from snakemake_logger_plugin_mixtura.failures import Failure, failure_screen, lock_help

QUIET = ("Select jobs to execute", "Execute ", "Building DAG", "Assuming unrestricted", "Using ")
HEARTBEAT = 30  # seconds without news until a line says what runs
ARMS: dict[str, str] = {}  # name of an arm -> what it is, in words; the workflow fills it
PLANNED: list[tuple[Any, Any]] = []  # the workflow adds itself and its study


@dataclass
class Running:
    """A job that was started."""

    rule: str
    told: str
    log: str
    gpus: int
    start: float


class LogHandler(LogHandlerBase):
    """One line for each finished job, and one every half minute in between."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Start with nothing known of the run."""
        self.total: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.spent: Counter[str] = Counter()
        self.running: dict[int, Running] = {}
        self.failed: dict[int, Failure] = {}
        self.ended = ""
        self.planned = False  # whether a dry run found jobs to run
        self.tokens = self.token_seconds = self.gpu_seconds = 0.0
        self.begin = self.news = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def emit(self, record: LogRecord) -> None:
        """Print what a person needs to know of one event."""
        event, fields = getattr(record, "event", None), record.__dict__
        if self.common_settings.dryrun:
            self.planned |= event == LogEvent.RUN_INFO
            self._print(self.format(record))
        elif event == LogEvent.RUN_INFO:
            self.total = Counter({k: v for k, v in fields["stats"].items() if k != "total"})
            self._print(f"{sum(self.total.values())} jobs: {_counts(self.total)}")
        elif event == LogEvent.JOB_INFO:
            self._started(fields)
        elif event == LogEvent.JOB_FINISHED:
            self._finished(fields["job_id"])
        elif event == LogEvent.JOB_ERROR:
            self._failed(fields)
        elif event == LogEvent.ERROR and "cannot be locked" in record.getMessage():
            self._print(lock_help())
        elif event == LogEvent.ERROR and "CalledProcessError in" in record.getMessage():
            self.ended = record.getMessage().strip().rpartition("' ")[2]  # the job said why itself
        elif event in (LogEvent.GROUP_ERROR, LogEvent.ERROR) or record.levelno >= WARNING:
            self._print(self.format(record))
        elif event is None and record.msg and not str(record.msg).startswith(QUIET):
            self._print(str(record.msg))

    def close(self) -> None:
        """At the end of the run: what failed, and what to do; of a dry run: what it will take."""
        if self.planned and PLANNED and "all" not in map(str, self.common_settings.quiet or ()):
            self._print(_plan())
            self.planned = False  # Snakemake closes twice
        if self.failed:
            self._print(failure_screen(list(self.failed.values())))
            self.failed = {}
        super().close()

    def _started(self, fields: dict[str, Any]) -> None:
        told = fields["rule_msg"] or fields["rule_name"]
        arm = fields["wildcards"].get("arm")
        told = told.replace(f"arm {arm}", f"arm {arm} ({ARMS[arm]})") if arm in ARMS else told
        gpus = fields["resources"].get("gpu", 0) or 0
        log = next(iter(fields["log"]), "")
        job = Running(fields["rule_name"], told, log, gpus, time.monotonic())
        self.running[fields["jobid"]] = job

    def _failed(self, fields: dict[str, Any]) -> None:
        job = self.running.pop(fields["jobid"], None)
        if job:
            self.gpu_seconds += job.gpus * (time.monotonic() - job.start)
            said = str(fields["rule_msg"] or self.ended)
            inputs = tuple(fields["input"])
            self.failed[fields["jobid"]] = Failure(job.rule, job.told, job.log, said, inputs)
            self._status(f"{job.rule} failed: {job.told} (log: {job.log})")

    def _finished(self, number: int) -> None:
        self.failed.pop(number, None)  # an earlier try
        if number not in self.running:
            return
        job = self.running.pop(number)
        seconds = time.monotonic() - job.start
        self.done[job.rule] += 1
        self.spent[job.rule] += seconds  # type: ignore[assignment]
        self.gpu_seconds += job.gpus * seconds
        stats = Path(job.log).with_suffix(".json") if job.log else None
        if stats and stats.is_file():
            found = json.loads(stats.read_text(encoding="utf-8"))
            if tokens := found.get("new_tokens", 0):
                self.tokens += tokens
                self.token_seconds += found["seconds"]
        self._status(f"{job.rule} {self.done[job.rule]}/{self.total[job.rule]}: {job.told}")

    def _status(self, news: str) -> None:
        done, total = sum(self.done.values()), sum(self.total.values())
        clock = time.strftime("%H:%M:%S")
        told = [f"[{clock}] {done}/{total}, {self._left()} left"]
        if self.token_seconds:
            told.append(f"{self.tokens / self.token_seconds:.0f} tokens/s")
        if self.gpu_seconds:
            told.append(f"{self.gpu_seconds / 3600:.2f} GPU h")
        self._print(f"{', '.join(told)} | {news}")

    def _left(self) -> str:
        """Rest of the run, from the jobs seen so far and how many ran at once."""
        seen = {rule: self.spent[rule] / self.done[rule] for rule in self.done}
        expected = sum(TYPICAL.get(rule, SHORT) for rule in self.done.elements())
        pace = sum(self.spent.values()) / expected if expected else 1.0
        rest = 0.0
        for rule, count in self.total.items():
            each = seen.get(rule, TYPICAL.get(rule, SHORT) * pace)
            rest += each * max(count - self.done[rule], 0)
        now = time.monotonic()
        begun = sum(now - job.start for job in self.running.values())
        spent = sum(self.spent.values()) + begun
        rest = max(rest - begun, 0)
        at_once = max(spent / max(now - self.begin, 1e-9), 0.5)
        minutes = rest / at_once / 60
        return "under a minute" if minutes < 1 else f"about {minutes:.0f} min"

    def _beat(self) -> None:
        while True:
            time.sleep(1)
            if self.running and time.monotonic() - self.news > HEARTBEAT:
                now = time.monotonic()
                jobs = [f"{job.told} ({now - job.start:.0f} s)" for job in self.running.values()]
                self._status(f"running: {'; '.join(jobs[:4])}")

    def _print(self, text: Any) -> None:
        if text:
            self.news = time.monotonic()
            print(text, file=sys.stderr, flush=True)


def _plan() -> str:
    """What `mixtura plan` prints."""
    from mixtura.costs import plan_table, plan_text  # what runs of jobs never need
    from snakemake_logger_plugin_mixtura.jobs import planned_jobs

    workflow, study = PLANNED[-1]
    return "\n" + plan_text(plan_table(study, planned_jobs(workflow.dag), Path.cwd()))


def _counts(jobs: Counter[str]) -> str:
    return ", ".join(f"{count} {rule}" for rule, count in jobs.items())
