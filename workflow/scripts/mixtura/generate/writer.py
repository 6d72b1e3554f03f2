"""Shards as files: what the rules generate and top_up share."""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.contents import content_digest
from mixtura.core.digest import digest
from mixtura.core.sums import added
from mixtura.core.tables import read_table, write_table
from mixtura.generate.backends import open_backend
from mixtura.generate.backends.base import Backend
from mixtura.generate.checks import check_leaks, check_shard, shared_opening
from mixtura.generate.settings import GenerateRunning, GenerateSettings
from mixtura.generate.shard import count_rows, generate_shard, shard_about, split_rows
from mixtura.generate.store import ShardStore
from mixtura.generate.tables import Generated, Rejected


class ShardWriter:
    """Writes shards of one level; the model is loaded with the first, `stats` add up."""

    def __init__(
        self,
        settings: GenerateSettings,
        running: GenerateRunning,
        model: str | None,
        examples: pl.DataFrame,
        lines: Sequence[str] | None,
        resume: Path,
        say: Callable[[str], None],
        store: Path | None = None,
        code: str = "",
    ) -> None:
        """`settings` are those of any shard; the rest as in `open_backend`, `generate_shard`.

        `store` has the shards that the study finished, `code` is the digest of what writes them.
        """
        self.settings, self.running, self.model = settings, running, model
        self.examples, self.lines = examples, lines
        self.resume, self.say = resume, say
        weights = content_digest(Path(model)) if store and model else None
        shown = digest(examples.rows()) if store else None
        self.store = ShardStore(store, code, weights, shown, list(lines or []))
        self.stats: dict[str, Any] = {}

    @cached_property
    def backend(self) -> Backend:
        """The engine with its model loaded, once it is clear that rows will not be removed."""
        for message in check_leaks(self.examples, self.running.leaks):
            self.say(message)
        start = time.monotonic()
        backend = open_backend(
            self.settings.generator,
            self.model,
            self.running,
            self.settings.precision,
            self.resume,
        )
        self.stats["load_seconds"] = round(time.monotonic() - start, 3)
        return backend

    def write(self, number: int, accepted: str | Path, rejected: str | Path) -> pl.DataFrame:
        """Write the rows of a shard that parse, which come back, and the others.

        Raises ValueError where the completions will not do (`check_shard`).
        """
        settings = self.settings.shard(number)
        files = Path(accepted), Path(rejected)
        if counts := self.store.take(settings.to_json(), files):
            self.say(f"shard {number} was written before, after the same prompts: its text stays")
            self.stats = added(self.stats, counts)
            return read_table(accepted, Generated)
        rows, seconds = generate_shard(
            settings, self.examples, self.lines, self.backend, self.resume, self.say
        )
        check_shard(rows, self.running.least_parsed, settings.generator.sampling)
        if opening := shared_opening(rows):
            self.say(opening)
        about = shard_about(settings, rows, self.backend, self.model)
        parsed, others = split_rows(rows)
        write_table(parsed, accepted, Generated, **about)
        write_table(others, rejected, Rejected, empty=True, **about)
        counts = {"generate_seconds": seconds, **count_rows(rows)}
        self.store.put(settings.to_json(), files, counts)
        self.stats = added(self.stats, counts)
        return parsed
