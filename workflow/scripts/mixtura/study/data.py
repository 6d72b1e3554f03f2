"""What the data of a study hold, found before any job runs: labels, and rows of each."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from mixtura.core.code import code_digest
from mixtura.core.contents import Contents, files_of
from mixtura.core.digest import digest
from mixtura.core.files import whole
from mixtura.prepare.ranks import label_ranks
from mixtura.prepare.settings import Kind, TaskSettings
from mixtura.prepare.sources import DATA_PACKAGES
from mixtura.study.base import ConfigError
from mixtura.study.task import KEYS, Data, Task

if TYPE_CHECKING:
    import polars as pl

READ_BYTES = 200_000_000  # larger data are read by their job alone, not at every parse
MEMORY = "results/.reading"  # what was found in files, so that each is read once

T = TypeVar("T")
Counts = dict[str, int]  # label word -> rows


def with_learnt_labels(config: dict[str, Any]) -> dict[str, Any]:
    """`config` with the labels that its data hold, where it names none.

    Where the data cannot be read before the study runs, or the section is wrong, it stays as it is
    and the check of the whole configuration says why. Raises ConfigError for data without labels.
    """
    task = config.get("task")
    if not isinstance(task, dict) or task.get("labels") is not None:
        return config
    kind = task.get("kind", "classification")
    if kind not in ("classification", "multilabel"):
        return config
    try:
        data = Data.model_validate(task.get("data"))
    except ValidationError:
        return config
    if data.package:
        labels = {word: word for word in sorted(DATA_PACKAGES[data.package].rows)}
    elif readable(data):
        labels = _remembered(["labels", kind, data.to_json()], [data], lambda: _labels(data, kind))
    else:
        return config
    if task.get("ordered") and kind == "classification" and not label_ranks(labels):
        raise ConfigError("task.labels: missing; task.ordered needs them in their order")
    return {**config, "task": {**task, "labels": labels}}


def rows_of_sides(task: Task) -> dict[str, Counts]:
    """Of `data` and each side of the task, the rows of each label word after reading.

    Near-copies count once, where they stand in the end. Data that only a job can read are left
    out. Raises ConfigError for what reading refuses.
    """
    known = {name: _of_package(task, data) for name, data in task.files.items() if data.package}
    files = {name: data for name, data in task.files.items() if readable(data)}
    if files:
        readings = {name: _reading_of(task, name).to_json() for name in files}
        what = ["rows", readings]
        known |= _remembered(what, list(files.values()), lambda: _counts(task, files))
    return {name: _of_words(task, name, counts) for name, counts in known.items()}


def rows_of_words(task: Task, data: Data, key: str) -> Counts | None:
    """Rows of each label word of another test set; none where only a job can read it.

    `key` is that of the data in the configuration. Raises ConfigError for what reading refuses.
    """
    if data.package:
        return _of_package(task, data)
    if not readable(data):
        return None
    reading = task.reading(data)

    def counts() -> dict[str, Counts]:
        with _errors_of(key):
            return {"": _label_counts(_rows(reading))}

    counted = _remembered(["rows", reading.to_json()], [data], counts)[""]
    return dict.fromkeys(task.words, 0) | counted


def passages(task: Task) -> int | None:
    """Different passages of the data; none where only a job can read them, or there are none."""
    if task.kind != "qa" or not readable(task.data):
        return None
    reading = task.reading(task.data)

    def count() -> int:
        with _errors_of(KEYS["data"]):
            return _rows(reading)["context"].n_unique()

    return _remembered(["passages", reading.to_json()], [task.data], count)


def row_characters(task: Task) -> float | None:
    """Mean characters of a row with its context; none where only a job can read the data."""
    if not readable(task.data):
        return None
    reading = task.reading(task.data)

    def mean() -> float:
        with _errors_of(KEYS["data"]):
            rows = _rows(reading)
        texts = [rows[name].str.len_chars() for name in ("text", "context") if name in rows.columns]
        return float(sum(column.sum() for column in texts)) / max(rows.height, 1)

    return _remembered(["characters", reading.to_json()], [task.data], mean)


def readable(data: Data) -> bool:
    """Whether the data are a file or saved data set that is read before any job runs."""
    path = Path(data.path or "")
    saved = any((path / name).is_file() for name in ("state.json", "dataset_dict.json"))
    if not data.path or not (path.is_file() or saved):
        return False
    return sum(file.stat().st_size for file in files_of(path)) < READ_BYTES


def _of_package(task: Task, data: Data) -> Counts:
    counts = dict.fromkeys(task.words, 0)
    for value, rows in DATA_PACKAGES[str(data.package)].rows.items():
        if task.labels and value in task.labels:
            counts[task.labels[value]] += rows
    return counts


def _of_words(task: Task, name: str, counts: Counts) -> Counts:
    return counts if name == "unlabelled" else dict.fromkeys(task.words, 0) | counts


def _reading_of(task: Task, name: Any) -> TaskSettings:
    return task.reading(task.data) if name == "data" else task.reading_of(name)


def _labels(data: Data, kind: Kind) -> dict[str, str]:
    from mixtura.prepare.columns import naming_file
    from mixtura.prepare.fetch import fetch_frame
    from mixtura.prepare.label_sets import task_labels

    with _errors_of("task.data"):
        frame = fetch_frame(data)
        with naming_file(data.path):
            return task_labels(frame, kind, data.label, data.label_separator)


def _counts(task: Task, files: Mapping[str, Data]) -> dict[str, Counts]:
    import polars as pl

    from mixtura.prepare.copies import with_originals

    parts = []
    for name in files:
        with _errors_of(KEYS[name]):
            rows = _rows(_reading_of(task, name)).with_columns(
                id=pl.format("{} {}", pl.lit(name), "id")
            )
        parts.append(rows.with_columns(side=pl.lit(None if name == "data" else name, pl.String)))
    rows = with_originals(pl.concat(parts, how="diagonal"))
    first = rows.filter(pl.col("id") == pl.col("original"))  # near-copies fill no split
    return {
        name: _label_counts(first.filter(pl.col("side").fill_null("data") == name))
        for name in files
    }


def _rows(settings: TaskSettings) -> "pl.DataFrame":
    from mixtura.prepare.fetch import fetch_rows

    return fetch_rows(settings).rows


def _label_counts(rows: "pl.DataFrame") -> Counts:
    return dict(rows["label"].value_counts().iter_rows())


@contextmanager
def _errors_of(key: str) -> Iterator[None]:
    """What reading refuses is an error of the data with this key."""
    from polars.exceptions import PolarsError

    from mixtura.prepare.columns import ColumnError

    try:
        yield
    except ColumnError as error:
        raise ConfigError(f"{key}.{error}") from None
    except (ValueError, OSError, PolarsError) as error:
        raise ConfigError(f"{key}: {error}") from None


def _remembered(what: Sequence[object], files: Sequence[Data], find: Callable[[], T]) -> T:
    """What `find` finds in files, remembered until their bytes or the question change."""
    contents = Contents()
    name = digest(
        [*what, [contents.digest(data.path) for data in files], code_digest("task.py")], 16
    )
    memory = Path(MEMORY, f"{name}.json")
    if memory.is_file():
        remembered: T = json.loads(memory.read_text(encoding="utf-8"))
        return remembered
    result = find()
    with suppress(OSError), whole(memory) as file:  # where nothing can be written, read again
        file.write_text(json.dumps(result), encoding="utf-8")
    return result
