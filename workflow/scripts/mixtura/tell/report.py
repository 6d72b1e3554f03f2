"""The report: tables, figures and samples in one HTML page that needs nothing else."""

import importlib.metadata
import json
import platform
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from mixtura.core.wording import describe_arm, interval, listed_words, measure_name, visible
from mixtura.generate.summary import COSTS
from mixtura.infer.parts import mixes_alone, unique_comparisons
from mixtura.infer.replicates import mean_of_draws
from mixtura.tell.answer import answer_lines, answered
from mixtura.tell.captions import CAPTIONS
from mixtura.tell.charts import gain_charts, pools_chart, vega
from mixtura.tell.costs import cost_text
from mixtura.tell.findings import answers
from mixtura.tell.hypotheses import summary
from mixtura.tell.labels import label_rows
from mixtura.tell.matrix import (
    BRACKETS,
    CELLS,
    LEGEND,
    MEANINGS,
    SIGNS,
    gain_cells,
    matrices,
    panels,
)
from mixtura.tell.methods import citations, methods_text
from mixtura.tell.verdicts import READING, ends, evidence, scope_text, verdict_text

OF_SETS = ("diversity", "shift", "curation", "generation")
NARROW = ("score-by-level", "score-by-share", "cost-by-gain", "curation-funnel")


def render_report(
    template: str,
    library: str,
    *,
    study: dict[str, Any],
    tables: dict[str, pl.DataFrame],
    figures: dict[str, str],
    texts: dict[str, Any],
    provenance: dict[str, dict[str, Any]],
    absent: Iterable[str] = (),
    times: Iterable[dict[str, Any]] = (),
    notes: Iterable[str] = (),
    versions: dict[str, str] | None = None,
    left_out: Mapping[str, int] | None = None,
) -> str:
    """HTML of the report. All text is escaped; figures are SVG that this package drew.

    `library` is BibTeX, of which the page shows what the study used. `tables` holds findings,
    hypotheses, surface, diversity, shift, curation and generation and, where they are known,
    search, labels (the gains of each) and alternatives (what they cost), a row for each draw of a
    set; `texts` is what `mixtura.tell.texts.browser` returns; `provenance` says where models come
    from; `absent` holds a sentence for each figure that this study cannot have; `notes` are those
    of `mixtura.tell.caveats`; `times` has stage, jobs, seconds, longest and memory; `versions`
    those of the packages; `left_out` counts the rows of the data that are in no split, by reason.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    findings, tests, written = (tables[name] for name in ("findings", "hypotheses", "generation"))
    means = {name: mean_of_draws(tables[name]) for name in OF_SETS}
    cells = gain_cells(findings)
    of_answer = answered(tables["surface"])
    first = {title for title, part in panels(cells) if part.filter(**of_answer).height}
    charts = dict(gain_charts(cells))
    pools = {
        title: chart
        for title, name in (("Diversity", "diversity"), ("Shift from real text", "shift"))
        if (chart := pools_chart(mixes_alone(tables[name])))
    }
    names = {title: f"chart-{place}" for place, title in enumerate([*charts, *pools])}
    return environment.from_string(template).render(
        study=study,
        lines=answer_lines(findings, tests, tables["surface"], tables.get("alternatives")),
        metric=findings["metric"][0],
        legend=LEGEND,
        signs=MEANINGS.items(),
        brackets=BRACKETS,
        cells=CELLS,
        cost=cost_text(_total(written)),
        question=_question(study),
        charts=[(title, names[title]) for title in charts if title in first],
        more_charts=[(title, names[title]) for title in charts if title not in first],
        pools=[(title, names[title]) for title in pools],
        specs={names[title]: chart for title, chart in (charts | pools).items()},
        matrices=_matrices(cells),
        scope=_plain_markdown(scope_text(findings, "generated" in study["replicates"]["share"])),
        reading=_plain_markdown(READING),
        answers=answers(findings, means["generation"]),
        facts=_facts(study, findings, left_out or {}),
        scores=_scores(findings),
        labels=label_rows(tables["labels"]) if "labels" in tables else [],
        controlled=findings["control_verdict"].drop_nulls().len() > 0,
        hypotheses=[(question, _paragraphs(answer)) for question, answer in summary(tests)],
        tests=_tests(tests),
        figures=[_figure(name, svg) for name, svg in figures.items()],
        absent=list(absent),
        measures={kind: _measures(means[kind]) for kind in ("diversity", "shift")},
        curation=means["curation"].rows(named=True),
        texts=texts,
        provenance=provenance,
        generation=means["generation"].rows(named=True),
        searched=_searched(tables["search"]) if "search" in tables else [],
        times=list(times),
        notes=[note.replace("`", "") for note in notes],
        versions=versions or {},
        methods=methods_text(study, findings, tables["curation"], versions or {}),
        citations=citations(study, library),
        library=Markup(vega()),
    )


def _total(generation: pl.DataFrame) -> dict[str, float | None]:
    """COSTS of all sets together, those that are known."""
    known = [name for name in COSTS if generation[name].count()]
    return {name: float(generation[name].sum()) for name in known}


def _matrices(cells: pl.DataFrame) -> list[dict[str, Any]]:
    """Title, amounts and rows of cells of every panel of the gains."""
    return [
        {
            "title": title,
            "amounts": amounts,
            "rows": [
                (real, [None if cell is None else _cell(cell) for cell in line])
                for real, line in lines
            ],
        }
        for title, amounts, lines in matrices(cells)
    ]


def _cell(row: dict[str, Any]) -> dict[str, str]:
    return {
        "state": row["state"],
        "sign": SIGNS[row["state"]],
        "gain": f"{row['difference']:+.3f}",
        "interval": ends(row["simultaneous_low"], row["simultaneous_high"]),
        "title": f"{row['state']}: {verdict_text(row['verdict'], row['bound'])}",
    }


def _question(study: dict[str, Any]) -> str:
    real = listed_words([str(rows) for rows in study["designs"]["real"]])
    return (
        f"Beside {real} real labelled rows ({study['task']['noun']}): how diverse should generated "
        "text be, and how much of it, before training gains no more?"
    )


def _facts(
    study: dict[str, Any], findings: pl.DataFrame, left_out: Mapping[str, int]
) -> list[tuple[str, Any]]:
    left = [f"{rows} {reason}" for reason, rows in left_out.items() if rows]
    labels = [str(label) for label in (study["task"].get("labels") or {}).values()]
    sets = findings.drop_nulls("level").select("generator", "pipeline", "level").unique()
    designed = mixes_alone(sets)
    return [
        ("task", study["task"]["noun"]),
        *([("labels", ", ".join(labels))] if labels else []),
        *([("rows of the data left out", ", ".join(left))] if left else []),
        ("real labelled rows", ", ".join(map(str, study["designs"]["real"]))),
        ("levels", ", ".join(sorted(designed["level"].unique()))),
        ("generated sets", f"{sets.height} of {study['generate']['n']} rows"),
        ("models", ", ".join(findings["model"].unique(maintain_order=True))),
        ("evidence", evidence(findings)),
        ("test rows", _test_rows(study["task"]["test"]["folds"], findings)),
    ]


def _test_rows(folds: int | None, findings: pl.DataFrame) -> str:
    rows = f"{findings['n'][0]:,}"
    return f"{rows}, in {folds} folds: no training of a replicate has its fold" if folds else rows


def _scores(findings: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows by metric and, where there are several, test set."""
    several = findings["test"].n_unique() > 1
    scores: dict[str, list[dict[str, Any]]] = {}
    for row in unique_comparisons(findings).iter_rows(named=True):
        title = f"{row['metric']}, {row['test']}" if several else row["metric"]
        cells = {
            "arm": describe_arm(row),
            "score": interval(row["value"], row["low"], row["high"]),
            "gain": _signed(row, "difference", "difference_low", "difference_high"),
            "together": ends(row["simultaneous_low"], row["simultaneous_high"]),
            "verdict_text": verdict_text(row["verdict"], row["bound"]),
            "controlled": ends(row["control_simultaneous_low"], row["control_simultaneous_high"]),
            "control_text": verdict_text(row["control_verdict"], row["control_bound"]),
        }
        scores.setdefault(title, []).append({**row, **cells})
    return scores


def _searched(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Model, setting in words, runs that chose it, runs, and mean development loss of a setting."""
    run = ("arm", "model", "replicate", "seed", "loss", "chosen")
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


def _paragraphs(answer: str) -> Markup:
    """Escaped text, a sentence that starts with a test on a line of its own."""
    lines = re.split(r"(?<=\.) (?=[a-z])", answer)
    return Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _figure(name: str, svg: str) -> dict[str, Any]:
    title, caption = CAPTIONS[name]
    opening = f'<svg role="img" aria-label="{escape(f"{title}. {caption}")}"'
    inline = svg[svg.index("<svg") :].replace("<svg", opening, 1)
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


def _plain_markdown(text: str) -> str:
    return text.replace("*", "")


PACKAGES = (
    "snakemake",
    "torch",
    "transformers",
    "trl",
    "vllm",
    "peft",
    "polars",
    "numpy",
    "scikit-learn",
)


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of what it is built on, those that are installed."""
    installed = {"python": platform.python_version()}
    for name in ("mixtura", *PACKAGES):
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


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
