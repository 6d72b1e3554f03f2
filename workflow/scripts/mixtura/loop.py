"""What a loop did: its table, and what it says in words.

Round r has a model (the generator tuned on the mix of round r - 1), the set that it wrote, and the
mix that the downstream models and the next round train on. Round 0 is the untuned generator.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from mixtura.stats import score_interval
from mixtura.words import interval, markdown_table, measure_name

COLLAPSE = {
    "generator": pl.String,
    "scheme": pl.String,
    "round": pl.Int64,
    "kind": pl.String,  # score, perplexity, diversity or shift
    "measure": pl.String,
    "settings": pl.String,
    "model": pl.String,  # downstream model of a score, embedder of a measure
    "test": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "n_real": pl.Int64,  # rows of the mix
    "n_generated": pl.Int64,
    "floor": pl.Float64,  # of a shift: real against held-out real text
    "difference": pl.Float64,  # from round 0
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "p_holm": pl.Float64,
    "verdict": pl.String,
}
SET = ["generator", "pipeline", "level"]


def collapse_table(
    rounds: Sequence[Mapping[str, Any]],
    findings: pl.DataFrame,
    diversity: pl.DataFrame,
    shift: pl.DataFrame,
    perplexity: pl.DataFrame,
    seed: int = 0,
) -> pl.DataFrame:
    """One row for each value of each round of each scheme: columns COLLAPSE.

    `rounds` hold scheme, round, written (generator, pipeline, level of its set) and arm (name of
    its mix). `findings`, `diversity` and `shift` are the tables of the study; `perplexity` has
    generator, pipeline, level (of the set; "loop", "R0" for the untuned generator), nll (nats) and
    tokens of every real test text.

    A score is that of a downstream model trained on the mix: its interval covers seeds and test
    items, its difference is from round 0 and paired, and p_holm and verdict are those of
    `mixtura.stats.findings` against a control. The others are of one model and one set: their
    intervals cover texts, and their differences have none, for the chance in one chain of rounds
    cannot be told from an effect.
    """
    looped = findings.filter(design="loop")
    likely = {made: _likely(part, seed) for made, part in perplexity.group_by(SET)}
    rows: list[dict[str, Any]] = []
    for one in rounds:
        made = dict(zip(SET, one["written"], strict=True))
        mix = looped.filter(arm=one["arm"])
        about = {
            **{"generator": made["generator"], "scheme": one["scheme"], "round": one["round"]},
            **mix.select("n_real", "n_generated").row(0, named=True),
        }
        rows += [{**about, **_score(row)} for row in mix.iter_rows(named=True)]
        key = tuple(one["written"]) if one["round"] else (made["generator"], "loop", "R0")
        rows.append({**about, **likely[key]})
        for kind, table in (("diversity", diversity), ("shift", shift)):
            for row in table.filter(**made).iter_rows(named=True):
                kept = {name: row.get(name) for name in (*MEASURED, "floor")}
                rows.append({**about, "kind": kind, "model": row["embedder"], **kept})
    frame = pl.DataFrame([{name: row.get(name) for name in COLLAPSE} for row in rows], COLLAPSE)
    same = ["generator", "scheme", "kind", "measure", "settings", "model", "test"]
    first = pl.col("value").sort_by("round").first().over(same)
    from_first = pl.when(pl.col("round") > 0).then(pl.col("value") - first)
    return frame.with_columns(difference=pl.coalesce("difference", from_first))


MEASURED = ("measure", "settings", "value", "low", "high", "n")


def _likely(texts: pl.DataFrame, seed: int) -> dict[str, Any]:
    numbers = texts["nll", "tokens"].to_numpy()[None]
    found = score_interval(np.zeros(texts.height), numbers, "perplexity", seed=seed)
    told = {"kind": "perplexity", "measure": "perplexity", "test": "test", "n": texts.height}
    return {**told, **found._asdict()}


def _score(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("value", "low", "high", "n", "model", "test")},
        **{"kind": "score", "measure": row["metric"]},
        **{"difference": row["control_difference"], "difference_low": row["control_low"]},
        **{"difference_high": row["control_high"], "p_holm": row["control_p_holm"]},
        "verdict": row["control_verdict"],
    }


VERDICTS = {
    "worse": "**lost** against round 0",
    "better": "**gained** against round 0",
    "no evidence": "no evidence of a loss or a gain against round 0",
    None: "one seed: a loss cannot be told from chance",
}


def collapse_text(table: pl.DataFrame) -> str:
    """Markdown: whether each scheme lost against round 0, and every measure by round."""
    last = int(table["round"].to_numpy().max())
    shown = table.filter(pl.col("test").is_null() | (pl.col("test") == "test"))
    scores = shown.filter(kind="score", round=last)
    scores = scores.filter(measure=scores["measure"][0])
    head = f"## Model collapse: {last} rounds of self-training"
    lines = [head, "\n".join(map(_said, scores.iter_rows(named=True)))]
    names = {f"R{number}": shown.filter(round=number) for number in range(last + 1)}
    keys = ["generator", "scheme", "kind", "measure", "settings", "model"]
    several = table["generator"].n_unique() > 1
    rows = []
    for group, _ in shown.group_by(keys, maintain_order=True):
        told = dict(zip(keys, group, strict=True))
        cells = []
        for part in names.values():
            found = part.filter(*(pl.col(key).eq_missing(value) for key, value in told.items()))
            row = found.row(0, named=True) if found.height else {}
            cells.append(interval(row.get("value"), row.get("low"), row.get("high")))
        where = f"{told['generator']}, " if several else ""
        name = measure_name(told["measure"], told["settings"])
        by = f" ({told['model']})" if told["kind"] == "score" else ""
        rows.append([f"{where}{told['scheme']}", f"{name}{by}", *cells])
    lines.append(markdown_table(["scheme", "measure", *names], rows))
    lines.append(
        "R0 is the untuned generator. A score is of a model trained on the mix of the round, "
        "perplexity of real test text under the tuned generator; the other measures are of the "
        "text that it wrote. Each scheme ran once: intervals cover seeds and texts, not another "
        "chain of rounds."
    )
    return "\n\n".join(lines)


def _said(row: Mapping[str, Any]) -> str:
    change = interval(row["difference"], row["difference_low"], row["difference_high"], sign=True)
    p = "" if row["p_holm"] is None else f", p = {row['p_holm']:.2g} after correction"
    return (
        f"- {row['scheme']} ({row['generator']}, {row['n_real']} real + {row['n_generated']} "
        f"generated rows): {row['measure']} of {row['model']} {change}{p}: "
        f"{VERDICTS[row['verdict']]}."
    )
