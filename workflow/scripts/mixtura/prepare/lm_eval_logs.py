"""Logs of lm-eval: samples_TASK_DATE.jsonl, which it writes with --log_samples."""

import json
import re
from collections.abc import Iterator, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.prepare.documents import json_records
from mixtura.prepare.score_table import LogRow, score_frame
from mixtura.prepare.settings import ScoreColumns

NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+\d)\.jsonl")


def lm_eval_scores(
    text: str, file: Path, columns: ScoreColumns, empty: bool = False
) -> pl.DataFrame:
    """Scores of the items of one task as `ItemScores`; the system is the folder's name.

    An item is named by its place and the first digits of its hash: other data is another item. A
    metric of another filter than `none` is named METRIC,FILTER, as in lm-eval. Which metrics are
    better when smaller is in lm-eval's summary beside the log. Raises ValueError where no metric
    is a number for each item, unless the frame may be `empty`.
    """
    name = NAME.match(file.name)
    task = name["task"] if name else file.name.split(".")[0]
    rows: list[LogRow] = []
    paired: set[str] = set()
    metrics: set[str] = set()
    for number, record in enumerate(json_records(text.split("\n"), file), start=1):
        item = f"{record['doc_id']} {str(record.get('doc_hash', ''))[:8]}".strip()
        group = _group(record, columns.group, file, number)
        for metric, value in _metrics(record):
            metrics.add(metric)
            if columns.scores and metric not in columns.scores:
                continue
            if isinstance(value, Real):
                rows.append((task, metric, item, group, float(value)))
            else:
                paired.add(metric)
    if missing := sorted(set(columns.scores) - metrics):
        raise ValueError(
            f"{file}: no metric {missing[0]!r}; metrics are: {', '.join(sorted(metrics))}"
        )
    if not rows and not empty:
        raise ValueError(
            f"{file}: {', '.join(sorted(paired)) or 'no metric'} is no number for each item, but "
            "of all together; give a task with a score for each, such as acc or exact_match"
        )
    return score_frame(rows, file.parent.name or None, _lower(file, task, name))


def _metrics(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The metrics of an item by name."""
    filter_name = record.get("filter", "none")
    for metric in record.get("metrics", []):
        yield metric if filter_name == "none" else f"{metric},{filter_name}", record[metric]


def _group(record: Mapping[str, Any], key: str | None, file: Path, number: int) -> str | None:
    """The value of a key of the item, in words."""
    if key is None:
        return None
    doc = record["doc"] if isinstance(record["doc"], dict) else {}
    if key not in doc:
        raise ValueError(
            f"{file}: line {number}: its doc has no {key!r} to group by; it has: {', '.join(doc)}"
        )
    return str(doc[key])


def _lower(file: Path, task: str, name: re.Match[str] | None) -> dict[str, bool]:
    """Metric -> whether smaller is better, of the summary of the same run, if it is there."""
    summary = file.with_name(f"results_{name['date']}.json") if name else file
    if not name or not summary.is_file():
        return {}
    higher = json.loads(summary.read_text("utf-8")).get("higher_is_better", {}).get(task, {})
    return {metric: not better for metric, better in higher.items()}
