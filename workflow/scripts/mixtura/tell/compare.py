"""Two finished studies side by side: what was set otherwise, and what came out otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from mixtura.core.tables import Table, read_table
from mixtura.core.wording import describe_arm, interval, markdown_table, measure_name
from mixtura.infer.replicates import mean_of_draws
from mixtura.tell.findings import answers
from mixtura.tell.tables import TABLES

Items = dict[str, tuple[str, Any]]  # item -> its text and its number


class Compared(Table):
    """Two studies side by side: one row for each thing that both or either have."""

    part = dy.String(description="setting, answer, score, diversity or shift")
    item = dy.String(description="what is compared, in words")
    a = dy.String(nullable=True, description="text of the first study, null where it lacks it")
    b = dy.String(nullable=True, description="text of the second study")
    a_value = dy.Float64(nullable=True, allow_inf=True, description="number behind the text of a")
    b_value = dy.Float64(nullable=True, allow_inf=True, description="number behind the text of b")


class FinishedStudy(NamedTuple):
    """What a finished study found, sets over their draws, and what it was set to."""

    findings: pl.DataFrame
    diversity: pl.DataFrame
    shift: pl.DataFrame
    generation: pl.DataFrame | None
    settings: dict[str, Any]  # study.json


def read_study(folder: Path) -> FinishedStudy:
    """Tables and settings of a finished study. Raises ValueError where it is none."""
    tables = {}
    for name in ("findings", "diversity", "shift", "generation"):
        file = folder / f"tables/{name}.parquet"
        if file.is_file():
            tables[name] = read_table(file, TABLES[name])
        elif name != "generation":
            raise ValueError(f"{folder} is no finished study: it lacks tables/{name}.parquet")
    settings = folder / "study.json"
    return FinishedStudy(
        tables["findings"],
        mean_of_draws(tables["diversity"]),
        mean_of_draws(tables["shift"]),
        mean_of_draws(tables["generation"]) if "generation" in tables else None,
        json.loads(settings.read_text("utf-8")) if settings.is_file() else {},
    )


def compare_studies(a: FinishedStudy, b: FinishedStudy) -> pl.DataFrame:
    """One row for each thing that both or either have: columns of `Compared`.

    Settings are listed where they differ, everything else wherever one of the studies has it; a
    text is null where a study lacks it. Intervals are those of each study on its own: seeds and
    test rows of two studies need not be the same.
    """
    rows: list[tuple[Any, ...]] = [
        ("setting", path, *texts, None, None)
        for path, *texts in differing_settings(a.settings, b.settings)
    ]
    parts: list[tuple[str, Items, Items]] = [
        ("answer", _answers(a), _answers(b)),
        ("score", _scores(a.findings), _scores(b.findings)),
        ("diversity", _measures(a.diversity), _measures(b.diversity)),
        ("shift", _measures(a.shift), _measures(b.shift)),
    ]
    for part, left, right in parts:
        for item in dict.fromkeys([*left, *right]):
            (text_a, value_a), (text_b, value_b) = (
                x.get(item, (None, None)) for x in (left, right)
            )
            rows.append((part, item, text_a, text_b, value_a, value_b))
    return pl.DataFrame(rows, Compared.types(), orient="row")


def differing_settings(
    a: Any, b: Any, path: str = ""
) -> Iterator[tuple[str, str | None, str | None]]:
    """(dotted path, value of a, value of b) where two studies differ, values as JSON.

    A section that one of them lacks is one setting, without the keys that it leaves empty; the
    value of the other is null.
    """
    if a == b:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            inner = f"{path}.{key}" if path else str(key)
            yield from differing_settings(a.get(key), b.get(key), inner)
    else:
        yield path, _written(a), _written(b)


def _written(value: Any) -> str | None:
    return None if value is None else json.dumps(_without_empty(value), ensure_ascii=False)


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_empty(x) for key, x in value.items() if x not in (None, {}, [])}


def _answers(study: FinishedStudy) -> Items:
    return {
        f"{answer.model}, {answer.n_real} real rows": (answer.head, None)
        for answer in answers(study.findings, study.generation)
    }


def _scores(findings: pl.DataFrame) -> Items:
    several = findings["test"].n_unique() > 1
    return {
        ", ".join(
            [describe_arm(row), row["model"], row["metric"], *([row["test"]] if several else [])]
        ): (interval(row["value"], row["low"], row["high"]), row["value"])
        for row in findings.iter_rows(named=True)
    }


def _measures(table: pl.DataFrame) -> Items:
    return {
        f"{row['generator']} {row['pipeline']} {row['level']}, "
        f"{measure_name(row['measure'], row['settings'])}, {row['embedder']}": (
            interval(row["value"], row["low"], row["high"]),
            row["value"],
        )
        for row in table.iter_rows(named=True)
    }


def comparison_text(table: pl.DataFrame, a: str, b: str) -> str:
    """Markdown of a comparison; a and b are what the studies are called.

    The answers stand whole; of the other parts what differs, and how many rows do not.
    """
    titles = {
        "setting": "Settings that differ",
        "answer": "Answers",
        "score": "Scores",
        "diversity": "Diversity",
        "shift": "Shift from real text",
    }
    parts = [f"# {a} and {b}"]
    for part, title in titles.items():
        of_part = table.filter(part=part)
        rows = of_part if part == "answer" else of_part.filter(pl.col("a").ne_missing(pl.col("b")))
        cells = [[r["item"], r["a"] or "", r["b"] or ""] for r in rows.iter_rows(named=True)]
        body = markdown_table([part, a, b], cells) if cells else "None."
        equal = of_part.height - rows.height
        more = f"\n\n{equal} more {'is' if equal == 1 else 'are'} equal in both." if equal else ""
        parts.append(f"## {title}\n\n{body}{more}")
    return "\n\n".join(parts) + "\n"
