"""Progress of a run in plain lines: which stage, how many of how many, about how long."""

import sys
import threading
import time
from collections import Counter
from logging import WARNING, LogRecord
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

# Seconds of a job of each rule until one was seen; only their proportions matter much.
TYPICAL = {"generate": 90, "finetune": 30, "model": 30, "embed": 15, "embed_real": 15, "task": 15}
QUIET = ("Select jobs to execute", "Execute ", "Building DAG", "Assuming unrestricted", "Using ")
HEARTBEAT = 30  # seconds without news until a line says what runs


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
        self.running: dict[int, tuple[str, str, float]] = {}
        self.begin = self.news = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def emit(self, record: LogRecord) -> None:
        """Print what a person needs to know of one event."""
        event, fields = getattr(record, "event", None), record.__dict__
        if self.common_settings.dryrun:
            self._print(self.format(record))
        elif event == LogEvent.RUN_INFO:
            self.total = Counter({k: v for k, v in fields["stats"].items() if k != "total"})
            self._print(f"{sum(self.total.values())} jobs: {_counts(self.total)}")
        elif event == LogEvent.JOB_INFO:
            told = fields["rule_msg"] or fields["rule_name"]
            self.running[fields["jobid"]] = (fields["rule_name"], told, time.monotonic())
        elif event == LogEvent.JOB_FINISHED:
            self._finished(fields["job_id"])
        elif event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR):
            self.running.pop(fields.get("jobid", -1), None)
            self._print(self.format(record))
        elif record.levelno >= WARNING:
            self._print(self.format(record))
        elif event is None and record.msg and not str(record.msg).startswith(QUIET):
            self._print(str(record.msg))

    def _finished(self, job: int) -> None:
        if job not in self.running:
            return
        rule, told, start = self.running.pop(job)
        self.done[rule] += 1
        self.spent[rule] += time.monotonic() - start  # type: ignore[assignment]
        self._status(f"{rule} {self.done[rule]}/{self.total[rule]}: {told}")

    def _status(self, news: str) -> None:
        done, total = sum(self.done.values()), sum(self.total.values())
        clock = time.strftime("%H:%M:%S")
        self._print(f"[{clock}] {done}/{total}, {self._left()} left | {news}")

    def _left(self) -> str:
        """Rest of the run, from the jobs seen so far and how many ran at once."""
        seen = {rule: self.spent[rule] / self.done[rule] for rule in self.done}
        expected = sum(TYPICAL.get(rule, 4) for rule in self.done.elements())
        pace = sum(self.spent.values()) / expected if expected else 1.0
        rest = 0.0
        for rule, count in self.total.items():
            each = seen.get(rule, TYPICAL.get(rule, 4) * pace)
            rest += each * max(count - self.done[rule], 0)
        now = time.monotonic()
        spent = sum(self.spent.values()) + sum(now - start for *_, start in self.running.values())
        rest = max(rest - sum(now - start for *_, start in self.running.values()), 0)
        at_once = max(spent / max(now - self.begin, 1e-9), 0.5)
        minutes = rest / at_once / 60
        return "under a minute" if minutes < 1 else f"about {minutes:.0f} min"

    def _beat(self) -> None:
        while True:
            time.sleep(1)
            if self.running and time.monotonic() - self.news > HEARTBEAT:
                now = time.monotonic()
                jobs = [f"{told} ({now - start:.0f} s)" for _, told, start in self.running.values()]
                self._status(f"running: {'; '.join(jobs[:4])}")

    def _print(self, text: Any) -> None:
        if text:
            self.news = time.monotonic()
            print(text, file=sys.stderr, flush=True)


def _counts(jobs: Counter[str]) -> str:
    return ", ".join(f"{count} {rule}" for rule, count in jobs.items())
