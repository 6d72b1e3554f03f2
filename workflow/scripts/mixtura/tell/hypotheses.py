"""The tests of the hypotheses in words."""

from typing import Any

import polars as pl

from mixtura.core.wording import interval, listed_words
from mixtura.infer.hypotheses.rows import NOT_TESTABLE, ONE_REPLICATE

QUESTIONS = {
    "trend": "Does the gain rise or fall with diversity?",
    "H1": "Does the gain rise and then fall with diversity?",
    "H2": "Does the effect of diversity depend on the size of the model?",
    "H3": "At the same level, does text that is further from real text gain less?",
    "H4": "Does the gain shrink as real labels get more?",
    "H5": "Does the best share of generated rows move with diversity?",
    "measures": "Which measure orders the sets as the gain does?",
    "regimes": "Does the gain depend on what training holds equal, steps or passes?",
    "power": "What could this study have seen?",
}
SHOWN = 6  # tests that a text names
BESIDE = 2  # of those that show nothing


def summary(table: pl.DataFrame) -> list[tuple[str, str]]:
    """(question, answer in words) of every hypothesis, on the first metric and test set.

    table comes from `mixtura.infer.hypotheses.hypotheses`. Tests that passed are named one by one,
    the rest is counted. With one replicate the estimates are named, for there is no test.
    """
    if table.is_empty():
        return []
    first = table.row(0, named=True)
    shown = table.filter(metric=first["metric"], test=first["test"])
    return [
        (question, _answer(part))
        for key, question in QUESTIONS.items()
        if not (part := shown.filter(hypothesis=key)).is_empty()
    ]


def _answer(part: pl.DataFrame) -> str:
    if part["hypothesis"][0] == "power":
        return " ".join(_power(row) for row in part.iter_rows(named=True))
    tested = part.filter(pl.col("p_holm").is_not_null())
    missing = part.filter(verdict=NOT_TESTABLE)
    passed = tested.filter(pl.col("verdict") != "no evidence").sort("p_holm")
    sentences = []
    if tested.height:
        sentences.append(
            f"Shown in {passed.height} of {tested.height} tests after Holm's correction."
        )
        sentences += [_test(row) for row in passed.head(SHOWN).iter_rows(named=True)]
        if passed.height > SHOWN:
            sentences.append(f"{passed.height - SHOWN} more are in tables/hypotheses.parquet.")
        if passed.is_empty():
            sentences += [_test(row) for row in tested.head(BESIDE).iter_rows(named=True)]
    alone = part.filter(verdict=ONE_REPLICATE)
    if alone.height:
        sentences.append("One replicate, so no test: this holds for its draw and text alone.")
        sentences += [_test(row) for row in alone.head(BESIDE).iter_rows(named=True)]
    if missing.height:
        reasons = _lacking(missing["detail"].unique(maintain_order=True).to_list())[:SHOWN]
        sentences.append(f"Not testable{_where(missing, tested)}: {'; '.join(reasons)}.")
    return " ".join(sentences)


def _lacking(details: list[str]) -> list[str]:
    """Each need once, with the most that there is of it."""
    most: dict[str, str] = {}
    for detail in details:
        need, _, present = detail.partition(", has ")
        known = most.setdefault(need, present)
        if known.isdigit() and present.isdigit():
            most[need] = str(max(int(known), int(present)))
    return [f"{need}, has {present}" if present else need for need, present in most.items()]


def _where(missing: pl.DataFrame, tested: pl.DataFrame) -> str:
    """Of which models a question cannot be asked, where it can be of others."""
    if tested.is_empty():
        return ""
    models = missing["model"].drop_nulls().unique(maintain_order=True)
    never = [name for name in models if name not in tested["model"]]
    return f" with {listed_words(never)}" if never else " everywhere"


def _test(row: dict[str, Any]) -> str:
    source = "all sources" if row["source"] == "all" else row["source"]
    parts = (row["x"], row["design"], row["rows"], source, row["model"])
    where = ", ".join(part for part in parts if part)
    value = interval(row["estimate"], row["low"], row["high"], sign=True)
    opposite = "the opposite, " if row["verdict"] == "opposite" else ""
    p = (
        ""
        if row["p_holm"] is None
        else f", {row['replicates']} replicates, p = {row['p_holm']:.2g}"
    )
    return f"{where}: {opposite}{row['quantity']} {value} ({row['method']}, n = {row['n']}{p})."


def _power(row: dict[str, Any]) -> str:
    if row["estimate"] is None:
        return f"{row['model']}: {row['detail']}."
    least = f"{row['estimate']:.3f}" if row["detail"] is None else row["detail"]
    return f"{row['model']}, {row['x']}: {row['quantity']} in 80 of 100 such studies: {least}."
