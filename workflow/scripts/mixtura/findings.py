"""The findings in words and tables: what intervals allow to say, and no more."""

from typing import NamedTuple

import polars as pl

from mixtura.hypotheses import summary
from mixtura.prices import COSTS, arm_costs, told_cost
from mixtura.stats import NO_GAIN, once, recommend, without_loop
from mixtura.words import describe_arm, interval, markdown_table, measure_name


def findings_text(
    findings: pl.DataFrame,
    diversity: pl.DataFrame,
    shift: pl.DataFrame,
    hypotheses: pl.DataFrame,
    generation: pl.DataFrame | None = None,
    collapse: str | None = None,
    lm_eval: pl.DataFrame | None = None,
) -> str:
    """Markdown: the answer, the table of arms, and the diversity and shift of every level.

    `collapse` is what `mixtura.loop.collapse_text` says, of a study with a loop; `lm_eval` the
    results of lm-eval, of a study with a model that asks for them.

    The frames are the tables of `mixtura.stats.findings`, of the panels and of
    `mixtura.hypotheses.hypotheses`.
    """
    shown, *others = _by_test(once(findings))
    return "\n\n".join(
        [
            "# Findings",
            *map(answer_text, answers(findings, generation)),
            *map(_scores, [shown, *others]),
            *([] if collapse is None else [collapse]),
            *([] if lm_eval is None else [_lm_eval(lm_eval, findings)]),
            "## Hypotheses",
            "\n".join(f"- **{question}** {answer}" for question, answer in summary(hypotheses)),
            "## Diversity",
            _measures(diversity),
            "## Shift from real text, beside its noise floor (real against held-out real)",
            _measures(shift),
            "Intervals are 95 %. *No evidence* means that the interval of the difference, after "
            "correction for all comparisons, holds zero: not that there is no difference.",
            "",
        ]
    )


def _by_test(findings: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of the first metric, those of the task's own test split first."""
    rows = findings.filter(metric=findings["metric"][0])
    return [part for _, part in rows.group_by("test", maintain_order=True)]


def _scores(shown: pl.DataFrame) -> str:
    metric, test = shown.row(0, named=True)["metric"], shown.row(0, named=True)["test"]
    where = "" if test == "test" else f" on {test}, another domain"
    told = f"{metric} on {shown['n'][0]} test rows, {max(shown['seeds'])} seeds"
    rows = [
        [
            describe_arm(row),
            str(row["model"]),
            interval(row["value"], row["low"], row["high"]),
            interval(row["difference"], row["difference_low"], row["difference_high"], sign=True),
            *("" if row[p] is None else f"{row[p]:.3f}" for p in ("p_holm", "q_bh")),
            row["verdict"] or ("baseline" if row["design"] == "real-only" else "control"),
        ]
        for row in shown.iter_rows(named=True)
    ]
    heads = ["trained on", "model", metric, "against real alone", "p (Holm)", "q (BH)", "verdict"]
    return f"## Scores{where} ({told})\n\n{markdown_table(heads, rows)}"


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
    cost: str  # empty where nothing is known, or nothing is recommended


def answers(findings: pl.DataFrame, generation: pl.DataFrame | None = None) -> list[Answer]:
    """The answer for each downstream model and number of real labels, on the first metric.

    generation is the table of what the sets cost, if it is known.
    """
    shown = once(without_loop(_by_test(findings)[0]))
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
    own = findings.filter(model=model)
    compared = own.join(base, on="baseline")
    alone = own.filter(design="real-only", n_real=n_real).row(0, named=True)
    best = recommend(findings, n_real, model, findings["metric"][0], costs)
    better, worse = (compared.filter(verdict=word).height for word in ("better", "worse"))
    counts = (
        f"Of {compared.height} mixes with generated text, {better} are better than real data alone "
        f"and {worse} worse; for {compared.height - better - worse} there is no evidence either "
        f"way. {describe_arm(alone)} alone: "
        f"{interval(alone['value'], alone['low'], alone['high'])}, {alone['seeds']} seeds, "
        f"{alone['n']} test rows."
    )
    if best["arm"] is None:
        return Answer(model, n_real, NO_GAIN, counts, "")
    mix = f"{best['n_generated']} generated rows for {best['n_real']} real ones."
    more = ""
    if compared.filter(arm=best["arm"])["control_verdict"].drop_nulls().is_in(["better"]).any():
        more = " It also beats the same real rows repeated to the same size."
    cost = told_cost(best["cost"])
    return Answer(model, n_real, best["sentence"], f"{mix}{more} {counts}", cost)


def _lm_eval(results: pl.DataFrame, findings: pl.DataFrame) -> str:
    seeds = results["seed"].n_unique()
    spread = (
        f"Means over {seeds} seeds, in brackets the lowest and the highest seed: no interval"
        if seeds > 1
        else "One seed: how far seeds differ is not known"
    )
    value = pl.col("value")
    found = results.group_by("arm", "model", "task", "metric", maintain_order=True).agg(
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
        for row in found.join(arms, on="arm", maintain_order="left").iter_rows(named=True)
    ]
    return "\n\n".join(
        [
            "## Tasks of lm-eval",
            f"{spread}. No arm is tested against another here.",
            markdown_table(["trained on", "model", "task", "metric", "mean", "items"], rows),
        ]
    )


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
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
            p = "" if row["p_value"] is None else f"{row['p_value']:.3f}"
            cells += [interval(row["floor"], row["floor_low"], row["floor_high"]), ratio, p]
        rows.append([*cells, str(row["n"])])
    heads = ["set", "measure", "value", *(["noise floor", "ratio", "p"] if floor else []), "n"]
    return markdown_table(heads, rows)
