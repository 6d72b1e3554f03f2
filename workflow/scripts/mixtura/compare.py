"""Two finished studies side by side: what was set otherwise, and what came out otherwise."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.findings import answers
from mixtura.words import describe_arm, interval, markdown_table, measure_name

TABLES = ("findings", "diversity", "shift")
COMPARED = {
    "part": pl.String,  # setting, answer, score, diversity or shift
    "item": pl.String,
    "a": pl.String,
    "b": pl.String,
    "a_value": pl.Float64,
    "b_value": pl.Float64,
}
Study = dict[str, Any]
Told = dict[str, tuple[str, Any]]  # what is said of an item, and its number


def read_study(folder: Path) -> Study:
    """Tables and settings of a finished study. Raises ValueError where it is none."""
    missing = [name for name in TABLES if not (folder / f"tables/{name}.parquet").is_file()]
    if missing:
        raise ValueError(f"{folder} is no finished study: it lacks tables/{missing[0]}.parquet")
    study: Study = {name: pl.read_parquet(folder / f"tables/{name}.parquet") for name in TABLES}
    generation = folder / "tables/generation.parquet"
    study["generation"] = pl.read_parquet(generation) if generation.is_file() else None
    settings = folder / "study.json"
    study["settings"] = json.loads(settings.read_text("utf-8")) if settings.is_file() else {}
    return study


def compare_studies(a: Study, b: Study) -> pl.DataFrame:
    """One row for each thing that both or either have: columns of COMPARED.

    a and b come from `read_study`. Settings are listed where they differ, everything else wherever
    one of the studies has it; a text is null where a study lacks it. Intervals are those of
    each study on its own: seeds and test rows of two studies need not be the same.
    """
    parts: list[tuple[str, Told, Told]] = [
        ("setting", flat_settings(a["settings"]), flat_settings(b["settings"])),
        ("answer", _answers(a), _answers(b)),
        ("score", _scores(a), _scores(b)),
        ("diversity", _measures(a["diversity"]), _measures(b["diversity"])),
        ("shift", _measures(a["shift"]), _measures(b["shift"])),
    ]
    rows = []
    for part, left, right in parts:
        for item in dict.fromkeys([*left, *right]):
            (told_a, value_a), (told_b, value_b) = (
                x.get(item, (None, None)) for x in (left, right)
            )
            if part != "setting" or told_a != told_b:
                rows.append((part, item, told_a, told_b, value_a, value_b))
    return pl.DataFrame(rows, COMPARED, orient="row")


def flat_settings(settings: Any, path: str = "") -> Told:
    """Settings by their dotted path, values as JSON."""
    if isinstance(settings, dict) and settings:
        found: Told = {}
        for key, value in settings.items():
            found |= flat_settings(value, f"{path}.{key}" if path else str(key))
        return found
    return {path: (json.dumps(settings, ensure_ascii=False), None)} if path else {}


def _answers(study: Study) -> Told:
    told = answers(study["findings"], study["generation"])
    return {f"{one.model}, {one.n_real} real rows": (one.head, None) for one in told}


def _scores(study: Study) -> Told:
    found = study["findings"]
    several = found["test"].n_unique() > 1
    return {
        ", ".join(
            [describe_arm(row), row["model"], row["metric"], *([row["test"]] if several else [])]
        ): (interval(row["value"], row["low"], row["high"]), row["value"])
        for row in found.iter_rows(named=True)
    }


def _measures(table: pl.DataFrame) -> Told:
    return {
        f"{row['generator']} {row['pipeline']} {row['level']}, "
        f"{measure_name(row['measure'], row['settings'])}, {row['embedder']}": (
            interval(row["value"], row["low"], row["high"]),
            row["value"],
        )
        for row in table.iter_rows(named=True)
    }


def comparison_text(table: pl.DataFrame, a: str, b: str) -> str:
    """Markdown of a comparison; a and b are what the studies are called."""
    titles = {
        "setting": "Settings that differ",
        "answer": "Answers",
        "score": "Scores",
        "diversity": "Diversity",
        "shift": "Shift from real text",
    }
    parts = [f"# {a} and {b}"]
    for part, title in titles.items():
        rows = table.filter(part=part)
        cells = [[r["item"], r["a"] or "", r["b"] or ""] for r in rows.iter_rows(named=True)]
        body = markdown_table([part, a, b], cells) if cells else "None."
        parts.append(f"## {title}\n\n{body}")
    return "\n\n".join(parts) + "\n"
