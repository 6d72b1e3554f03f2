"""Limits of a server that all jobs of one machine share: a file says when the next may ask."""

import fcntl
import json
import os
import tempfile
import time
from pathlib import Path

from mixtura.core.digest import digest
from mixtura.generate.settings import OpenaiOptions

LONGEST = (
    3600.0  # seconds ahead that a file may say; one from before the clock was set may say more
)


class Pace:
    """When a request may start, so that no more of them, and of their tokens, go out a minute."""

    def __init__(self, options: OpenaiOptions) -> None:
        """The limits are those of the address and key in `options`."""
        rates = (options.requests_per_minute, options.tokens_per_minute)
        self.seconds = [60 / rate if rate else 0.0 for rate in rates]  # of a request, of a token
        folder = Path(tempfile.gettempdir(), f"mixtura-pace-{os.getuid()}")
        self.path = folder / f"{digest([options.base_url, options.key_env])}.json"
        if any(self.seconds):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def wait(self, tokens: int) -> None:
        """Wait until a request of so many tokens, read and written, may start."""
        if not any(self.seconds):
            return
        with self.path.open("a+") as file:  # closing it frees the lock
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            now = time.time()
            times = json.loads(file.read() or "[0, 0]")
            starts = [max(now, due if due < now + LONGEST else now) for due in times]
            start = max(starts)
            costs = (self.seconds[0], self.seconds[1] * tokens)
            file.truncate(0)
            file.write(json.dumps([start + cost for cost in costs]))
        time.sleep(start - now)
