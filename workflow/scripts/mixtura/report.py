"""The report: tables, figures and samples in one HTML page that needs nothing else."""

import importlib.metadata
import json
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from mixtura.findings import answers
from mixtura.hypotheses import summary
from mixtura.stats import NO_GAIN, once, without_loop
from mixtura.words import describe_arm, interval, measure_name

SAMPLES = 12  # rows of a set that the page shows
FLOOR = "The dashed line is the noise floor: real against held-out real."
CAPTIONS = {
    "collapse": (
        "Model collapse, round by round",
        "Rounds of training a generator on its own text: score of a model trained on the mix of a "
        "round, perplexity of real text under the tuned generator, and diversity, shift and lost "
        "tail of the text that it wrote; in round 0 it is untuned. Bars are 95 % intervals over "
        f"seeds and texts; each scheme ran once. {FLOOR}",
    ),
    "score-by-level": (
        "Score against the designed level",
        "Every mix beside real data alone (grey line and band). Bars are 95 % intervals.",
    ),
    "score-by-share": (
        "Score against the share of generated rows",
        "One line a level. Grey is real data alone.",
    ),
    "score-by-diversity": (
        "Score against measured diversity",
        "The same scores where the text really lies: one panel a measure, at equal n.",
    ),
    "gain-map": (
        "Gain by number of real and of generated rows",
        "Blue gains over the same real rows alone, red loses; * passes the correction.",
    ),
    "size-interaction": (
        "Gain by level and model",
        "Mean gain over real data alone of the mixes of a level, one line a model. Bars are the "
        "mean bounds of single comparisons.",
    ),
    "cost-by-gain": (
        "What a gain costs",
        "Gain over real data alone against what writing the generated rows took, discarded rows "
        "included.",
    ),
    "shift-by-score": ("Score against shift", f"Does text far from real text score worse? {FLOOR}"),
    "diversity-by-level": (
        "Measured diversity by level",
        "Whether the levels really differ, at equal n.",
    ),
    "shift-by-level": (
        "Shift from real text by level",
        f"How far generated text is from real text, at equal n. {FLOOR}",
    ),
    "rank-agreement": (
        "Do measures order the levels as designed?",
        "+1: just so, -1: the other way round. Lines are 95 % intervals, from 4 levels up.",
    ),
    "measure-correlation": (
        "Do the measures say the same?",
        "Rank correlation of every two measures over all generated sets.",
    ),
    "embedding-map": (
        "Where the texts lie",
        "Real text (grey) and generated text on the two main directions of the real reference, "
        "which are the same for every level.",
    ),
    "curation-funnel": (
        "What became of the generated rows",
        "Rows of every set: kept, or removed at which step.",
    ),
}
NARROW = ("score-by-level", "score-by-share", "cost-by-gain", "curation-funnel")


def render_report(
    template: str,
    *,
    study: dict[str, Any],
    tables: dict[str, pl.DataFrame],
    figures: dict[str, str],
    samples: dict[str, pl.DataFrame],
    removed: dict[str, pl.DataFrame],
    provenance: dict[str, dict[str, Any]],
    absent: Iterable[str] = (),
    times: Iterable[dict[str, Any]] = (),
    versions: dict[str, str] | None = None,
) -> str:
    """HTML of the report. All text is escaped; figures are SVG that this package drew.

    `tables` holds findings, hypotheses, diversity, shift, curation and, where they are known,
    generation and search; `samples` and `removed` map a set ("real", "generator/pipeline/level")
    to its rows; `provenance` says where models come from; `absent` holds a sentence for each
    figure that this study cannot have; `times` has stage, jobs, seconds, longest and memory;
    `versions` those of the packages.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found, tested = tables["findings"], tables["hypotheses"]
    generation = tables.get("generation")
    return environment.from_string(template).render(
        study=study,
        no_gain=NO_GAIN,
        answers=answers(found, generation),
        facts=_facts(study, found),
        scores=_scores(found),
        controlled=found["control_verdict"].drop_nulls().len() > 0,
        hypotheses=[(question, _paragraphs(told)) for question, told in summary(tested)],
        tests=_tests(tested),
        figures=[_figure(name, svg) for name, svg in figures.items()],
        absent=list(absent),
        measures={kind: _measures(tables[kind]) for kind in ("diversity", "shift")},
        curation=tables["curation"].rows(named=True),
        sets=[_set(name, rows, removed.get(name)) for name, rows in samples.items()],
        provenance=provenance,
        generation=[] if generation is None else generation.rows(named=True),
        searched=_searched(tables["search"]) if "search" in tables else [],
        times=list(times),
        versions=versions or {},
    )


def _facts(study: dict[str, Any], found: pl.DataFrame) -> list[tuple[str, Any]]:
    labels = [str(label) for label in (study["task"].get("labels") or {}).values()]
    sets = found.drop_nulls("level").select("generator", "pipeline", "level").unique()
    designed = without_loop(sets)
    return [
        ("task", study["task"]["noun"]),
        *([("labels", ", ".join(labels))] if labels else []),
        ("real labelled rows", ", ".join(map(str, study["designs"]["real"]))),
        ("levels", ", ".join(sorted(designed["level"].unique()))),
        ("generated sets", f"{sets.height} of {study['generate']['n']} rows"),
        ("models", ", ".join(found["model"].unique(maintain_order=True))),
        ("seeds", len(study["seeds"])),
        ("test rows", study["task"]["test"]),
    ]


def _scores(findings: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows by metric and, where there are several, test set."""
    several = findings["test"].n_unique() > 1
    found: dict[str, list[dict[str, Any]]] = {}
    for row in once(findings).iter_rows(named=True):
        title = f"{row['metric']}, {row['test']}" if several else row["metric"]
        told = {
            "arm": describe_arm(row),
            "score": interval(row["value"], row["low"], row["high"]),
            "gain": _signed(row, "difference", "difference_low", "difference_high"),
            "controlled": _signed(row, "control_difference", "control_low", "control_high"),
        }
        found.setdefault(title, []).append({**row, **told})
    return found


def _searched(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Model, setting in words, runs that chose it, runs, and mean development loss of a setting."""
    run = ("arm", "model", "seed", "loss", "chosen")
    values = [name for name in table.columns if name not in run]
    rows = table.group_by("model", *values, maintain_order=True).agg(
        pl.col("chosen").sum(), pl.len().alias("runs"), pl.col("loss").mean()
    )
    return [
        {**row, "setting": ", ".join(f"{name} {row[name]:g}" for name in values if row[name])}
        for row in rows.iter_rows(named=True)
    ]


def _signed(row: dict[str, Any], value: str, low: str, high: str) -> str:
    return interval(row[value], row[low], row[high], sign=True)


def _tests(table: pl.DataFrame) -> list[dict[str, Any]]:
    if table.is_empty():
        return []
    first = table.row(0, named=True)
    shown = table.filter(metric=first["metric"], test=first["test"])
    return [
        {**row, "shown": interval(row["estimate"], row["low"], row["high"])}
        for row in shown.iter_rows(named=True)
    ]


def _paragraphs(told: str) -> Markup:
    """Escaped text, a sentence that starts with a test on a line of its own."""
    lines = re.split(r"(?<=\.) (?=[a-z])", told)
    return Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _figure(name: str, svg: str) -> dict[str, Any]:
    title, caption = CAPTIONS[name]
    named = f'<svg role="img" aria-label="{escape(f"{title}. {caption}")}"'
    inline = svg[svg.index("<svg") :].replace("<svg", named, 1)
    wide = name not in NARROW or 'id="axes_2"' in svg
    return {"title": title, "caption": caption, "svg": Markup(inline), "wide": wide}


def _measures(table: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "set": f"{row['generator']} {row['pipeline']} {row['level']}",
            "name": measure_name(row["measure"], row["settings"]),
            "shown": interval(row["value"], row["low"], row["high"]),
            "shown_floor": interval(row["floor"], row["floor_low"], row["floor_high"])
            if "floor" in row
            else "",
        }
        for row in table.iter_rows(named=True)
    ]


ANSWERS = ("question", "answer", "answers", "context", "prompt", "response")


def _set(name: str, rows: pl.DataFrame, gone: pl.DataFrame | None) -> dict[str, Any]:
    """The first rows by id, which is a hash: no better than the rest."""
    kept = rows.sort("id").head(SAMPLES).rows(named=True)
    several = rows["label"].n_unique() > 1
    return {
        "name": name,
        "rows": [
            {
                "text": row["text"],
                "label": row["label"] if several else None,
                "more": [(key, _plain(row[key])) for key in ANSWERS if row.get(key)],
            }
            for row in kept
        ],
        "gone": 0 if gone is None else gone.height,
        "removed": [] if gone is None else gone.sort("id").head(SAMPLES).rows(named=True),
    }


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


PACKAGES = ("snakemake", "torch", "transformers", "vllm", "peft", "polars", "numpy", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of what it is built on, those that are installed."""
    found = {"python": platform.python_version()}
    for name in ("mixtura", *PACKAGES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def stage_times(folder: Path) -> list[dict[str, Any]]:
    """Wall time of each stage, from Snakemake's benchmark files in `folder`/stage/."""
    rows = []
    for stage in sorted(path for path in folder.glob("*") if path.is_dir()):
        jobs = [json.loads(line) for file in stage.rglob("*.jsonl") for line in file.open()]
        seconds = [job["s"] for job in jobs]
        memory = [job["max_rss"] for job in jobs if isinstance(job["max_rss"], int | float)]
        if jobs:
            rows.append(
                {
                    **{"stage": stage.name, "jobs": len(jobs), "seconds": sum(seconds)},
                    **{"longest": max(seconds), "memory": max(memory, default=None)},
                }
            )
    return sorted(rows, key=lambda row: -row["seconds"])
