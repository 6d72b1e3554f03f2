"""Lines of progress: what runs, when a job last ended, and which job is held up."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_mixtura as plugin
from snakemake_logger_plugin_mixtura import LogHandler


class Handler(LogHandler):
    """The handler without what Snakemake gives it."""

    def __init__(self) -> None:
        self.common_settings = SimpleNamespace(dryrun=False, quiet=None)
        self.__post_init__()


@pytest.fixture
def handler() -> Iterator[Handler]:
    started = Handler()
    yield started
    started.over.set()


def start(handler: Handler, number: int, log: Path) -> None:
    fields: dict[str, Any] = {
        **{"event": LogEvent.JOB_INFO, "jobid": number, "rule_name": "finetune"},
        **{"rule_msg": f"Fine-tune {number}", "wildcards": {}, "resources": {}},
        "log": [str(log)],
    }
    handler.emit(SimpleNamespace(**fields))  # type: ignore[arg-type]


def test_a_job_that_is_silent_for_longer_than_its_like_takes_is_named_once(
    handler: Handler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(plugin, "SHORTEST", 0)
    now = time.time()
    handler.total["finetune"] = 4
    for number in range(4):
        start(handler, number, tmp_path / f"{number}.log")
    handler.running[0].start -= 20  # the first took 20 s
    handler.emit(SimpleNamespace(event=LogEvent.JOB_FINISHED, job_id=0))  # type: ignore[arg-type]
    for number in (1, 2):
        handler.running[number].begin -= 1000
        (tmp_path / f"{number}.log").touch()
    os.utime(tmp_path / "1.log", (now - 300, now - 300))  # silent for long
    os.utime(tmp_path / "2.log", (now - 100, now - 100))  # not so long
    handler.running[3].begin -= 1000  # it has no log: it waits in a queue
    capsys.readouterr()
    handler._name_held_up()
    handler._name_held_up()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("held up? Fine-tune 1 has written nothing for 5 min, others of its kind")
    assert "take 20 s in all" in line and line.endswith("1.log")


def test_a_log_of_an_earlier_run_is_no_silence(handler: Handler, tmp_path: Path) -> None:
    start(handler, 1, tmp_path / "1.log")
    (tmp_path / "1.log").touch()
    os.utime(tmp_path / "1.log", (1, 1))
    assert handler.running[1].silent() == 0.0
