"""The findings in words and tables: what intervals allow to say, and no more."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

import polars as pl

from mixtura.core.wording import (
    describe_arm,
    interval,
    markdown_table,
    measure_name,
    visible,
)
from mixtura.generate.summary import COSTS
from mixtura.infer.parts import mixes_alone, unique_comparisons
from mixtura.infer.recommend import recommend
from mixtura.infer.results import Results
from mixtura.infer.settings import TrainingLength
from mixtura.infer.verdicts import GAIN, LOSS, NO_GAIN
from mixtura.tell.alternatives import alternatives_text
from mixtura.tell.answer import answer_lines
from mixtura.tell.costs import arm_costs, cost_text
from mixtura.tell.hypotheses import summary
from mixtura.tell.labels import labels_text
from mixtura.tell.lengths import lengths_text
from mixtura.tell.matrix import matrices_text
from mixtura.tell.shown import shown_text
from mixtura.tell.surface import surface_text
from mixtura.tell.verdicts import READING, ends, evidence, scope_text, verdict_text


def findings_text(
    results: Results,
    diversity: pl.DataFrame,
    shift: pl.DataFrame,
    generation: pl.DataFrame | None = None,
    lm_eval: pl.DataFrame | None = None,
    lengths: Mapping[str, TrainingLength] | None = None,
    shared: bool = False,
    notes: Sequence[str] = (),
    alternatives: pl.DataFrame | None = None,
    similarity: pl.DataFrame | None = None,
) -> str:
    """Markdown: the answer, the matrices of gains, then every arm, measure and test.

    The frames are tables with one row for the draws of a set
    (`mixtura.infer.replicates.mean_of_draws`), `lm_eval` the results of lm-eval of a study with a
    model that asks for them; `lengths` how long models train; `shared` whether all replicates have
    the generated text of one of them; `notes` are paragraphs of `mixtura.tell.caveats`.
    `alternatives` says what those to generated text cost, `similarity` how much the sets of several
    generators are alike.
    """
    findings, hypotheses, surface, labels, collapse, tasks = results
    shown, *others = _by_test(unique_comparisons(findings))
    lines = answer_lines(findings, hypotheses, surface, alternatives)
    matrices = matrices_text(findings)
    single = [answer_text(answer) for answer in answers(findings, generation)]
    text = "\n\n".join(
        [
            "# Findings",
            "\n".join(f"- **{question}:** {answer}" for question, answer in lines),
            scope_text(findings, shared),
            *([matrices] if matrices else []),
            *surface_text(surface),
            *(["## Single mixes, at each number of real rows", *single] if single else []),
            *alternatives_text(findings, alternatives),
            *([lengths_text(lengths)] if lengths else []),
            *shown_text(findings),
            *notes,
            *map(_scores, [shown, *others]),
            *labels_text(labels),
            *([] if collapse is None else [_collapse(collapse)]),
            *([] if lm_eval is None else [_lm_eval(lm_eval, findings, tasks)]),
            "## Hypotheses",
            "\n".join(f"- **{question}** {answer}" for question, answer in summary(hypotheses)),
            "## Diversity",
            _measures(diversity),
            *([] if similarity is None else _similarity(similarity)),
            "## Shift from real text, beside its noise floor (real against held-out real)",
            _measures(shift),
            READING,
            "",
        ]
    )
    return visible(text)


def _collapse(table: pl.DataFrame) -> str:
    # Imported by name: a change of its code reruns nothing in a study without a loop.
    text: str = import_module("mixtura.tell.loop").collapse_text(table)
    return text


def _by_test(findings: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of the first metric, those of the task's own test split first."""
    rows = findings.filter(metric=findings["metric"][0])
    return [part for _, part in rows.group_by("test", maintain_order=True)]


def _scores(shown: pl.DataFrame) -> str:
    test = shown["test"][0]
    where = "" if test == "test" else f" on {test}, another domain"
    return f"## Scores{where} {_compared(shown)}"


def _compared(shown: pl.DataFrame) -> str:
    """What findings rest on, in brackets, and their table."""
    metric = shown["metric"][0]
    first = shown.row(0, named=True)
    groups = f" in {first['groups']} groups" if (first["groups"] or first["n"]) < first["n"] else ""
    caption = f"{metric} on {first['n']} test rows{groups}, {evidence(shown)}"
    controlled = shown["control_verdict"].drop_nulls().len() > 0
    rows = []
    for row in shown.iter_rows(named=True):
        cells = [
            describe_arm(row),
            str(row["model"]),
            interval(row["value"], row["low"], row["high"]),
            interval(row["difference"], row["difference_low"], row["difference_high"], sign=True),
            ends(row["simultaneous_low"], row["simultaneous_high"]),
            "" if row["p_step_down"] is None else f"{row['p_step_down']:.3f}",
            verdict_text(row["verdict"], row["bound"])
            or ("baseline" if row["design"] == "real-only" else "control"),
        ]
        if controlled:
            change = ends(row["control_simultaneous_low"], row["control_simultaneous_high"])
            cells += [change, verdict_text(row["control_verdict"], row["control_bound"])]
        rows.append(cells)
    heads = ["trained on", "model", metric, "against real alone", "simultaneous", "p", "verdict"]
    heads += ["against its control, simultaneous", "verdict"] if controlled else []
    return f"({caption})\n\n{markdown_table(heads, rows)}"


def answer_text(answer: "Answer") -> str:
    """An answer in one Markdown paragraph."""
    cost = f" Writing them cost {answer.cost}." if answer.cost else ""
    return f"**{answer.model}, {answer.n_real} real rows: {answer.head}** {answer.sure}{cost}"


class Answer(NamedTuple):
    """What to use for one model and number of real labels, and what that rests on."""

    model: str
    n_real: int
    head: str
    sure: str
    recommended: bool
    cost: str  # empty where nothing is known, or nothing is recommended


def answers(findings: pl.DataFrame, generation: pl.DataFrame | None = None) -> list[Answer]:
    """The answer for each downstream model and number of real labels, on the first metric.

    generation is the table of what the sets cost, if it is known.
    """
    shown = unique_comparisons(mixes_alone(_by_test(findings)[0]))
    costs = None
    if generation is not None:
        costs = arm_costs(shown, generation)[0].select("arm", *COSTS).unique("arm")
    return [
        _answer(shown, model, n_real, costs)
        for model in shown["model"].unique(maintain_order=True)
        for n_real in shown.filter(design="real-only", model=model)["n_real"]
        if shown.join(_baseline(shown, n_real), on="baseline").filter(model=model).height
    ]


def _baseline(findings: pl.DataFrame, n_real: int) -> pl.DataFrame:
    base = findings.filter(design="real-only", n_real=n_real)
    return base.select(pl.col("arm").alias("baseline")).unique()


def _answer(findings: pl.DataFrame, model: str, n_real: int, costs: pl.DataFrame | None) -> Answer:
    base = _baseline(findings, n_real)
    scores = findings.filter(model=model)
    compared = scores.join(base, on="baseline", maintain_order="left")
    alone = scores.filter(design="real-only", n_real=n_real).row(0, named=True)
    best = recommend(findings, n_real, model, findings["metric"][0], costs)
    words = (GAIN, LOSS, NO_GAIN)
    gain, loss, bounded = (compared.filter(verdict=word).height for word in words)
    counts = (
        f"Of {compared.height} mixes with generated text, {gain} are shown to gain over real data "
        f"alone, {loss} to lose, and {bounded} to gain no more than a small bound; for "
        f"{compared.height - gain - loss - bounded} the study is too small to tell. "
        f"{describe_arm(alone)} alone: {interval(alone['value'], alone['low'], alone['high'])}, "
        f"{evidence(compared)}, {alone['n']} test rows."
    )
    if best.arm is None:
        return Answer(model, n_real, best.sentence, counts, False, "")
    amounts = f"{best.n_generated} generated rows for {best.n_real} real ones."
    row = compared.filter(arm=best.arm).row(0, named=True)
    control = (
        "It has no control to be compared with."
        if row["control"] is None
        else f"Over the same real rows, repeated to the same size, it gains "
        f"{row['control_difference']:+.3f} "
        f"{ends(row['control_simultaneous_low'], row['control_simultaneous_high'])}."
    )
    sure = f"{amounts} {control} {counts}"
    return Answer(model, n_real, best.sentence, sure, True, cost_text(best.cost))


def _lm_eval(results: pl.DataFrame, findings: pl.DataFrame, tasks: pl.DataFrame | None) -> str:
    """Verdicts by the metrics that score every item; means of the others, without an interval."""
    parts = ["## Tasks of lm-eval"]
    if tasks is not None and tasks.height:
        unique = unique_comparisons(tasks)
        for part in unique.partition_by("test", "metric", maintain_order=True):
            parts.append(f"### {part['test'][0]} {_compared(part)}")
        scored = tasks.select(task="test", metric="metric").unique()
        results = results.join(scored, on=["task", "metric"], how="anti", maintain_order="left")
    if results.height:
        parts += _means(results, findings)
    return "\n\n".join(parts)


def _means(results: pl.DataFrame, findings: pl.DataFrame) -> list[str]:
    """Means of results over seeds, in words and a table."""
    seeds = results["seed"].n_unique()
    spread = (
        f"Means over {seeds} seeds, in brackets the lowest and the highest seed: no interval"
        if seeds > 1
        else "One seed: how far seeds differ is not known"
    )
    value = pl.col("value")
    means = results.group_by("arm", "model", "task", "metric", maintain_order=True).agg(
        mean=value.mean(), low=value.min(), high=value.max(), items=pl.col("n").first()
    )
    arms = findings.unique("arm", keep="first", maintain_order=True)
    arms = arms.select("arm", "design", "pipeline", "level", "n_real", "n_generated", "rows")
    rows = [
        [
            describe_arm(row),
            *(str(row[key]) for key in ("model", "task", "metric")),
            interval(row["mean"], *((row["low"], row["high"]) if seeds > 1 else (None, None))),
            str(row["items"]),
        ]
        for row in means.join(arms, on="arm", maintain_order="left").iter_rows(named=True)
    ]
    return [
        f"{spread}. No arm is tested against another by these metrics: they are of all items.",
        markdown_table(["trained on", "model", "task", "metric", "mean", "items"], rows),
    ]


def _similarity(table: pl.DataFrame) -> list[str]:
    """How much the sets of two generators are alike, a mean of the draws of each pair."""
    names = ["generator", "other", "pipeline", "level", "embedder"]
    means = table.group_by(names, maintain_order=True).agg(
        pl.col("value", "low", "high", "within").mean()
    )
    rows = [
        [
            f"{row['generator']} and {row['other']}",
            f"{row['pipeline']} {row['level']}",
            str(row["embedder"]),
            interval(row["value"], row["low"], row["high"]),
            f"{row['within']:.3f}",
        ]
        for row in means.iter_rows(named=True)
    ]
    heads = ["generators", "set", "embedder", "nearest row of the other", "nearest of its own"]
    note = (
        "Mean cosine of a row to the nearest row of the other generator's set, beside the nearest "
        "other row of its own set: where both are alike, the generators write the same."
    )
    return ["## Sets of several generators", note, markdown_table(heads, rows)]


def _measures(table: pl.DataFrame) -> str:
    floor = "floor" in table.columns
    rows = []
    for row in table.iter_rows(named=True):
        where = f"{row['generator']} {row['pipeline']} {row['level']}"
        cells = [
            where,
            measure_name(row["measure"], row["settings"]),
            interval(row["value"], row["low"], row["high"]),
        ]
        if floor:
            z = "" if row["z"] is None else f"{row['z']:.1f}"
            p = "" if row["p_value"] is None else f"{row['p_value']:.3f}"
            cells += [interval(row["floor"], row["floor_low"], row["floor_high"]), z, p]
        rows.append([*cells, str(row["n"])])
    heads = ["set", "measure", "value", *(["noise floor", "z", "p"] if floor else []), "n"]
    return markdown_table(heads, rows)
