"""Scores of systems, item by item: of logs of lm-eval and Inspect, and of tables."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from mixtura.prepare.files import JSON_LINES, read_rows, suffix
from mixtura.prepare.inspect_logs import inspect_scores, read_eval
from mixtura.prepare.lm_eval_logs import lm_eval_scores
from mixtura.prepare.score_table import table_scores
from mixtura.prepare.settings import ScoreColumns
from mixtura.prepare.streams import read_text

LOGS = ("samples_*.jsonl*", "*.eval")  # in a folder


def read_item_scores(
    sources: Sequence[tuple[str | None, Path]], columns: ScoreColumns | None = None
) -> pl.DataFrame:
    """Scores of all sources: the columns of `mixtura.prepare.tables.ItemScores`.

    A source is the name of a system and a file, or a folder with logs. Without a name it is that
    of the column `model`, of the folder, of the log's model or of the file. Logs and files of one
    system that do not say their seed are its runs 0, 1, ... Raises ValueError that names the
    file, the row, the column and what to do.
    """
    columns = columns or ScoreColumns()
    count: Counter[tuple[str, str]] = Counter()
    paths: dict[str, Path] = {}
    parts = []
    for name, path in sources:
        for file in _log_files(path, named=name is not None):
            frame = _read(file, columns)
            several = frame["system"].n_unique() > 1
            label = name or (path.name if path.is_dir() else frame["system"][0] or file.stem)
            if name is None and not several and paths.setdefault(label, path) != path:
                raise ValueError(
                    f"{paths[label]} and {path} are both called {label}: give each a name, as in "
                    f"a={paths[label]} b={path}; sources of one name are runs of one system"
                )
            if not several:
                frame = frame.with_columns(system=pl.lit(label))
            elif name is not None:
                frame = frame.with_columns(system=pl.format("{} {}", pl.lit(name), "system"))
            for part in frame.partition_by("system", "task", maintain_order=True):
                key = part["system"][0], part["task"][0]
                parts.append(part.with_columns(pl.col("seed").fill_null(count[key])))
                count[key] += 1
    table = pl.concat(parts)
    metrics = table["metric"].unique(maintain_order=True).to_list()
    if unknown := sorted(set(columns.lower) - set(metrics)):
        raise ValueError(f"lower: no metric {unknown[0]!r}; metrics are: {', '.join(metrics)}")
    return table.with_columns(lower=pl.col("lower") | pl.col("metric").is_in(columns.lower))


def _log_files(path: Path, named: bool) -> list[Path]:
    """The file itself, or the logs in a folder by their names: of lm-eval by task and time.

    Logs of several models are runs of one system only where a person gives it a name.
    """
    if not path.is_dir():
        return [path]
    files = sorted({f for pattern in LOGS for f in path.rglob(pattern)}, key=lambda f: f.name)
    if not files:
        raise ValueError(
            f"{path} holds no log of items: lm-eval writes samples_TASK_DATE.jsonl with "
            "--log_samples, Inspect writes NAME.eval (give a log in .json by its file)"
        )
    models = sorted({f.parent.name for f in files if f.name.startswith("samples_")})
    if len(models) > 1 and not named:
        raise ValueError(
            f"{path} holds logs of {', '.join(models)}: give each as NAME=FOLDER, or "
            f"NAME={path} where they are runs of one system"
        )
    return files


def _read(file: Path, columns: ScoreColumns) -> pl.DataFrame:
    """Scores of one file; `system` and `seed` are null where it does not say."""
    kind = suffix(file)
    if kind == ".eval":
        return inspect_scores(read_eval(file), file, columns)
    if kind in (*JSON_LINES, ".json"):
        text = read_text(file)
        first = _first_value(text)
        if isinstance(first, dict) and {"doc_id", "doc"} <= first.keys():
            return lm_eval_scores(text, file, columns)
        if isinstance(first, dict) and {"eval", "samples"} <= first.keys():
            return inspect_scores(first, file, columns)
        if isinstance(first, dict) and {"results", "configs"} <= first.keys():
            raise ValueError(
                f"{file} is lm-eval's summary and has no items: run lm-eval with --log_samples and "
                "give samples_TASK_DATE.jsonl, or the folder of both"
            )
    return table_scores(read_rows(file), file, columns)


def _first_value(text: str) -> object:
    """The first value of a text of JSON, None where there is none."""
    try:
        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    except json.JSONDecodeError:
        return None
