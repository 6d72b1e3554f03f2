"""Logs of Inspect: NAME.eval, a zip of JSON, or the same as one JSON document."""

import json
import math
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from mixtura.prepare.score_table import LogRow, score_frame
from mixtura.prepare.settings import ScoreColumns

GRADES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}  # correct, incorrect, partly, no answer
ZSTANDARD = 93  # a method of zip that Python reads from 3.14 on


def read_eval(file: Path) -> dict[str, Any]:
    """What is needed of a file NAME.eval: `status`, `eval` and `samples`.

    Raises ValueError where it is no log, or one that was not written to its end.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            header = json.loads(_member(archive, "header.json"))
            samples = json.loads(_member(archive, "summaries.json"))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{file} is no finished log of Inspect ({error}); `inspect eval-retry` finishes one"
        ) from None
    return {**header, "samples": samples}


def inspect_scores(log: Mapping[str, Any], file: Path, columns: ScoreColumns) -> pl.DataFrame:
    """Scores of the items of a log as `ItemScores`; the system is the log's model.

    An item's epochs are averaged: they repeat it and are no other systems. Of a scorer with several
    values each is a metric SCORER/VALUE. A sample without a score has no row. Raises ValueError
    where the evaluation failed or nothing was scored.
    """
    if log.get("status") != "success":
        raise ValueError(
            f"{file}: the evaluation has status {log.get('status')!r}; `inspect eval-retry` "
            "finishes it"
        )
    epochs: dict[tuple[str, str, str | None], list[float]] = {}
    metrics: set[str] = set()
    for sample in log["samples"] or []:
        group = _group(sample, columns.group, file)
        for metric, value in _values(sample):
            metrics.add(metric)
            if not columns.scores or metric in columns.scores:
                epochs.setdefault((metric, str(sample["id"]), group), []).append(value)
    if missing := sorted(set(columns.scores) - metrics):
        raise ValueError(
            f"{file}: no score {missing[0]!r}; scores are: {', '.join(sorted(metrics))}"
        )
    if not epochs:
        raise ValueError(f"{file}: no sample has a score that is a number or a grade")
    about = log["eval"]
    rows: list[LogRow] = [
        (str(about["task"]), metric, item, group, sum(values) / len(values))
        for (metric, item, group), values in epochs.items()
    ]
    return score_frame(rows, str(about["model"]).replace("/", "__"))


def _values(sample: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The scores of a sample that are numbers, by name."""
    for scorer, score in (sample.get("scores") or {}).items():
        value = score["value"]
        several = value.items() if isinstance(value, dict) else [(None, value)]
        for name, single in several:
            number = GRADES.get(single) if isinstance(single, str) else single
            if isinstance(number, int | float) and math.isfinite(number):
                yield scorer if name is None else f"{scorer}/{name}", float(number)


def _group(sample: Mapping[str, Any], key: str | None, file: Path) -> str | None:
    if key is None:
        return None
    metadata = sample.get("metadata") or {}
    if key not in metadata:
        raise ValueError(
            f"{file}: the metadata of sample {sample['id']!r} has no {key!r} to group by; it has: "
            f"{', '.join(metadata) or 'nothing'}"
        )
    return str(metadata[key])


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a member; those of Zstandard by pyarrow, from behind the member's own header."""
    about = archive.getinfo(name)
    if about.compress_type != ZSTANDARD:
        return archive.read(name)
    assert archive.fp is not None  # it is open
    archive.fp.seek(about.header_offset + 26)
    name_length, extra_length = struct.unpack("<HH", archive.fp.read(4))
    archive.fp.seek(name_length + extra_length, 1)
    packed = pa.BufferReader(archive.fp.read(about.compress_size))
    data: bytes = pa.CompressedInputStream(packed, "zstd").read()
    return data
