"""Finished shards by what their text depends on: text that is paid for is never bought twice.

Snakemake runs a shard again when a file before it is written anew, with the same bytes or not.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mixtura.core.digest import digest
from mixtura.core.files import copy_file, whole


class ShardStore:
    """Copies of the tables of finished shards. `folder` is that of the study, none keeps nothing.

    `inputs` is what all shards of the job depend on beside their settings.
    """

    def __init__(self, folder: Path | None, *inputs: object) -> None:
        self.folder, self.inputs = folder, inputs

    def take(self, settings: str, files: Sequence[Path]) -> dict[str, Any] | None:
        """Write the tables of a shard to `files`, and return its counts; None where it is new."""
        if not (entry := self._entry(settings)):
            return None
        with suppress(OSError, ValueError):
            counts: dict[str, Any] = json.loads((entry / "counts.json").read_text("utf-8"))
            for place, file in enumerate(files):
                with whole(file) as beside:
                    copy_file(entry / f"{place}.parquet", beside)
            return counts
        return None

    def put(self, settings: str, files: Sequence[Path], counts: Mapping[str, Any]) -> None:
        """Keep the tables of a shard, the counts last: without them an entry is none."""
        if entry := self._entry(settings):
            for place, file in enumerate(files):
                with whole(entry / f"{place}.parquet") as beside:
                    copy_file(file, beside)
            with whole(entry / "counts.json") as beside:
                beside.write_text(json.dumps(counts), "utf-8")

    def _entry(self, settings: str) -> Path | None:
        return self.folder / digest([settings, *self.inputs], 16) if self.folder else None
