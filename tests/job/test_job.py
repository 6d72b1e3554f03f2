"""The door between Snakemake and the package: in a process of its own, as Snakemake starts it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from mixtura.job.job import settle_dates

SCRIPT = """
import json, os, sys
from types import SimpleNamespace
from mixtura.core.settings import Settings
from mixtura.job import Job

class Size(Settings):
    n: int

class Named(dict):
    __getattr__ = dict.get

context = json.loads(sys.argv[1])
names = {key: Named(context[key]) for key in ("params", "resources")}
job = Job(SimpleNamespace(**(context | names)), Size)
print("a library prints", os.environ.get("HF_HUB_OFFLINE"), job.environment.get("HF_HUB_OFFLINE"))
job.say(f"n is {job.settings.n}")
job.stats["rows"] = 7
if job.settings.n < 0:
    raise ValueError("n is\\x1b[31m negative")
job.done(sets=job.settings.n)
"""


def run(folder: Path, n: int = 3, rule: str = "generate", **params: Any) -> tuple[str, str]:
    """What a job writes to the terminal, and to its log."""
    context = {
        "rule": rule,
        "wildcards": ["topic", "D3"],
        "input": [],
        "log": [str(folder / "job.log"), str(folder / "other.log")],
        "params": {"settings": json.dumps({"n": n}), **params},
        "resources": {"gpu": 0},
    }
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(context)],
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2] / "workflow/scripts")},
        capture_output=True,
        text=True,
    )
    assert process.returncode == (n < 0) and process.stdout == ""
    return process.stderr, (folder / "job.log").read_text()


def test_a_finished_job_leaves_its_log_and_statistics_and_nothing_to_resume(tmp_path: Path) -> None:
    (tmp_path / "resume").mkdir()
    terminal, log = run(tmp_path, resume=str(tmp_path / "resume"))
    assert terminal == "" and "a library prints 1 None" in log and "INFO n is 3" in log
    stats = json.loads((tmp_path / "job.json").read_text())
    assert (stats["rows"], stats["sets"]) == (7, 3)
    assert 0 <= stats["seconds"] < 60 and 10 < stats["peak_mb"] < 10_000
    assert not (tmp_path / "resume").exists()


def test_an_error_is_one_line_on_the_terminal_and_whole_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "job.resume").mkdir()
    terminal, log = run(tmp_path, n=-1)
    assert terminal == (
        f"generate topic D3: ValueError: n is␛[31m negative\n(log: {tmp_path}/job.log)\n"
    )
    assert "Traceback" in log and not (tmp_path / "job.json").exists()
    assert (tmp_path / "job.resume").exists()


def test_jobs_that_fetch_are_online_by_whatever_name_a_module_gives_them(tmp_path: Path) -> None:
    assert "a library prints None None" in run(tmp_path, rule="other_model")[1]


def test_dates_of_the_future_are_brought_back_and_no_others(tmp_path: Path) -> None:
    ahead, past = tmp_path / "ahead", tmp_path / "past"
    for file, seconds in ((ahead, 9_000), (past, -9_000)):
        file.touch()
        os.utime(file, (time.time() + seconds,) * 2)
    before = past.stat().st_mtime
    settle_dates([str(ahead), str(past), str(tmp_path / "absent")])
    assert ahead.stat().st_mtime <= time.time() and past.stat().st_mtime == before
