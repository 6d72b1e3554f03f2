"""What a job starts ends with it, even where it is killed."""

import subprocess
import sys
import time
from pathlib import Path

PARENT = """
import subprocess, sys
from mixtura.core.processes import end_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=end_with_parent())
print(child.pid, flush=True)
child.wait()
"""


def alive(pid: int) -> bool:
    """Whether a process is there; one that ended may wait for its new parent to take note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_parent_takes_its_child_along() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    deadline = time.monotonic() + 30
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(child)
