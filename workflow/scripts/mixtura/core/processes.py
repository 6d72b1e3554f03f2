"""Processes that a job starts and that end with it."""

import ctypes
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # prctl(2): the signal that a process gets when its parent ends


def end_with_parent() -> Callable[[], object]:
    """For `preexec_fn` of subprocess: the kernel ends the new process when this one is killed."""
    libc = ctypes.CDLL(None)  # loaded here: between fork and exec little is allowed
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
