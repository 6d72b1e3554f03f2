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

from mixtura.core.wording import visible
from mixtura.plan.typical import SHORT, TYPICAL
from snakemake_logger_plugin_mixtura.failures import SLACK, Failure, failure_screen, lock_help

QUIET = ("Select jobs to execute", "Execute ", "Building DAG", "Assuming unrestricted", "Using ")
MORE = "For further error details"  # what Snakemake adds to every message of an executor
HEARTBEAT = 30  # seconds without news until a line says what runs
HELD_UP = 10  # times as long as its like takes: a job that is silent for longer is named
SHORTEST = 120  # seconds of silence that are always allowed
ARMS: dict[str, str] = {}  # name of an arm -> what it is, in words; the workflow fills it
PLANNED: list[tuple[Any, Any]] = []  # the workflow adds itself and its study


@dataclass
class Running:
    """A job that was started."""

    rule: str
    message: str
    log: str
    gpus: int
    start: float  # of the clock that never jumps
    begin: float  # seconds since 1970
    named: bool = False  # as one that is held up

    def silent(self) -> float:
        """Seconds since it wrote to its log, 0 where it has not begun (it may wait in a queue)."""
        try:
            written = Path(self.log).stat().st_mtime
        except OSError:
            return 0.0
        return time.time() - written if written >= self.begin - SLACK else 0.0


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
        self.begin = self.news = self.ended_at = time.monotonic()
        self.over = threading.Event()
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
        self.over.set()
        if self.planned and PLANNED and "all" not in map(str, self.common_settings.quiet or ()):
            self._print(_plan())
            self.planned = False  # Snakemake closes twice
        if self.failed:
            self._print(failure_screen(list(self.failed.values())))
            self.failed = {}
        super().close()

    def _started(self, fields: dict[str, Any]) -> None:
        message = fields["rule_msg"] or fields["rule_name"]
        arm = fields["wildcards"].get("arm")
        message = (
            message.replace(f"arm {arm}", f"arm {arm} ({ARMS[arm]})") if arm in ARMS else message
        )
        gpus = fields["resources"].get("gpu", 0) or 0
        log = next(iter(fields["log"]), "")
        job = Running(fields["rule_name"], message, log, gpus, time.monotonic(), time.time())
        self.running[fields["jobid"]] = job

    def _failed(self, fields: dict[str, Any]) -> None:
        job = self.running.pop(fields["jobid"], None)
        if job:
            self.gpu_seconds += job.gpus * (time.monotonic() - job.start)
            reason = str(fields["rule_msg"] or self.ended).partition(MORE)[0]
            inputs = tuple(fields["input"])
            self.failed[fields["jobid"]] = Failure(
                job.rule, job.message, job.log, reason, inputs, job.begin
            )
            self._status(f"{job.rule} failed: {job.message} (log: {job.log})")

    def _finished(self, number: int) -> None:
        self.failed.pop(number, None)  # an earlier try
        if number not in self.running:
            return
        job = self.running.pop(number)
        seconds = time.monotonic() - job.start
        self.ended_at = time.monotonic()
        self.done[job.rule] += 1
        self.spent[job.rule] += seconds  # type: ignore[assignment]
        self.gpu_seconds += job.gpus * seconds
        stats = Path(job.log).with_suffix(".json") if job.log else None
        if stats and stats.is_file():
            stats_of_job = json.loads(stats.read_text(encoding="utf-8"))
            if tokens := stats_of_job.get("new_tokens", 0):
                self.tokens += tokens
                self.token_seconds += stats_of_job["seconds"]
        self._status(f"{job.rule} {self.done[job.rule]}/{self.total[job.rule]}: {job.message}")

    def _status(self, news: str) -> None:
        done, total = sum(self.done.values()), sum(self.total.values())
        clock = time.strftime("%H:%M:%S")
        parts = [f"[{clock}] {done}/{total}, {self._left()} left"]
        if self.token_seconds:
            parts.append(f"{self.tokens / self.token_seconds:.0f} tokens/s")
        if self.gpu_seconds:
            parts.append(f"{self.gpu_seconds / 3600:.2f} GPU h")
        self._print(f"{', '.join(parts)} | {news}")

    def _left(self) -> str:
        """Rest of the run, from the jobs seen so far and how many ran at once."""
        rest = sum(
            self._like(rule) * max(count - self.done[rule], 0) for rule, count in self.total.items()
        )
        now = time.monotonic()
        begun = sum(now - job.start for job in self.running.values())
        spent = sum(self.spent.values()) + begun
        rest = max(rest - begun, 0)
        at_once = max(spent / max(now - self.begin, 1e-9), 0.5)
        minutes = rest / at_once / 60
        return "under a minute" if minutes < 1 else f"about {minutes:.0f} min"

    def _like(self, rule: str) -> float:
        """Seconds of a job of a rule: the mean of those that ended, else what is typical here."""
        if self.done[rule]:
            return self.spent[rule] / self.done[rule]
        expected = sum(TYPICAL.get(other, SHORT) for other in self.done.elements())
        pace = sum(self.spent.values()) / expected if expected else 1.0
        return TYPICAL.get(rule, SHORT) * pace

    def _name_held_up(self) -> None:
        """Name each job that has been silent for much longer than its like takes, once."""
        for job in list(self.running.values()):
            silent, like = job.silent(), self._like(job.rule)
            if not job.named and silent > max(HELD_UP * like, SHORTEST):
                job.named = True
                self._print(
                    f"held up? {job.message} has written nothing for {_duration(silent)}, others "
                    f"of its kind take {_duration(like)} in all. Its log: {job.log}"
                )

    def _beat(self) -> None:
        while not self.over.wait(1):
            now, running = time.monotonic(), list(self.running.values())
            if running and now - self.news > HEARTBEAT:
                jobs = [f"{job.message} ({_duration(now - job.start)})" for job in running]
                last = f"the last job ended {_duration(now - self.ended_at)} ago"
                self._status(
                    f"running: {'; '.join(jobs[:4])}; {last if self.done else 'none ended'}"
                )
                self._name_held_up()

    def _print(self, text: Any) -> None:
        if text:
            self.news = time.monotonic()
            print(visible(str(text)), file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _plan() -> str:
    """What `mixtura plan` prints."""
    from mixtura.plan.cost import plan_table, plan_text  # what runs of jobs never need
    from snakemake_logger_plugin_mixtura.jobs import planned_jobs

    workflow, study = PLANNED[-1]
    return "\n" + plan_text(plan_table(study, planned_jobs(workflow.dag), Path.cwd()))


def _counts(jobs: Counter[str]) -> str:
    return ", ".join(f"{count} {rule}" for rule, count in jobs.items())
